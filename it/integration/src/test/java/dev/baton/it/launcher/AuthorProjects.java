package dev.baton.it.launcher;

import dev.baton.runtime.launcher.scaffold.PluginProject;
import dev.baton.runtime.launcher.scaffold.ProjectKind;
import dev.baton.testkit.BatonProcess;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Projects of plugins, and Maven to build them as their authors do. Their local repository is that of this build,
 * except for what is Baton's: that comes from the distribution.
 */
final class AuthorProjects {
    private final Path folder;

    AuthorProjects(Path folder) {
        this.folder = folder;
    }

    /** The Maven repository that the distribution carries. */
    static Path sdk() {
        return BatonProcess.distribution().resolve("sdk");
    }

    /** The version of the distribution. */
    static String version() {
        return BatonProcess.distribution().getFileName().toString().substring("baton-".length());
    }

    /** Makes one; its id is the kind's name. */
    Path create(ProjectKind kind) throws Exception {
        String id = "my-" + kind.name().toLowerCase(Locale.ROOT).replace('_', '-');
        return new PluginProject(kind, id, PluginProject.defaultPackage(id), version(), sdk()).create(folder);
    }

    /** Runs Maven in a folder. */
    void mvn(Path project, String... arguments) throws Exception {
        shell(project).run("mvn -q " + String.join(" ", arguments));
    }

    /** A shell in a folder, whose {@code mvn} resolves what was resolved before, and asks no questions. */
    Shell shell(Path project) throws IOException {
        Path programs = Files.createDirectories(folder.resolve("programs"));
        Path mvn = programs.resolve("mvn");
        if (!Files.exists(mvn)) {
            Files.writeString(mvn, """
                    #!/bin/sh
                    export PATH="${PATH#*:}"
                    exec mvn -B -ntp -Dmaven.repo.local='REPOSITORY' -Dsim.seeds=100 \\
                        '-Dtest.jvm.args=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' "$@"
                    """.replace("REPOSITORY", repository().toString()));
            Files.setPosixFilePermissions(mvn, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        return new Shell(project).withPrograms(programs).with("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
    }

    /** A folder of links to this build's local repository, which so gets what has to be downloaded. */
    private Path repository() throws IOException {
        Path real = Path.of(System.getProperty("maven.repository"));
        Path made = folder.resolve("repository");
        link(real, made, List.of("dev"));
        link(real.resolve("dev"), made.resolve("dev"), List.of("baton"));
        return made;
    }

    private static void link(Path from, Path to, List<String> except) throws IOException {
        Files.createDirectories(to);
        if (!Files.isDirectory(from)) {
            return;
        }
        try (Stream<Path> entries = Files.list(from)) {
            for (Path each : entries.toList()) {
                if (!except.contains(each.getFileName().toString())) {
                    try {
                        Files.createSymbolicLink(to.resolve(each.getFileName()), each);
                    } catch (FileAlreadyExistsException e) {
                        // By an earlier run of Maven.
                    }
                }
            }
        }
    }
}
