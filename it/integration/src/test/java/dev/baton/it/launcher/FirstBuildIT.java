package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the README begins with: {@code runtime/bin/baton} of a checkout in which nothing is built yet. */
@Tag("long")
@Timeout(value = FirstBuildIT.BUILD_MINUTES + 5, unit = TimeUnit.MINUTES)
class FirstBuildIT {
    /** The build compiles every module: a minute or two on a quiet machine, many times that on a busy one. */
    static final int BUILD_MINUTES = 25;

    private static final Set<String> MADE = Set.of("target", ".git");

    @TempDir
    Path folder;

    @Test
    void shouldBuildACheckoutAndStart() throws Exception {
        Path checkout = folder.resolve("checkout");
        copySources(Page.checkout(), checkout);
        Shell shell = new AuthorProjects(folder).shell(checkout).withMinutes(BUILD_MINUTES);
        assertThat(shell.run("runtime/bin/baton check"))
                .contains("nothing is built yet; building with: mvn -q -DskipTests package")
                .contains("built-in demo is fine");
        assertThat(shell.run("runtime/bin/baton --version"))
                .as("the second start builds nothing")
                .startsWith("baton " + AuthorProjects.version());
    }

    private static void copySources(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path each, BasicFileAttributes attributes) throws IOException {
                if (MADE.contains(each.getFileName().toString())) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(to.resolve(from.relativize(each)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path each, BasicFileAttributes attributes) throws IOException {
                Files.copy(each, to.resolve(from.relativize(each)), StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
