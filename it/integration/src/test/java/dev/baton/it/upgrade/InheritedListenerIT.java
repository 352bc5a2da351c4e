package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.posix.FileFlags;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.SpawnFileAction;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * R43, the rows of inherited sockets: a real process gets some as systemd would give them, and one by number. Suspended
 * they queue, unbound they are only released, since whoever gave them has them still; and the next process goes on with
 * them.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InheritedListenerIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int WRITE_CREATE = 0x1 | 0x40;
    private static final Posix SOCKETS = new JnrPosix();
    /** Only it can start a process that inherits more than the standard streams. */
    private static final POSIX PROCESSES = POSIXFactory.getNativePOSIX();

    @TempDir
    private Path folder;

    private final List<Integer> open = new ArrayList<>();
    private final List<Long> started = new ArrayList<>();

    @AfterEach
    void end() {
        open.forEach(SOCKETS::close);
        for (long pid : started) {
            ProcessHandle.of(pid).ifPresent(process -> {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            });
            PROCESSES.waitpid((int) pid, new int[1], 0);
        }
    }

    private int listening(int family, SocketAddress address) {
        int number = SOCKETS.socket(family, Sockets.SOCK_STREAM, 0);
        open.add(number);
        assertThat(SOCKETS.bind(number, address)).isZero();
        assertThat(SOCKETS.listen(number, 64)).isZero();
        // As systemd passes them: a loop must not block in accept.
        assertThat(SOCKETS.setStatusFlags(number, SOCKETS.statusFlags(number) & ~FileFlags.O_NONBLOCK))
                .isZero();
        return number;
    }

    private int tcp() {
        return listening(Sockets.AF_INET, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    }

    private Path start(int... numbers) throws Exception {
        Path out = folder.resolve("out");
        String script = "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=web:file exec '"
                + BatonProcess.distribution().resolve("bin/baton") + "' run -c '" + folder.resolve("baton.yaml") + "'";
        List<SpawnFileAction> actions = new ArrayList<>();
        actions.add(SpawnFileAction.open("/dev/null", 0, 0, 0));
        actions.add(SpawnFileAction.open(out.toString(), 1, WRITE_CREATE, 0600));
        actions.add(SpawnFileAction.dup(1, 2));
        // First out of the way of each other.
        for (int i = 0; i < numbers.length; i++) {
            actions.add(SpawnFileAction.dup(numbers[i], 400 + i));
        }
        for (int i = 0; i < numbers.length; i++) {
            actions.add(SpawnFileAction.dup(400 + i, 3 + i));
            actions.add(SpawnFileAction.close(400 + i));
        }
        List<String> environment = new ArrayList<>();
        for (Map.Entry<String, String> each : System.getenv().entrySet()) {
            environment.add(each.getKey() + "=" + each.getValue());
        }
        environment.add("JAVA_HOME=" + System.getProperty("java.home"));
        long pid = PROCESSES.posix_spawnp("sh", actions, List.of("sh", "-c", script), environment);
        assertThat(pid).isPositive();
        started.add(pid);
        return out;
    }

    private static String await(Path out, String wanted) {
        Pattern pattern = Pattern.compile(wanted);
        Matcher[] found = {pattern.matcher("")};
        Awaitility.await(wanted).atMost(PATIENCE).until(() -> {
            found[0] = pattern.matcher(Files.exists(out) ? Files.readString(out) : "");
            return found[0].find();
        });
        return found[0].group(1);
    }

    private static void serve(SocketAddress... addresses) throws Exception {
        try (Load load = new Load()) {
            for (SocketAddress address : addresses) {
                load.start(1, address, false);
            }
            Awaitility.await()
                    .atMost(PATIENCE)
                    .until(() -> load.answered() > 20 || !load.failures().isEmpty());
            assertThat(load.failures()).isEmpty();
        }
    }

    @Tag("long")
    @Test
    void shouldServeSuspendHandOverAndReleaseWhatItInherited() throws Exception {
        Path path = folder.resolve("inherited.sock");
        int web = tcp();
        int file = listening(Sockets.AF_UNIX, UnixDomainSocketAddress.of(path));
        int raw = tcp();
        SocketAddress webAddress = SOCKETS.localAddress(web);
        SocketAddress fileAddress = SOCKETS.localAddress(file);
        SocketAddress rawAddress = SOCKETS.localAddress(raw);
        try (CountingOrigin origin = new CountingOrigin()) {
            Files.writeString(folder.resolve("baton.yaml"), """
                    version: 1
                    loops: 2
                    grace: 5s
                    admin: { listen: "127.0.0.1:0" }
                    listeners:
                      web: { bind: "systemd@web", service: shop }
                      file: { bind: "systemd@file", service: shop }
                      raw: { bind: "fd@5", service: shop }
                    services:
                      shop: { type: http, upstream: app }
                    upstreams:
                      app: { servers: ["%s"] }
                    """.formatted(origin.address()));
            Path out = start(web, file, raw);
            String admin = await(out, "admin on (\\S+)");
            await(out, "(ready in)");
            assertThat(Files.readString(out))
                    .contains("listener web on 127.0.0.1:" + ((InetSocketAddress) webAddress).getPort() + " ")
                    .contains("listener file on unix:" + path + " ");
            serve(webAddress, fileAddress, rawAddress);

            // Suspended: bound, the kernel queues; resumed, they are served.
            assertThat(ask(admin, "listener", "suspend", "raw").text())
                    .contains("raw paused", "stays bound, connections queue in the kernel");
            try (Load load = new Load()) {
                load.start(1, rawAddress, false);
                assertThat(ask(admin, "listener", "resume", "raw").code()).isZero();
                Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 3);
                assertThat(load.failures()).isEmpty();
            }

            // The next process did not inherit them: it was handed them.
            Outcome upgrade = ask(admin, "upgrade");
            assertThat(upgrade.code()).as(upgrade.text()).isZero();
            started.add(Long.parseLong(upgrade.text().replaceAll("(?s).*process (\\d+) serves.*", "$1")));
            serve(webAddress, fileAddress, rawAddress);

            // Unbound: released, because whoever gave it has it still.
            Outcome unbound = ask(admin, "listener", "unbind", "raw");
            assertThat(unbound.text()).contains("raw released");
            assertThat(ask(admin, "stop").code()).isZero();
            assertThat(path).as("the file is whoever bound it's").exists();
            try (var client = java.nio.channels.SocketChannel.open(webAddress)) {
                assertThat(client.isConnected()).isTrue();
            }
        }
    }

    private Outcome ask(String admin, String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--admin", admin));
        return BatonProcess.run(folder, all.toArray(String[]::new));
    }

    @Tag("long")
    @Test
    void shouldSayThatNobodyHasPassedASocket() throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), """
                version: 1
                listeners:
                  web: { bind: "systemd@web", service: shop }
                  raw: { bind: "fd@77", service: shop }
                services:
                  shop: { type: http, routes: [ { handler: demo-origin } ] }
                """);
        assertThat(BatonProcess.run(folder, "check").code()).isZero();
        Outcome run = BatonProcess.run(folder, "run");
        assertThat(run.code()).as(run.text()).isEqualTo(3);
        assertThat(run.text())
                .contains("listener raw: cannot use fd@77: fd 77 is no socket")
                .contains("listener web: cannot use systemd@web: systemd has passed no sockets to this process");
    }
}
