package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.launcher.command.Baton;
import dev.baton.runtime.server.Server;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
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
                .contains("admin", "connection-takeover", "demo-origin", "http", "listener-inherited")
                .contains("listener-tcp", "listener-unix", "listener-unbind", "loop-rebalance", "loop-rescue")
                .contains("poller-epoll", "poller-poll", "tcp-proxy", "address-list", "proxy-protocol", "http-filters")
                .contains("balancers");
    }

    @Test
    void shouldRunFromTheArchiveAnywhere() throws Exception {
        Path link = folder.resolve("baton-link");
        Files.createSymbolicLink(link, unpacked("some where").resolve("bin/baton"));
        Outcome outcome = launch(link, Map.of(), "plugins");
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text()).contains("some where").doesNotContain(DISTRIBUTION.toString());
    }

    /** Where {@code baton prepare} leaves what later starts map. */
    private static final String CLASSES = "classes.jsa";

    private static final Map<String, String> TELLS_CLASSES = Map.of("BATON_JAVA_OPTS", "-Xlog:class+load");

    private static String mapped(Class<?> type) {
        return mapped(type.getName());
    }

    private static String mapped(String type) {
        return type + " source: shared objects file (top)";
    }

    private Outcome prepare(Path home) throws Exception {
        return launch(home.resolve("bin/baton"), Map.of(), "prepare");
    }

    private List<String> files(Path home) throws IOException {
        try (Stream<Path> files = Files.list(home)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    /** The classes of plugins too, and under the collector of {@code run} as under that of the short commands. */
    @Test
    void shouldMapTheClassesThatTheBuildHasPrepared() throws Exception {
        Outcome command = launch(DISTRIBUTION.resolve("bin/baton"), TELLS_CLASSES, "--version");
        assertThat(command.text()).contains(mapped(Baton.class));
        CertifiedKey made = CertificateMaker.of("localhost").make();
        Files.writeString(folder.resolve("web.crt"), Pem.write(made.chain()));
        Files.writeString(folder.resolve("web.key"), Pem.write(made.key()));
        Path yaml = Files.writeString(folder.resolve("baton.yaml"), """
                version: 1
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: page }
                  secure:
                    bind: "127.0.0.1:0"
                    service: page
                    tls: { certificates: [ { certificate: web.crt, key: web.key } ] }
                services:
                  page: { type: http, routes: [ { handler: demo-origin } ] }
                """);
        try (BatonProcess run = BatonProcess.launch(
                DISTRIBUTION.resolve("bin/baton"), folder, TELLS_CLASSES, "run", "-c", yaml.toString())) {
            run.await(line -> line.startsWith("ready in "));
            assertThat(run.text())
                    .contains(mapped(Server.class))
                    .contains(mapped("dev.baton.plugin.epoll.EpollPlugin"))
                    .contains(mapped("io.netty.handler.ssl.SslContext"))
                    .contains(mapped("dev.baton.plugin.demoorigin.DemoOriginPlugin"))
                    .as("a plugin's class that is made when it is used")
                    .contains(mapped("dev.baton.plugin.http.HttpService"));
            assertThat(run.text().lines().filter(line -> line.contains(" source: file:")))
                    .as("picocli's many classes cannot be archived, and it is not asked; hardly anything else is read")
                    .hasSizeLessThan(60);

            URI page = URI.create("http://" + run.listener("web") + "/");
            HttpResponse<String> answer =
                    HttpClient.newHttpClient().send(HttpRequest.newBuilder(page).build(), BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(run.text())
                    .as("a loop that makes its first buffer does not start the flight recorder")
                    .contains("io.netty.buffer.")
                    .doesNotContain("jdk.jfr.internal.MetadataRepository ");
        }
    }

    @Tag("long")
    @Test
    void shouldPrepareAnInstallationWhereItIs() throws Exception {
        Path home = unpacked();
        List<String> before = files(home);
        Path script = home.resolve("bin/baton");
        assertThat(launch(script, TELLS_CLASSES, "--version").text()).doesNotContain(mapped(Baton.class));

        Outcome prepared = prepare(home);
        assertThat(prepared.code()).as(prepared.text()).isZero();
        assertThat(prepared.text()).contains("prepared: ").endsWith(" map " + home.resolve(CLASSES));
        assertThat(files(home)).as("nothing is left behind").isEqualTo(before);
        assertThat(launch(script, TELLS_CLASSES, "--version").text()).contains(mapped(Baton.class));

        for (Path file : files(home.resolve("plugins/tls")).stream()
                .map(name -> home.resolve("plugins/tls").resolve(name))
                .toList()) {
            Files.delete(file);
        }
        Files.delete(home.resolve("plugins/tls"));
        prepared = prepare(home);
        assertThat(prepared.code()).as("without TLS: " + prepared.text()).isZero();

        unpacked();
        assertThat(launch(script, TELLS_CLASSES, "--version").text())
                .as("what was unpacked over it may be another build")
                .doesNotContain(mapped(Baton.class));
    }

    /** From before a move, no archive at all, and one that the JVM cannot write. */
    @Tag("long")
    @Test
    void shouldPassOverAnArchiveOfClassesThatDoesNotFit() throws Exception {
        Path home = unpacked();
        Path script = home.resolve("bin/baton");
        Path classes = home.resolve(CLASSES);
        String version = launch(script, Map.of(), "--version").text();
        assertThat(version).startsWith("baton ").doesNotContain("\n");

        Files.copy(DISTRIBUTION.resolve(CLASSES), classes, StandardCopyOption.REPLACE_EXISTING);
        Files.setLastModifiedTime(aJar(home), FileTime.fromMillis(0));
        assertThat(launch(script, Map.of(), "--version").text()).isEqualTo(version);
        assertThat(launch(script, TELLS_CLASSES, "--version").text())
                .contains(Baton.class.getName() + " source: file:")
                .doesNotContain(mapped(Baton.class));
        Files.delete(classes);
        assertThat(launch(script, Map.of(), "--version").text()).isEqualTo(version);
        Files.writeString(classes, "no archive");
        assertThat(launch(script, Map.of(), "--version").text()).isEqualTo(version);

        Outcome prepared = launch(script, Map.of("BATON_JAVA_OPTS", "-Xshare:off"), "prepare");
        assertThat(prepared.code()).as(prepared.text()).isEqualTo(1);
        assertThat(prepared.text()).contains("no archive of classes was written; Baton starts without one");
        assertThat(classes).doesNotExist();
    }

    private Path aJar(Path home) throws IOException {
        try (Stream<Path> jars = Files.list(home.resolve("lib"))) {
            return jars.sorted().findFirst().orElseThrow();
        }
    }

    /** In a folder without a space: a JDK 17 archives no classes of jars whose URL differs from their path. */
    private Path unpacked() throws Exception {
        return unpacked("elsewhere");
    }

    private Path unpacked(String name) throws Exception {
        Path elsewhere = Files.createDirectories(folder.resolve(name));
        Path archive = DISTRIBUTION.resolveSibling(DISTRIBUTION.getFileName() + ".tar.gz");
        Process tar = new ProcessBuilder("tar", "xzf", archive.toString(), "-C", elsewhere.toString()).start();
        assertThat(tar.waitFor()).isZero();
        return elsewhere.toRealPath().resolve(DISTRIBUTION.getFileName());
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

    @Tag("long")
    @Test
    void shouldGiveTheJvmWhatTheUserAsksFor() throws Exception {
        Outcome outcome = launch(
                DISTRIBUTION.resolve("bin/baton"), Map.of("BATON_JAVA_OPTS", "-showversion -Dsome=thing"), "--version");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.text()).contains("Runtime Environment").contains("baton ");

        String wishes = "-XX:+UseG1GC -XX:TieredStopAtLevel=4 -XX:+PrintFlagsFinal";
        Outcome others = launch(DISTRIBUTION.resolve("bin/baton"), Map.of("BATON_JAVA_OPTS", wishes), "--version");
        assertThat(others.code()).as(others.text()).isZero();
        assertThat(others.text())
                .as("they win over the launcher's own")
                .containsPattern("\\bUseG1GC\\s+= true")
                .containsPattern("\\bUseSerialGC\\s+= false")
                .containsPattern("\\bTieredStopAtLevel\\s+= 4");

        String tuning = "-XX:+UseNUMA -XX:ParallelGCThreads=1 -XX:+PrintFlagsFinal";
        assertThat(launch(DISTRIBUTION.resolve("bin/baton"), Map.of("BATON_JAVA_OPTS", tuning), "--version")
                        .text())
                .as("which choose no collector")
                .containsPattern("\\bUseSerialGC\\s+= true");
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
