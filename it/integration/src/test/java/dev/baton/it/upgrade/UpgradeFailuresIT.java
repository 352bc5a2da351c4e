package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Upgrades of real processes that go wrong, at each step and on each side (R48, R49): the service goes on. */
@Tag("long")
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UpgradeFailuresIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private String yaml(CountingOrigin origin, String bind) {
        return """
                version: 1
                loops: 2
                grace: 5s
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "%s", service: shop }
                  file: { bind: "unix:%s/web.sock", service: shop }
                services:
                  shop: { type: http, upstream: app }
                upstreams:
                  app: { servers: ["%s"] }
                """.formatted(bind, folder, origin.address());
    }

    private void serves(UpgradeRig rig) throws Exception {
        try (Load load = new Load()) {
            load.start(1, rig.address("web"), false);
            load.start(1, UnixDomainSocketAddress.of(folder.resolve("web.sock")), false);
            Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 10);
            assertThat(load.failures()).isEmpty();
        }
        assertThat(rig.object("/v1/status").getLong("pid")).isEqualTo(rig.pid());
        assertThat(rig.object("/v1/status").getString("state")).isEqualTo("ready");
    }

    /** The least of several looks: the process reads files of its own now and then. */
    private static long files(UpgradeRig rig) throws IOException {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 20; i++) {
            least = Math.min(
                    least,
                    UpgradeRig.files(rig.pid()).stream()
                            .filter(file -> !file.startsWith("socket:"))
                            .count());
        }
        return least;
    }

    private static long handoffs(UpgradeRig rig) throws Exception {
        return rig.rows("/v1/fds").stream()
                .map(JsonObject.class::cast)
                .filter(fd -> fd.getString("kind").equals("handoff"))
                .count();
    }

    @Test
    void shouldTellEveryErrorOfTheConfigurationAtOnceAndGoOn() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, "127.0.0.1:0"))) {
            Path file = folder.resolve("baton.yaml");
            String right = Files.readString(file);
            Files.writeString(file, right + "bogus: 1\nlops: 2\n");
            Outcome first = rig.ask("upgrade");
            assertThat(first.code()).as(first.text()).isEqualTo(78);
            assertThat(first.text()).contains("the old process continues", "unknown key 'bogus'", "unknown key 'lops'");
            serves(rig);

            String address = "127.0.0.1:" + taken.getLocalPort();
            Files.writeString(
                    file,
                    right.replace("services:\n", "  more: { bind: \"" + address + "\", service: shop }\nservices:\n"));
            Outcome bind = rig.ask("upgrade");
            assertThat(bind.code()).as(bind.text()).isEqualTo(3);
            assertThat(bind.text()).contains("listener more", address, "EADDRINUSE");
            // The new one had the unix socket, and must not have taken its file away as it ended.
            serves(rig);
            // What one attempt leaves is looked for after another one: the first makes the JVM open files for good.
            long files = files(rig);
            assertThat(rig.ask("upgrade").code()).isEqualTo(3);
            serves(rig);
            assertThat(files(rig)).isEqualTo(files);
            assertThat(handoffs(rig)).isZero();

            Files.writeString(file, right);
            rig.upgradeWhole();
            serves(rig);
        }
    }

    // ---- a new process that dies or hangs
    // -----------------------------------------------------------------------------

    /** A launcher that can be changed while the process runs. */
    private Path launcher() throws IOException {
        Path link = folder.resolve("baton");
        Files.createSymbolicLink(link, BatonProcess.distribution().resolve("bin/baton"));
        return link;
    }

    private static void replace(Path launcher, String script) throws IOException {
        Path made = launcher.resolveSibling("made");
        Files.writeString(made, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rwx------"));
        Files.move(made, launcher, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void shouldGoOnWhateverStepTheNewProcessDiesOrHangsAt() throws Exception {
        Path launcher = launcher();
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, "127.0.0.1:0"), launcher)) {
            Path real = Files.readSymbolicLink(launcher);
            long files = files(rig);
            replace(launcher, "echo no such thing >&2; exit 5");
            JsonObject report = rig.upgrade("");
            assertThat(report.getBoolean("upgraded")).isFalse();
            assertThat(report.getString("detail")).isEqualTo("no such thing");
            assertThat(report.getInteger("exit-code")).isEqualTo(1);
            for (String step : List.of("start", "connect", "sockets", "serve")) {
                replace(launcher, "exec " + FakeProcesses.java("successor", step, "die"));
                JsonObject died = rig.upgrade("?timeout=60s");
                assertThat(died.getBoolean("upgraded")).as(died.encode()).isFalse();
                assertThat(died.getString("detail")).contains("the fake dies");
                serves(rig);
            }
            for (String step : List.of("start", "sockets", "serve")) {
                // Not exec: the script in between must go with it.
                replace(launcher, FakeProcesses.java("successor", step, "hang") + "\necho it should be dead >&2");
                JsonObject hung = rig.upgrade("?timeout=8s");
                assertThat(hung.getBoolean("upgraded")).as(hung.encode()).isFalse();
                assertThat(hung.getString("detail")).contains("within 8000 ms").doesNotContain("should be dead");
                long pid = hung.getLong("pid");
                UpgradeRig.awaitEnd(pid);
                serves(rig);
            }
            assertThat(ProcessHandle.of(rig.pid()).orElseThrow().children()).isEmpty();
            assertThat(files(rig)).as("open files").isEqualTo(files);
            assertThat(handoffs(rig)).isZero();

            Files.delete(launcher);
            Files.createSymbolicLink(launcher, real);
            rig.upgradeWhole();
            serves(rig);
        }
    }

    @Test
    void shouldRefuseASecondUpgradeWhileOneIsUnderWay() throws Exception {
        Path launcher = launcher();
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, "127.0.0.1:0"), launcher)) {
            Path begun = folder.resolve("begun");
            replace(launcher, "touch '" + begun + "'; exec sleep 600");
            Thread first = new Thread(() -> {
                try {
                    rig.upgrade("?timeout=10s");
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            first.start();
            Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(begun));
            JsonObject second = rig.upgrade("");
            assertThat(second.getBoolean("upgraded")).isFalse();
            assertThat(second.getString("detail")).contains("under way already");
            first.join();
            serves(rig);
        }
    }

    // ---- an old process that dies
    // -------------------------------------------------------------------------------------

    /** Before it has sent its sockets the new one binds for itself; after that it has all it needs. */
    @ParameterizedTest
    @ValueSource(strings = {"connect", "sockets", "ready", "go"})
    void shouldGoOnAloneWhenTheOldProcessDies(String step) throws Exception {
        try (CountingOrigin origin = new CountingOrigin()) {
            Files.writeString(folder.resolve("baton.yaml"), yaml(origin, "127.0.0.1:PORT"));
            Path script = folder.resolve("old");
            Files.writeString(
                    script,
                    "#!/bin/sh\nexec "
                            + FakeProcesses.java(
                                    "predecessor",
                                    step,
                                    BatonProcess.distribution()
                                            .resolve("bin/baton")
                                            .toString(),
                                    "run")
                            + "\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
            // To a file: the pipe of a process ends with it here, and what the next one says would be lost.
            Path out = folder.resolve("out");
            Process old = new ProcessBuilder(script.toString())
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            long next = -1;
            try {
                next = Long.parseLong(said(out, "pid (\\d+)"));
                assertThat(said(out, "the fake dies at (\\w+)")).isEqualTo(step);
                assertThat(old.waitFor()).as("killed").isEqualTo(128 + 9);
                String admin = said(out, "admin on (\\S+)");
                said(out, "(ready in)");
                int port = Integer.parseInt(said(out, "listener web on 127\\.0\\.0\\.1:(\\d+)"));
                try (Load load = new Load()) {
                    load.start(1, new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port), false);
                    Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 10);
                    assertThat(load.failures()).isEmpty();
                }
                assertThat(BatonProcess.run(folder, "stop", "--admin", admin).code())
                        .isZero();
            } finally {
                old.destroyForcibly();
                ProcessHandle.of(next).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    private static String said(Path out, String wanted) {
        Matcher[] found = {Pattern.compile(wanted).matcher("")};
        Awaitility.await(wanted).atMost(PATIENCE).until(() -> {
            found[0] = Pattern.compile(wanted).matcher(Files.readString(out));
            return found[0].find();
        });
        return found[0].group(1);
    }

    // ---- R49: who may ask
    // ---------------------------------------------------------------------------------------------

    /** A process that nobody started, of this user and of another: neither gets a socket. */
    @Test
    void shouldGiveNothingToStrangers() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/perl")), "perl is there to be a stranger");
        boolean root =
                "root".equals(System.getProperty("user.name")) && Files.isExecutable(Path.of("/usr/bin/setpriv"));
        Path launcher = launcher();
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, "127.0.0.1:0"), launcher)) {
            Path told = folder.resolve("told");
            replace(
                    launcher,
                    "printf %s \"$BATON_HANDOFF\" > '" + told + ".part'; mv '" + told + ".part' '" + told
                            + "'; exec sleep 600");
            Thread upgrade = new Thread(() -> {
                try {
                    rig.upgrade("?timeout=20s");
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            upgrade.start();
            Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(told));
            Path socket = Path.of(Files.readString(told));
            assertThat(stranger(socket, false)).as("this user, another process").isEqualTo("connected, closed");
            if (root) {
                assertThat(stranger(socket, true)).as("another user").startsWith("no: ");
                // Even with the door open.
                Files.setPosixFilePermissions(socket.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
                Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rwxrwxrwx"));
                assertThat(stranger(socket, true)).as("another user").isEqualTo("connected, closed");
            }
            upgrade.join();
            rig.first().await(line -> line.contains("which did not start it: refused") || line.contains("refused"));
            if (root) {
                assertThat(rig.first().text()).contains("of user 65534 tried to take this one's sockets over");
            }
            assertThat(socket).doesNotExist();
            serves(rig);
        }
    }

    private String stranger(Path socket, boolean nobody) throws Exception {
        String script = "use Socket; socket(S, AF_UNIX, SOCK_SEQPACKET, 0) or die;"
                + "connect(S, pack_sockaddr_un($ARGV[0])) or do { print \"no: $!\"; exit };"
                + "my $got = sysread(S, my $bytes, 100);"
                + "print 'connected, ', ($got ? 'got something' : 'closed');";
        List<String> perl = List.of("perl", "-e", script, socket.toString());
        List<String> command = nobody
                ? Stream.concat(Stream.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"), perl.stream())
                        .toList()
                : perl;
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }
}
