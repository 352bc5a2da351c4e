package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Upgrades of a process that has no room for one more client, or no fd at all. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FullUpgradeIT {
    private static final int LIMIT = 320;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern CLIENTS = Pattern.compile("fds? limit .* of them for clients: (\\d+) connections");
    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

    @TempDir
    private Path folder;

    private final List<Socket> clients = new ArrayList<>();
    private final Queue<Socket> asked = new ConcurrentLinkedQueue<>();
    private ServerSocket origin;

    /** An origin that answers when it is told. */
    @BeforeEach
    void listen() throws IOException {
        origin = new ServerSocket(0, 512, InetAddress.getLoopbackAddress());
        Thread thread = new Thread(
                () -> {
                    try {
                        while (true) {
                            asked.add(origin.accept());
                        }
                    } catch (IOException closed) {
                        // The end of the test.
                    }
                },
                "origin");
        thread.setDaemon(true);
        thread.start();
    }

    @AfterEach
    void close() throws IOException {
        origin.close();
        for (Socket each : clients) {
            each.close();
        }
        for (Socket each : asked) {
            each.close();
        }
    }

    private UpgradeRig start() throws Exception {
        Path script = folder.resolve("limited");
        Files.writeString(
                script,
                "#!/bin/sh\nulimit -n " + LIMIT + "\nexec "
                        + BatonProcess.distribution().resolve("bin/baton") + " \"$@\"\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new UpgradeRig(folder, """
                version: 1
                loops: 2
                grace: 60s
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                services:
                  shop: { type: http, upstream: app, response-timeout: 120s }
                upstreams:
                  app: { servers: ["127.0.0.1:%d"] }
                plugins: { enable: [chaos] }
                """.formatted(origin.getLocalPort()), script);
    }

    /** As many clients as there is room for, each of which waits for its answer and has a connection to the origin. */
    private void fill(UpgradeRig rig) throws Exception {
        Matcher most = CLIENTS.matcher(rig.first().text());
        assertThat(most.find()).as(rig.first().text()).isTrue();
        int room = Integer.parseInt(most.group(1));
        for (int i = 0; i < room; i++) {
            ask(rig.address("web"));
        }
        Awaitility.await("requests at the origin").atMost(PATIENCE).until(() -> asked.size() == room);
        assertThat(UpgradeRig.files(rig.pid()).size()).isGreaterThan(LIMIT - 60);
    }

    private void ask(InetSocketAddress address) throws IOException {
        Socket client = new Socket(address.getAddress(), address.getPort());
        clients.add(client);
        client.setSoTimeout((int) PATIENCE.toMillis());
        client.getOutputStream().write(REQUEST.getBytes(StandardCharsets.US_ASCII));
    }

    private void everybodyIsAnswered() throws IOException {
        Awaitility.await("requests at the origin").atMost(PATIENCE).until(() -> asked.size() >= clients.size());
        for (Socket server : asked) {
            server.getOutputStream()
                    .write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII));
        }
        for (Socket client : clients) {
            assertThat(new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 200 OK\r\n")
                    .endsWith("ok");
        }
    }

    /** The reserve is enough: those who are in are answered by the old process, who waits by the new one. */
    @Test
    void aProcessThatIsFullIsUpgraded() throws Exception {
        try (UpgradeRig rig = start()) {
            fill(rig);
            long old = rig.pid();
            ask(rig.address("web")); // one too many: it waits
            Outcome outcome = rig.ask("upgrade");
            assertThat(outcome.code()).as(outcome.text() + rig.first().text()).isZero();
            everybodyIsAnswered();
            UpgradeRig.awaitEnd(old);
            assertThat(rig.object("/v1/status").getLong("pid")).isNotEqualTo(old);
            rig.post("/v1/stop?grace=0s");
        }
    }

    /** Something has opened every file that the process may: it says so and goes on. */
    @Tag("long")
    @Test
    void anUpgradeForWhichThereIsNoFdLosesNothing() throws Exception {
        try (UpgradeRig rig = start()) {
            fill(rig);
            JsonObject leaked = rig.post("/v1/chaos/leak?fds=10000");
            assertThat(leaked.getString("problem")).contains("Too many open files");
            JsonObject report = rig.upgrade("");
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isFalse();
            assertThat(report.getString("detail")).contains("oo many open files");
            assertThat(rig.object("/v1/status").getString("state")).isEqualTo("ready");
            rig.post("/v1/chaos/leak?fds=-10000");
            everybodyIsAnswered();
            rig.upgradeWhole();
        }
    }
}
