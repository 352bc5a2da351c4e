package dev.baton.it.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import dev.baton.spi.Plugin;
import dev.baton.spi.SharedPackages;

/** The arrows between the parts: {@code launcher -> runtime -> spi <- plugins}. */
@AnalyzeClasses(
        packages = "dev.baton",
        importOptions = {DoNotIncludeTests.class, ArrowsTest.NoTestJars.class})
class ArrowsTest {

    /** What tests have of other modules' tests. */
    static final class NoTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    private static final String SPI = "dev.baton.spi..";
    private static final String RUNTIME = "dev.baton.runtime..";
    private static final String PLUGINS = "dev.baton.plugin..";

    /** What a plugin's class loader takes from the runtime; anything else it has to bring in its own folder. */
    private static final DescribedPredicate<JavaClass> SHARED = resideInAnyPackage("java..", "javax..", "jdk..")
            .or(resideInAnyPackage(
                    SharedPackages.NAMES.stream().map(name -> name + "..").toArray(String[]::new)))
            .as("the SPI and what it shares");

    /** In the folder of http. */
    private static final DescribedPredicate<JavaClass> NETTY_CODECS = resideInAPackage("io.netty.handler..");

    @ArchTest
    static final ArchRule theSpiDependsOnNothingElseOfBaton =
            classes().that().resideInAPackage(SPI).should().onlyDependOnClassesThat(SHARED);

    @ArchTest
    static final ArchRule thePluginsOfTheDistributionSeeOnlyWhatTheirClassLoaderShows = classes()
            .that()
            .resideInAPackage(PLUGINS)
            .and()
            .resideOutsideOfPackages(
                    "dev.baton.plugin.http..",
                    "dev.baton.plugin.httpfilters..",
                    "dev.baton.plugin.tracecontext..",
                    "dev.baton.plugin.acme..")
            .should()
            .onlyDependOnClassesThat(SHARED.or(resideInAPackage(PLUGINS)));

    @ArchTest
    static final ArchRule thePluginThatBringsNettysCodecsSeesThoseToo = classes()
            .that()
            .resideInAPackage("dev.baton.plugin.http..")
            .should()
            .onlyDependOnClassesThat(SHARED.or(resideInAPackage(PLUGINS)).or(NETTY_CODECS));

    /** An exchange knows no codec: each version of HTTP is a room of its own. */
    @ArchTest
    static final ArchRule exchangesKnowNoVersionOfHttp = noClasses()
            .that()
            .resideInAnyPackage("dev.baton.plugin.http.exchange..", "dev.baton.plugin.http.config..")
            .should()
            .dependOnClassesThat(resideInAnyPackage("dev.baton.plugin.http.http1..", "dev.baton.plugin.http.http2.."));

    @ArchTest
    static final ArchRule theServiceHttpHasNoCircles =
            slices().matching("dev.baton.plugin.http.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule httpFiltersBringPasswordHashes = classes()
            .that()
            .resideInAPackage("dev.baton.plugin.httpfilters..")
            .should()
            .onlyDependOnClassesThat(SHARED.or(resideInAPackage(PLUGINS))
                    .or(resideInAnyPackage("at.favre.lib..", "org.apache.commons.codec..")));

    @ArchTest
    static final ArchRule traceContextBringsOpenTelemetry = classes()
            .that()
            .resideInAPackage("dev.baton.plugin.tracecontext..")
            .should()
            .onlyDependOnClassesThat(SHARED.or(resideInAPackage(PLUGINS)).or(resideInAPackage("io.opentelemetry..")));

    @ArchTest
    static final ArchRule acmeBringsAcme4j = classes()
            .that()
            .resideInAPackage("dev.baton.plugin.acme..")
            .should()
            .onlyDependOnClassesThat(
                    SHARED.or(resideInAPackage(PLUGINS)).or(resideInAPackage("org.shredzone.acme4j..")));

    @ArchTest
    static final ArchRule noPluginDependsOnAnother =
            slices().matching("dev.baton.plugin.(*)..").should().notDependOnEachOther();

    @ArchTest
    static final ArchRule theRuntimeKnowsNoPlugin = noClasses()
            .that()
            .resideInAPackage(RUNTIME)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(PLUGINS, "dev.baton.testkit..", "dev.baton.it..", "dev.baton.bench..");

    @ArchTest
    static final ArchRule onlyPosixKnowsJnr = noClasses()
            .that()
            .resideOutsideOfPackage("dev.baton.runtime.posix..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jnr..");

    @ArchTest
    static final ArchRule nothingInTheRuntimeDependsOnTheLauncher = noClasses()
            .that()
            .resideInAPackage(RUNTIME)
            .and()
            .resideOutsideOfPackage("dev.baton.runtime.launcher..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.baton.runtime.launcher..")
            .orShould()
            .dependOnClassesThat()
            .resideInAPackage("picocli..");

    @ArchTest
    static final ArchRule noCircleInTheSpi =
            slices().matching("dev.baton.spi.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule noCircleInTheRuntime =
            slices().matching("dev.baton.runtime.(*)..").should().beFreeOfCycles();

    /** Everything else is put together by plain constructors; {@code jakarta.inject} may mark those. */
    @ArchTest
    static final ArchRule guiceStandsOnlyWhereThingsAreWired = noClasses()
            .that()
            .resideInAPackage("dev.baton..")
            .and()
            .resideOutsideOfPackages("dev.baton.runtime.server..", "dev.baton.runtime.plugin..")
            .and(not(assignableTo(Plugin.class)))
            .and()
            .doNotHaveFullyQualifiedName("dev.baton.spi.PluginBinder")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("com.google.inject..");

    @ArchTest
    static final ArchRule packagesAreNamedByWhatTheyAreAbout = noClasses()
            .should()
            .resideInAnyPackage("..impl..", "..util..", "..utils..", "..common..", "..manager..", "..helper..");

    @ArchTest
    static final ArchRule nothingReachesBehindTheJdk = noClasses()
            .that()
            // A kernel in memory is handed addresses, and nothing public reads what is there.
            .resideOutsideOfPackage("dev.baton.testkit.sim..")
            .and()
            // sendfile(2) wants the number of a file. Vert.x and Netty's own servers hand over one that Java has
            // opened, and
            // nothing public tells its number; to open it again by its path could open another file.
            .doNotHaveFullyQualifiedName("dev.baton.runtime.posix.FileNumbers")
            .and()
            // A loop's thread outlives the plugins whose code it has run. Netty keeps what they have left with it until
            // the thread ends, and nothing public removes some of that: FastThreadLocal.removeAll() takes all.
            .doNotHaveFullyQualifiedName("dev.baton.runtime.loop.ThreadVariables")
            .should()
            .dependOnClassesThat(
                    // com.sun.management is the JDK's documented extension of java.lang.management.
                    JavaClass.Predicates.resideInAnyPackage(
                                    "sun..", "jdk.internal..", "com.sun..", "io.netty.util.internal..")
                            .and(JavaClass.Predicates.resideOutsideOfPackage("com.sun.management")));
}
