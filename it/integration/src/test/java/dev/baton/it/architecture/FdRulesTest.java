package dev.baton.it.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.baton.runtime.posix.Posix;

/**
 * R04, R10: an fd is closed by the fd table alone, and whoever deletes one never waits.
 *
 * <p>R10: a raw close of an fd that is in the table, or a second close on an error path, hits whatever got the number
 * since. R04: HAProxy's fd_delete() waited for all threads, and so deadlocked with any of them that wanted a lock which
 * the caller held.
 */
@AnalyzeClasses(packages = "dev.baton", importOptions = DoNotIncludeTests.class)
class FdRulesTest {

    private static final DescribedPredicate<JavaAccess<?>> CLOSE_OF_POSIX = describe(
            "Posix.close",
            access -> access.getTarget().getName().equals("close")
                    && access.getTargetOwner().isAssignableTo(Posix.class));

    private static final DescribedPredicate<JavaAccess<?>> CLOSE_OF_THE_C_LIBRARY = describe(
            "close(2)",
            access -> access.getTarget().getName().equals("close")
                    && access.getTargetOwner().getPackageName().startsWith("dev.baton.runtime.posix")
                    && access.getTargetOwner().getSimpleName().equals("LibC"));

    @ArchTest
    static final ArchRule onlyTheFdTableClosesAnFd = noClasses()
            .that()
            .resideOutsideOfPackages("dev.baton.runtime.fd..", "dev.baton.testkit..")
            .should()
            .accessTargetWhere(CLOSE_OF_POSIX);

    @ArchTest
    static final ArchRule onlyPosixCallsTheCLibrary = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("dev.baton.runtime.posix.JnrPosix")
            .and()
            // For the parent of `baton run --keep`, a process of one thread that has no fd table.
            .doNotHaveFullyQualifiedName("dev.baton.runtime.posix.ParentCalls")
            .should()
            .accessTargetWhere(CLOSE_OF_THE_C_LIBRARY);

    @ArchTest
    static final ArchRule onlyTheParentOfAServerHasCallsOfItsOwn = noClasses()
            .that()
            .resideOutsideOfPackages("dev.baton.runtime.launcher.keep..", "dev.baton.runtime.posix..")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("dev.baton.runtime.posix.ParentCalls");

    @ArchTest
    static final ArchRule fdDeleteNeverWaits = methods()
            .that()
            .haveNameStartingWith("fdDelete")
            .and()
            .areDeclaredInClassesThat()
            .resideInAPackage("dev.baton.runtime.fd..")
            .should(NotReach.anythingThatWaits());
}
