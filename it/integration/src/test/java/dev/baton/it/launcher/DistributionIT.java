package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The distribution and its launcher script: what is in it, and how it finds itself, a JDK and a build. */
@Timeout(120)
class DistributionIT {
    private static final Path DISTRIBUTION = BatonProcess.distribution();

    @TempDir
    Path folder;

    private Outcome launch(Path script, Map<String, String> environment, String... arguments) throws Exception {
        try (BatonProcess process = BatonProcess.launch(script, folder, environment, arguments)) {
            return process.outcome();
        }
    }

    private Path executable(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    @Test
    void shouldLoadEveryPluginThatComesWithIt() throws Exception {
        Outcome outcome = launch(DISTRIBUTION.resolve("bin/baton"), Map.of(), "plugins", "--json");
        assertThat(outcome.code()).as(outcome.text()).isZero();
        List<String> folders;
        try (Stream<Path> files = Files.list(DISTRIBUTION.resolve("plugins"))) {
            folders = files.map(file -> file.getFileName().toString()).sorted().toList();
        }
        List<JsonObject> rows = new JsonArray(outcome.text())
                .stream().map(JsonObject.class::cast).toList();
        assertThat(rows)
                .allSatisfy(row -> assertThat(row.getString("problem"))
                        .isEqualTo(
                                row.getString("id").equals("chaos")
                                        ? "it is loaded only if the configuration asks for it, by plugins: { enable: [chaos] }"
                                        : null));
        assertThat(rows.stream().map(row -> row.getString("id"))).containsExactlyElementsOf(folders);
        assertThat(folders)
                .contains("admin", "connection-takeover", "demo-origin", "http-proxy", "listener-inherited")
                .contains("listener-tcp", "listener-unix", "listener-unbind", "loop-rebalance", "loop-rescue")
                .contains("poller-epoll", "poller-poll", "tcp-proxy");
    }

    @Test
    void shouldRunFromTheArchiveAnywhere() throws Exception {
        Path elsewhere = Files.createDirectories(folder.resolve("some where"));
        Path archive = DISTRIBUTION.resolveSibling(DISTRIBUTION.getFileName() + ".tar.gz");
        Process tar = new ProcessBuilder("tar", "xzf", archive.toString(), "-C", elsewhere.toString()).start();
        assertThat(tar.waitFor()).isZero();
        Path link = folder.resolve("baton-link");
        Files.createSymbolicLink(
                link, elsewhere.resolve(DISTRIBUTION.getFileName()).resolve("bin/baton"));
        Outcome outcome = launch(link, Map.of(), "plugins");
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text()).contains("some where").doesNotContain(DISTRIBUTION.toString());
    }

    @Test
    void shouldRefuseAnOldJava() throws Exception {
        Path java = folder.resolve("old jdk");
        executable(java.resolve("bin/java"), "#!/bin/sh\necho started\n");
        Files.writeString(java.resolve("release"), "IMPLEMENTOR=\"Somebody\"\nJAVA_VERSION=\"11.0.2\"\n");
        Outcome outcome = launch(DISTRIBUTION.resolve("bin/baton"), Map.of("JAVA_HOME", java.toString()), "--version");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.text())
                .contains("is Java 11; Baton needs 17 or later")
                .doesNotContain("started");
    }

    @Test
    void shouldSayThatJavaHomeIsWrong() throws Exception {
        Outcome outcome =
                launch(DISTRIBUTION.resolve("bin/baton"), Map.of("JAVA_HOME", folder.toString()), "--version");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.text()).contains("JAVA_HOME is " + folder + ", which has no bin/java");
    }

    @Test
    void shouldGiveTheJvmWhatTheUserAsksFor() throws Exception {
        Outcome outcome = launch(
                DISTRIBUTION.resolve("bin/baton"), Map.of("BATON_JAVA_OPTS", "-showversion -Dsome=thing"), "--version");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.text()).contains("Runtime Environment").contains("baton ");
    }

    /** A checkout with nothing built, and an mvn that puts a distribution where the real one would. */
    @Test
    void shouldBuildACheckoutFirst() throws Exception {
        Path checkout = folder.resolve("checkout");
        Path script = checkout.resolve("runtime/bin/baton");
        Files.createDirectories(script.getParent());
        Files.copy(DISTRIBUTION.resolve("bin/baton"), script, StandardCopyOption.COPY_ATTRIBUTES);
        Files.createDirectories(checkout.resolve("runtime/dist"));
        Files.writeString(checkout.resolve("runtime/dist/distribution.xml"), "");
        Path tools = folder.resolve("tools");
        executable(
                tools.resolve("mvn"),
                "#!/bin/sh\necho \"in $PWD: mvn $*\"\nmkdir -p runtime/target\n" + "ln -s '" + DISTRIBUTION
                        + "' runtime/target/baton-0\n");
        Map<String, String> path = Map.of("PATH", tools + ":" + System.getenv("PATH"));

        Outcome first = launch(script, path, "--version");
        assertThat(first.code()).as(first.text()).isZero();
        assertThat(first.text())
                .contains("nothing is built yet; building with: mvn -q -DskipTests package")
                .contains("in " + checkout.toRealPath() + ": mvn -q -DskipTests package")
                .contains("baton ");
        Outcome second = launch(script, path, "--version");
        assertThat(second.code()).isZero();
        assertThat(second.text()).startsWith("baton ");
    }

    @Test
    void shouldNotHideAFailedBuild() throws Exception {
        Path script = folder.resolve("checkout/runtime/bin/baton");
        Files.createDirectories(script.getParent());
        Files.copy(DISTRIBUTION.resolve("bin/baton"), script, StandardCopyOption.COPY_ATTRIBUTES);
        Files.createDirectories(folder.resolve("checkout/runtime/dist"));
        Files.writeString(folder.resolve("checkout/runtime/dist/distribution.xml"), "");
        executable(folder.resolve("tools/mvn"), "#!/bin/sh\necho no such artifact\nexit 1\n");
        Outcome outcome = launch(script, Map.of("PATH", folder.resolve("tools") + ":" + System.getenv("PATH")), "run");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.text()).contains("no such artifact").contains("the build failed");
    }
}
