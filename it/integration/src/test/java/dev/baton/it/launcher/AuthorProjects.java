package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.launcher.scaffold.PluginProject;
import dev.baton.runtime.launcher.scaffold.ProjectKind;
import dev.baton.testkit.BatonProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Projects of plugins, and Maven to build them as their authors do. Their local repository is that of this build,
 * except for what is Baton's: that comes from the distribution.
 */
final class AuthorProjects {
    private static final int MINUTES = 5;

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
        Path output = folder.resolve("mvn.txt");
        String local = "-Dmaven.repo.local=" + repository();
        String jvm = "-Dtest.jvm.args=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";
        ProcessBuilder builder = new ProcessBuilder(
                        Stream.concat(Stream.of("mvn", "-B", "-q", local, jvm), Stream.of(arguments))
                                .toList())
                .directory(project.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        Map<String, String> environment = builder.environment();
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("MAVEN_OPTS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
        Process process = builder.start();
        try {
            boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
            String text = Files.readString(output, StandardCharsets.UTF_8);
            assertThat(ended).as(text).isTrue();
            assertThat(process.exitValue()).as(text).isZero();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
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
