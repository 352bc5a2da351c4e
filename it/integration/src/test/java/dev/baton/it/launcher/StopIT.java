package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The end of a process, R47: with many connections, at any moment of the start, and where something does not end. Its
 * ordinary course is in {@link LauncherIT}.
 */
@Timeout(120)
class StopIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CLIENTS = 2_000;

    private static final String PAGE = """
            version: 1
            loops: 2
            grace: 60s
            close-spread: 2s
            hard-stop: 1s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: page }
            services:
              page: { type: http, routes: [ { handler: demo-origin } ] }
            """;

    private static final String CHAOS = """
            version: 1
            loops: 2
            grace: 1s
            close-spread: 0s
            hard-stop: 1s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: rehearsal }
            services:
              rehearsal: { type: chaos, service: web }
              web: { type: http, routes: [ { respond: { status: 204 } } ] }
            plugins: { enable: [chaos] }
            """;

    private static final String STREAM = """
            version: 1
            loops: 2
            grace: 100ms
            admin: { listen: "127.0.0.1:0" }
            listeners:
              raw: { bind: "127.0.0.1:0", service: pass }
            services:
              pass: { type: tcp-proxy, upstream: app }
            upstreams:
              app: { servers: ["127.0.0.1:%d"] }
            """;

    @TempDir
    Path folder;

    private BatonProcess baton;

    @AfterEach
    void end() {
        if (baton != null) {
            baton.close();
        }
    }

    private void awaitConnections(int count) {
        await().atMost(PATIENCE)
                .until(() -> Client.get(baton.admin(), "/v1/listeners").body().contains("\"connections\":" + count));
    }

    /**
     * Every second one asks once more when the stop has begun, the others wait. Whether an answer says that it is the
     * last depends on who was first, and is what the services' own tests show.
     */
    @Test
    void shouldAnswerOneMoreRequestAndEndTheIdleOnesOneByOne() throws Exception {
        baton = BatonProcess.serve(folder, PAGE);
        String web = baton.listener("web");
        List<Client> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Client.connect(web));
            }
            awaitConnections(CLIENTS);
            baton.signal("TERM");
            baton.await(line -> line.startsWith("draining: "));
            for (int i = 0; i < CLIENTS; i += 2) {
                try {
                    clients.get(i).ask("/bytes/10");
                } catch (IOException late) {
                    // Its time was over, and the end of its connection is what it gets.
                }
            }
            for (int i = 0; i < CLIENTS; i++) {
                String rest = clients.get(i).rest();
                if (i % 2 == 1) {
                    assertThat(rest).as("asked for nothing").isEmpty();
                } else if (rest.startsWith("HTTP")) {
                    assertThat(rest).startsWith("HTTP/1.1 200 OK").endsWith("0123456789");
                } else {
                    assertThat(rest).as("late").isIn("", "[reset]");
                }
            }
        } finally {
            for (Client client : clients) {
                client.close();
            }
        }
        Outcome outcome = baton.outcome();
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text()).contains("stopped: " + CLIENTS + " connections ended, 0 cut");
    }

    @ParameterizedTest
    @ValueSource(strings = {"baton ", "plugins ", "loops ", "listener ", "admin "})
    void shouldStopAtAnyMomentOfTheStart(String line) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), PAGE);
        baton = BatonProcess.start(folder, "run");
        baton.await(each -> each.startsWith(line));
        baton.signal("TERM");
        Outcome outcome = baton.outcome();
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text())
                .contains("TERM: stopping; once more to cut")
                .contains("stopped: 0 connections ended, 0 cut");
    }

    @Test
    void shouldEndAtASecondSignalAtAnyMomentOfTheStart() throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), PAGE);
        baton = BatonProcess.start(folder, "run");
        baton.await(each -> each.startsWith("baton "));
        baton.signal("TERM");
        baton.await(each -> each.startsWith("TERM: stopping"));
        baton.signal("TERM");
        // 0: it was over before.
        Outcome outcome = baton.outcome();
        assertThat(outcome.code()).as(outcome.text()).isIn(0, 4);
    }

    /** What an end of the process cuts, be it its sudden death, must not look complete to either side. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void shouldResetTheStreamsThatItCuts(String signal) throws Exception {
        try (ServerSocket origin = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            baton = BatonProcess.serve(folder, STREAM.formatted(origin.getLocalPort()));
            try (Client client = Client.connect(baton.listener("raw"));
                    Socket server = origin.accept()) {
                server.setSoTimeout((int) PATIENCE.toMillis());
                server.getOutputStream().write("half of i".getBytes(StandardCharsets.US_ASCII));
                awaitConnections(1);
                baton.signal(signal);
                assertThat(client.rest()).endsWith("[reset]");
                assertThatThrownBy(() -> server.getInputStream().read())
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
            baton.outcome();
        }
    }

    /** Its service does not come back when it is told to drain: its connection cannot end, nor its loop be closed. */
    @Test
    void shouldEndWhateverAPluginIsAt() throws Exception {
        baton = BatonProcess.serve(folder, CHAOS);
        String delay = "/v1/chaos/delay?point=service-drain&ms=100000";
        assertThat(Client.post(baton.admin(), delay, "").statusCode()).isEqualTo(200);
        try (Client client = Client.connect(baton.listener("web"))) {
            awaitConnections(1);
            baton.signal("TERM");
            Outcome outcome = baton.outcome();
            assertThat(outcome.code()).as(outcome.text()).isEqualTo(4);
            assertThat(outcome.text()).containsPattern("hard stop: 1 connection cut, and this was not done: .+");
            assertThat(client.rest()).isIn("", "[reset]");
        }
    }
}
