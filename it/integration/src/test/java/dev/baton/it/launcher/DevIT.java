package dev.baton.it.launcher;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.upgrade.Load;
import dev.baton.it.upgrade.PidNamespace;
import dev.baton.runtime.launcher.scaffold.ProjectKind;
import dev.baton.spi.SpiVersion;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code baton run --dev} with projects that are changed while it runs, as their authors change them. */
@Timeout(180)
class DevIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern PID = Pattern.compile("(?m)^baton .*, pid (\\d+)$");
    private static final Pattern DEBUGGER =
            Pattern.compile("(?m)^Listening for transport dt_socket at address: (\\d+)$");
    private static final String HANDLER = "MyHandlerHandler.java";
    private static final String NOT_RELOADED = "not reloaded, the version before serves: ";

    @TempDir
    Path folder;

    private BatonProcess baton;

    /** With the one that supervises them the servers end; what does not is ended by the pids that were printed. */
    @AfterEach
    void end() {
        if (baton != null) {
            baton.close();
            try {
                assertNothingIsLeft();
            } finally {
                servers().forEach(ProcessHandle::destroyForcibly);
            }
        }
    }

    /** A project of an HTTP handler, compiled, with a configuration on free ports. */
    private Path project() throws Exception {
        Path project = new AuthorProjects(folder).create(ProjectKind.HANDLER);
        Path yaml = project.resolve("baton.yaml");
        Files.writeString(
                yaml,
                Files.readString(yaml).replace(":8070\", service", ":0\", service")
                        + "loops: 2\nadmin: { listen: \"127.0.0.1:0\" }\n");
        String answer = "keys.greeting() + exchange.request().path() + \"\\n\"";
        // For the clients of Load.
        edit(project, HANDLER, answer, "exchange.request().path().equals(\"/\") ? \"hello\" : " + answer);
        compile(project);
        return project;
    }

    /** As an IDE does. */
    private static void compile(Path project) throws IOException {
        List<String> arguments = new ArrayList<>(List.of(
                "-d",
                Files.createDirectories(project.resolve("target/classes")).toString(),
                "-cp",
                classPath(),
                "-proc:none"));
        try (Stream<Path> files = Files.walk(project.resolve("src/main/java"))) {
            files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
        }
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        int code = ToolProvider.getSystemJavaCompiler().run(null, words, words, arguments.toArray(String[]::new));
        assertThat(code).as(words.toString(UTF_8)).isZero();
    }

    private static String classPath() throws IOException {
        try (Stream<Path> jars = Files.list(BatonProcess.distribution().resolve("lib"))) {
            return jars.map(Path::toString).collect(Collectors.joining(":"));
        }
    }

    private static void edit(Path project, String name, String from, String to) throws IOException {
        try (Stream<Path> files = Files.walk(project.resolve("src/main/java"))) {
            Path file = files.filter(each -> each.endsWith(name)).findFirst().orElseThrow();
            String text = Files.readString(file);
            assertThat(text).contains(from);
            Files.writeString(file, text.replace(from, to));
        }
    }

    private BatonProcess dev(Path project, String... more) throws Exception {
        baton = BatonProcess.start(
                project,
                Stream.concat(Stream.of("run", "--dev", "."), Stream.of(more)).toArray(String[]::new));
        baton.await(line -> line.startsWith("ready in "));
        return baton;
    }

    /** The servers that were started so far. */
    private List<ProcessHandle> servers() {
        return PID.matcher(baton.text())
                .results()
                .map((MatchResult found) -> ProcessHandle.of(Long.parseLong(found.group(1))))
                .flatMap(found -> found.stream())
                .toList();
    }

    private void awaitLine(String start, int times) {
        await().atMost(PATIENCE)
                .until(() -> baton.text()
                                .lines()
                                .filter(line -> line.startsWith(start))
                                .count()
                        == times);
    }

    /** What a new client gets: one whose connection is open may get one more response of the version before. */
    private String get() throws Exception {
        try (Client client = Client.connect(baton.listener("web"))) {
            String answer = client.send("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    .rest();
            return answer.substring(answer.indexOf("\r\n\r\n") + 4);
        }
    }

    private static InetSocketAddress address(String text) {
        return new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(text.substring(text.lastIndexOf(':') + 1)));
    }

    private void assertNothingIsLeft() {
        await().atMost(PATIENCE).until(() -> servers().stream().noneMatch(ProcessHandle::isAlive));
    }

    @Test
    void shouldBringInWhatWasCompiledAndRefuseWhatIsBroken() throws Exception {
        Path project = project();
        dev(project);
        assertThat(baton.text()).contains("project " + project + ": plugin my-handler 1.0, no libraries");
        assertThat(get()).isEqualTo("hello from /x\n");
        Load load = new Load();
        try (load) {
            load.start(1, address(baton.listener("web")), true);
            load.start(1, address(baton.listener("web")), false);

            edit(project, HANDLER, "keys.greeting() + exchange", "\"2: \" + keys.greeting() + exchange");
            compile(project);
            baton.await(line -> line.startsWith("reloaded my-handler in "));
            assertThat(get()).isEqualTo("2: hello from /x\n");

            Files.delete(project.resolve("target/classes/myhandler/MyHandlerHandler$Keys.class"));
            String told = baton.await(line -> line.startsWith(NOT_RELOADED));
            assertThat(told)
                    .contains(project.resolve("target/classes") + ": class myhandler.MyHandler")
                    .contains("refers to myhandler.MyHandlerHandler$Keys, which is in none of the plugin's jars");
            assertThat(get()).isEqualTo("2: hello from /x\n");
        }
        assertThat(load.failures()).isEmpty();
        assertThat(load.answered()).isPositive();
        assertThat(servers()).isNotEmpty();
        debug();
        baton.signal("TERM");
        Outcome outcome = baton.outcome();
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertNothingIsLeft();
    }

    /** A debugger can attach to the process that serves. */
    private void debug() throws IOException {
        List<String> ports = DEBUGGER.matcher(baton.text())
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
        assertThat(ports).as("one process: %s", baton.text()).hasSize(1);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(ports.get(0)))) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            byte[] shake = "JDWP-Handshake".getBytes(US_ASCII);
            socket.getOutputStream().write(shake);
            assertThat(socket.getInputStream().readNBytes(shake.length)).isEqualTo(shake);
        }
    }

    @Tag("long")
    @Test
    void shouldServeAsBeforeIfTheNewProcessDoesNotComeUp() throws Exception {
        Path project = project();
        dev(project);
        // What only loading it shows: a check without its code does not.
        edit(
                project,
                "MyHandlerPlugin.java",
                "binder.httpHandler(",
                "if (binder != null) throw new IllegalStateException(\"no\");\n        binder.httpHandler(");
        compile(project);
        awaitLine("not reloaded, the version before serves; see above", 1);
        assertThat(baton.text()).contains("MyHandlerPlugin cannot be configured: java.lang.IllegalStateException: no");
        assertThat(get()).isEqualTo("hello from /x\n");
        // An upgrade by hand starts with what was good.
        Outcome upgrade = BatonProcess.run(project, "upgrade", "--admin", baton.admin());
        assertThat(upgrade.code()).as(upgrade.text()).isZero();
        assertThat(get()).isEqualTo("hello from /x\n");

        edit(project, "MyHandlerPlugin.java", "if (binder != null) throw new IllegalStateException(\"no\");", "");
        edit(project, HANDLER, "keys.greeting() + exchange", "\"2: \" + keys.greeting() + exchange");
        compile(project);
        awaitLine("reloaded my-handler in ", 1);
        assertThat(get()).isEqualTo("2: hello from /x\n");

        // The configuration is part of it.
        Path yaml = project.resolve("baton.yaml");
        String good = Files.readString(yaml);
        Files.writeString(yaml, good.replace("greeting: \"hello from \"", "greeting: \"from \""));
        awaitLine("reloaded my-handler in ", 2);
        assertThat(get()).isEqualTo("2: from /x\n");
        Files.writeString(yaml, good.replace("greeting:", "greetings:"));
        awaitLine("not reloaded, the version before serves; see above", 2);
        assertThat(baton.text()).contains("did you mean 'greeting'?");
        assertThat(get()).isEqualTo("2: from /x\n");
        baton.signal("INT");
        assertThat(baton.exitCode()).as(baton.text()).isZero();
        assertNothingIsLeft();
    }

    /** The new process dies while the one before still drains, which serves again. */
    @Tag("long")
    @Test
    void shouldBringInAgainWhatHasDied() throws Exception {
        Path project = project();
        dev(project);
        try (Client held = Client.connect(baton.listener("web"))) {
            held.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n");
            await().atMost(PATIENCE)
                    .until(() -> Client.get(baton.admin(), "/v1/fds").body().contains("\"plugin\":\"http\""));
            edit(project, HANDLER, "keys.greeting() + exchange", "\"2: \" + keys.greeting() + exchange");
            compile(project);
            // With another configuration it is an upgrade.
            Path yaml = project.resolve("baton.yaml");
            Files.writeString(yaml, Files.readString(yaml) + "close-spread: 2s\n");
            awaitLine("reloaded my-handler in ", 1);
            List<ProcessHandle> servers = servers();
            servers.get(servers.size() - 1).destroyForcibly();
            awaitLine("the version before serves until the next change", 1);
            assertThat(get()).isEqualTo("hello from /x\n");
            compile(project);
            awaitLine("reloaded my-handler in ", 2);
            assertThat(get()).isEqualTo("2: hello from /x\n");
        }
    }

    @Tag("long")
    @Test
    void shouldNotLeaveAServerBehind() throws Exception {
        Path project = project();
        dev(project);
        edit(project, HANDLER, "hello from ", "hello to ");
        compile(project);
        baton.signal("HUP");
        baton.await(line -> line.startsWith("upgraded: "));
        String web = baton.listener("web");
        assertThat(Client.get(web, "/").statusCode()).isEqualTo(200);
        baton.signal("KILL");
        assertThat(baton.exitCode()).isEqualTo(128 + 9);
        assertNothingIsLeft();
        assertThat(baton.text()).contains("the process of `baton run --dev` is dead: cutting");
    }

    /** As the first process of a container, which the kernel ends with all others. */
    @Tag("long")
    @Test
    void shouldServeFromTheFirstProcessOfAContainer() throws Exception {
        Path project = project();
        try (BatonProcess container =
                BatonProcess.launch(PidNamespace.launcher(folder), project, "run", "--dev", ".")) {
            container.await(line -> line.startsWith("ready in "));
            ProcessHandle init = PidNamespace.init(container);
            edit(project, HANDLER, "hello from ", "hello to ");
            compile(project);
            container.await(line -> line.startsWith("reloaded my-handler in "));
            // The one before has drained, and no zombie is left of it.
            await().atMost(PATIENCE).until(() -> init.descendants().count() == 1);
            assertThat(new ProcessBuilder("sh", "-c", "kill -TERM " + init.pid())
                            .start()
                            .waitFor())
                    .isZero();
            assertThat(container.exitCode()).as(container.text()).isZero();
        }
    }

    @Tag("long")
    @Test
    void shouldKillAServerThatADebuggerHasStopped() throws Exception {
        Path project = project();
        dev(project);
        ProcessHandle server = servers().get(0);
        assertThat(new ProcessBuilder("sh", "-c", "kill -STOP " + server.pid())
                        .start()
                        .waitFor())
                .isZero();
        baton.signal("TERM");
        baton.signal("TERM");
        baton.await(line -> line.startsWith("the server does not end: killing it"));
        assertThat(baton.exitCode()).isEqualTo(128 + 9);
        assertNothingIsLeft();
    }

    @Tag("long")
    @Test
    void shouldTakeThePlaceOfAnInstalledPlugin() throws Exception {
        Path project = project();
        Path installed = Files.createDirectories(project.resolve("plugins/my-handler"));
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().putValue("Baton-Plugin-Id", "my-handler");
        manifest.getMainAttributes().putValue("Baton-Plugin-Version", "99");
        manifest.getMainAttributes().putValue("Baton-Spi-Version", SpiVersion.MAJOR + ".0");
        manifest.getMainAttributes().putValue("Baton-Plugin-Class", "none.Such");
        try (OutputStream out = Files.newOutputStream(installed.resolve("my-handler-99.jar"));
                JarOutputStream jar = new JarOutputStream(out, manifest)) {
            jar.finish();
        }
        dev(project);
        assertThat(baton.text())
                .contains("plugin my-handler 99 in " + installed.resolve("my-handler-99.jar")
                        + " is passed over: the project's 1.0 is used");
        assertThat(get()).isEqualTo("hello from /x\n");
    }

    @Tag("long")
    @Test
    void shouldSayWhyItDoesNotStart() throws Exception {
        Path project = project();
        Outcome none = BatonProcess.run(project, "run", "--dev");
        assertThat(none.code()).isEqualTo(2);
        assertThat(none.text()).contains("--dev").contains("PROJECT");
        Outcome nowhere = BatonProcess.run(project, "run", "--dev", "nowhere");
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.text()).startsWith("nowhere is not there; expected the folder of a plugin's Maven project");
        try (BatonProcess debugged = BatonProcess.launch(
                BatonProcess.distribution().resolve("bin/baton"),
                project,
                Map.of("JDK_JAVA_OPTIONS", "-Djdwp=1"),
                "run",
                "--dev",
                ".")) {
            assertThat(debugged.outcome().text()).contains("JDK_JAVA_OPTIONS starts a debugger");
            assertThat(debugged.exitCode()).isEqualTo(1);
        }
        // What the server itself finds wrong is its own to say.
        Files.writeString(project.resolve("baton.yaml"), "version: 1\nuser: nobody\n");
        Outcome user = BatonProcess.run(project, "run", "--dev", ".");
        assertThat(user.code()).as(user.text()).isEqualTo(78);
        assertThat(user.text()).contains("`user` cannot be used with `baton run --dev`");
    }
}
