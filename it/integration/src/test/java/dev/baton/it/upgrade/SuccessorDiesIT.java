package dev.baton.it.upgrade;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The process that an upgrade has started dies while the old one still drains: the old one serves again, on the same
 * sockets, and what waited in their backlogs is answered. What the new process lets go of by itself is let go of.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SuccessorDiesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** The exit code of a stop that had to close connections. */
    private static final int CUT = 4;

    private static final String REQUEST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

    @TempDir
    private Path folder;

    private String yaml(CountingOrigin origin, ServerSocket held, String more) {
        return """
                version: 1
                loops: 2
                grace: 10m
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                  file: { bind: "unix:%s/web.sock", service: shop }
                  pipe: { bind: "127.0.0.1:0", service: pipe }
                %s
                services:
                  shop: { type: http, upstream: app }
                  pipe: { type: http, upstream: held }
                upstreams:
                  app: { servers: ["%s"] }
                  held: { servers: ["127.0.0.1:%d"] }
                """.formatted(folder, more, origin.address(), held.getLocalPort());
    }

    /** An exchange that is under way in both directions, which keeps whoever has it draining. */
    private record Held(Socket client, Socket server) implements AutoCloseable {
        static Held through(UpgradeRig rig, ServerSocket origin) throws Exception {
            Socket client = new Socket();
            client.connect(rig.address("pipe"));
            client.setSoTimeout((int) PATIENCE.toMillis());
            client.getOutputStream()
                    .write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(US_ASCII));
            Held held = new Held(client, origin.accept());
            held.server.setSoTimeout((int) PATIENCE.toMillis());
            held.server
                    .getOutputStream()
                    .write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(US_ASCII));
            held.mustPass();
            return held;
        }

        void mustPass() throws IOException {
            client.getOutputStream().write("1\r\n\1\r\n".getBytes(US_ASCII));
            awaitByte(server, 1);
            server.getOutputStream().write("1\r\n\2\r\n".getBytes(US_ASCII));
            awaitByte(client, 2);
        }

        private static void awaitByte(Socket socket, int wanted) throws IOException {
            int read;
            do {
                read = socket.getInputStream().read();
                assertThat(read).as("the end").isNotNegative();
            } while (read != wanted);
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    /** What the admin API answers on a new connection: one that is kept stays with the process that accepted it. */
    private static JsonObject status(UpgradeRig rig) throws Exception {
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + rig.admin() + "/v1/status"))
                .timeout(PATIENCE)
                .build();
        return new JsonObject(http.send(request, BodyHandlers.ofString()).body());
    }

    private static ServerSocket origin() throws IOException {
        return new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    }

    private static void kill(long pid) {
        ProcessHandle.of(pid).orElseThrow().destroyForcibly();
    }

    /** Stops a process, and waits until none of its threads runs: the signal reaches one, which stops the others. */
    private static void stop(long pid) throws Exception {
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();
        await().atMost(PATIENCE).until(() -> {
            try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid + "/task"))) {
                return threads.allMatch(SuccessorDiesIT::isStopped);
            }
        });
    }

    private static boolean isStopped(Path thread) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) == 'T';
        } catch (IOException ended) {
            return true;
        }
    }

    private static boolean isRefused(InetSocketAddress address) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(address, (int) PATIENCE.toMillis());
            return false;
        } catch (ConnectException refused) {
            return true;
        }
    }

    private void servesAll(UpgradeRig rig) throws Exception {
        try (Load load = new Load()) {
            load.start(2, rig.address("web"), false);
            load.start(2, UnixDomainSocketAddress.of(folder.resolve("web.sock")), false);
            await().atMost(PATIENCE).until(() -> load.answered() > 40);
            assertThat(load.failures()).isEmpty();
        }
    }

    @Test
    void theOldProcessServesAgainOnTheSameSockets() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                ServerSocket held = origin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, held, ""));
                Held holds = Held.through(rig, held)) {
            long old = rig.pid();
            for (int round = 1; round <= 2; round++) {
                assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
                await().atMost(PATIENCE).until(() -> status(rig).getLong("pid") == rig.pid());
                servesAll(rig);

                // Nobody accepts between its stop and the kill: what connects waits in the backlog, which is ours too.
                stop(rig.pid());
                List<Socket> waiting = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    Socket socket = new Socket();
                    socket.connect(rig.address("web"), (int) PATIENCE.toMillis());
                    socket.setSoTimeout((int) PATIENCE.toMillis());
                    socket.getOutputStream().write(REQUEST.getBytes(StandardCharsets.ISO_8859_1));
                    waiting.add(socket);
                }
                kill(rig.pid());
                for (Socket socket : waiting) {
                    assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                            .startsWith("HTTP/1.1 200");
                    socket.close();
                }
                rig.first().await(line -> line.startsWith("serving again"));
                assertThat(status(rig).getLong("pid")).isEqualTo(old);
                assertThat(status(rig).getString("state")).isEqualTo("ready");
                assertThat(rig.rows("/v1/listeners").stream()
                                .map(JsonObject.class::cast)
                                .map(each -> each.getString("name") + " " + each.getString("state")))
                        .containsExactly("file ready", "pipe ready", "web ready");
                servesAll(rig);
                holds.mustPass(); // what drains goes on draining
            }
            try (Held another = Held.through(rig, held)) {
                another.mustPass();
            }

            // It stops as if nothing had been: what it drains from before ends with it.
            InetSocketAddress web = rig.address("web");
            assertThat(rig.ask("stop", "--grace", "0s").code()).isEqualTo(CUT);
            assertThat(rig.first().exitCode()).isEqualTo(CUT);
            assertThat(isRefused(web)).isTrue();
            assertThat(folder.resolve("web.sock")).doesNotExist();
        }
    }

    @Tag("long")
    @Test
    void aSuspendedListenerStaysSuspended() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                ServerSocket held = origin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, held, ""));
                Held holds = Held.through(rig, held)) {
            assertThat(rig.ask("listener", "suspend", "web").code()).isZero();
            assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
            kill(rig.pid());
            rig.first().await(line -> line.startsWith("serving again"));
            assertThat(rig.rows("/v1/listeners").stream()
                            .map(JsonObject.class::cast)
                            .map(each -> each.getString("name") + " " + each.getString("state")))
                    .containsExactly("file ready", "pipe ready", "web suspended");
            assertThat(rig.ask("listener", "resume", "web").code()).isZero();
            servesAll(rig);
            holds.mustPass();
        }
    }

    @Tag("long")
    @Test
    void whatTheNewProcessLetsGoOfIsNotKept() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                ServerSocket held = origin();
                UpgradeRig rig = new UpgradeRig(
                        folder,
                        yaml(
                                origin,
                                held,
                                "  gone: { bind: \"127.0.0.1:0\", service: shop }\n"
                                        + "  other: { bind: \"127.0.0.1:0\", service: shop }"));
                Held holds = Held.through(rig, held)) {
            long old = rig.pid();
            InetSocketAddress gone = rig.address("gone");
            InetSocketAddress other = rig.address("other");
            InetSocketAddress web = rig.address("web");
            Files.writeString(
                    folder.resolve("baton.yaml"),
                    yaml(origin, held, "  other: { bind: \"127.0.0.1:" + other.getPort() + "\", service: shop }"));
            assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
            await().atMost(PATIENCE).until(() -> isRefused(gone));
            assertThat(isRefused(other)).isFalse();

            assertThat(rig.ask("listener", "unbind", "other").code()).isZero();
            await().atMost(PATIENCE).until(() -> isRefused(other));
            assertThat(isRefused(web)).isFalse();

            // One that is told to end is not dead: nobody serves in its place.
            assertThat(rig.ask("stop").code()).isZero();
            UpgradeRig.awaitEnd(rig.pid());
            await().atMost(PATIENCE).until(() -> isRefused(web));
            assertThat(folder.resolve("web.sock")).doesNotExist();
            assertThat(ProcessHandle.of(old).map(ProcessHandle::isAlive)).contains(true);
            holds.close();
            UpgradeRig.awaitEnd(old);
            assertThat(rig.first().text()).doesNotContain("serving again");
        }
    }

    @Tag("long")
    @Test
    void whoIsToldToEndDoesNotServeAgain() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                ServerSocket held = origin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, held, ""));
                Held holds = Held.through(rig, held)) {
            InetSocketAddress web = rig.address("web");
            long old = rig.pid();
            assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
            rig.first().signal("TERM");
            rig.first().await(line -> line.startsWith("TERM: "));
            kill(rig.pid());
            await().atMost(PATIENCE).until(() -> isRefused(web));
            assertThat(ProcessHandle.of(old).map(ProcessHandle::isAlive)).contains(true);
            holds.close();
            UpgradeRig.awaitEnd(old);
            assertThat(rig.first().text()).doesNotContain("serving again");
        }
    }
}
