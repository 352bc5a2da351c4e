package dev.baton.plugin.admin;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.Words;
import dev.baton.runtime.server.QueryBinder;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.traffic.Traffic;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that are web pages, silent, slow or too many, and plugins that block: none of them may take the API away. */
@Timeout(30)
class AdminAbuseTest {
    private static final int MAX = 3;
    private static final long LIMIT_MS = 200;

    private final FakeRuntime runtime = new FakeRuntime();
    private final Vertx vertx = Vertx.vertx();
    private final List<Socket> sockets = new ArrayList<>();
    private final CountDownLatch unblock = new CountDownLatch(1);
    private AdminServer server = server(Duration.ofMinutes(1));

    private AdminServer server(Duration idleTimeout) {
        AdminConfig config = new AdminConfig(
                "127.0.0.1:0", List.of("ops.example"), Optional.empty(), Optional.empty(), List.of(), MAX, idleTimeout);
        return new AdminServer(
                config,
                vertx,
                runtime,
                runtime,
                runtime,
                runtime,
                Words::nearest,
                new QueryBinder(),
                Traffic.UNWATCHED,
                LIMIT_MS);
    }

    private void start() throws Exception {
        server.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        unblock.countDown();
        for (Socket socket : sockets) {
            socket.close();
        }
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(20_000);
        sockets.add(socket);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
    }

    private static String request(String line, String... fields) {
        return line + " HTTP/1.1\r\n" + String.join("", fields) + "\r\n";
    }

    /** The answer to one request on a connection of its own. */
    private String ask(String line, String... fields) throws IOException {
        Socket socket = connect();
        send(socket, request(line, String.join("", fields), "Connection: close\r\n"));
        return new String(socket.getInputStream().readAllBytes(), US_ASCII);
    }

    private String get(String path) throws IOException {
        return ask("GET " + path, "Host: localhost\r\n");
    }

    private String post(String path) throws IOException {
        return ask("POST " + path, "Host: localhost\r\n", "Content-Length: 0\r\n");
    }

    private static String status(String answer) {
        return answer.substring(9, 12);
    }

    /** One answer of a connection that stays. */
    private static String answer(Socket socket) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            if (next < 0) {
                return head.toString();
            }
            head.append((char) next);
        }
        int at = head.indexOf("content-length: ") + "content-length: ".length();
        int length = Integer.parseInt(head.substring(at, head.indexOf("\r", at)));
        return head + new String(socket.getInputStream().readNBytes(length), US_ASCII);
    }

    // ---- web pages ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "localhost, 200",
        "LOCALHOST:9901, 200",
        "127.0.0.1:1, 200",
        "10.1.2.3, 200",
        "[::1]:80, 200",
        "ops.example, 200",
        "evil.example, 421",
        "127.0.0.1.evil.example:9901, 421",
        "[evil], 421",
        "'', 421"
    })
    void answersOnlyByItsOwnNamesAndAddresses(String host, String status) throws Exception {
        start();
        String answer = ask("GET /live", "Host: " + host + "\r\n");
        assertThat(status(answer)).as(answer).isEqualTo(status);
        if (status.equals("421")) {
            assertThat(answer).contains("admin: { hosts: [");
        }
    }

    @Test
    void wantsOneHost() throws Exception {
        start();
        assertThat(status(ask("GET /live"))).isEqualTo("400");
        assertThat(status(ask("GET /live", "Host: localhost\r\n", "Host: evil.example\r\n")))
                .isEqualTo("400");
    }

    @ParameterizedTest
    @CsvSource({"none, 200", "same-origin, 200", "same-site, 403", "cross-site, 403", "other, 403"})
    void refusesWhatABrowserSendsForAnotherSite(String site, String status) throws Exception {
        start();
        String answer = ask("GET /v1/status", "Host: localhost\r\n", "Sec-Fetch-Site: " + site + "\r\n");
        assertThat(status(answer)).as(answer).isEqualTo(status);
    }

    @Test
    void refusesAChangeByAPage() throws Exception {
        start();
        assertThat(ask("POST /v1/loops", "Host: localhost\r\n", "Origin: http://localhost\r\n"))
                .as("the dashboard")
                .contains("200 OK");
        runtime.asked.clear();
        String answer = ask("POST /v1/loops", "Host: localhost\r\n", "Origin: http://localhost:8080\r\n");
        assertThat(status(answer)).isEqualTo("403");
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void tellsBrowsersNotToGuessTypes() throws Exception {
        start();
        assertThat(get("/metrics")).containsIgnoringCase("x-content-type-options: nosniff");
        assertThat(get("/nothing")).containsIgnoringCase("x-content-type-options: nosniff");
    }

    @Test
    void refusesAParameterThatIsGivenTwice() throws Exception {
        start();
        String answer = post("/v1/listeners/web/unbind?grace=1s&grace=30s");
        assertThat(status(answer)).isEqualTo("400");
        assertThat(answer).contains("\\\"grace\\\" is given twice");
        assertThat(runtime.asked).isEmpty();
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    @Test
    void endsTheConnectionThatHasBeenIdleLongestForANewOne() throws Exception {
        start();
        Socket first = connect();
        send(first, request("GET /live", "Host: localhost\r\n"));
        answer(first);
        for (int i = 0; i < MAX * 3; i++) {
            connect();
        }
        assertThat(status(get("/live"))).isEqualTo("200");
        assertThat(first.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void keepsConnectionsThatWaitForAnAnswer() throws Exception {
        start();
        List<Socket> busy = new ArrayList<>();
        for (int i = 0; i < MAX; i++) {
            Socket socket = connect();
            send(socket, request("POST /v1/stop", "Host: localhost\r\n", "Content-Length: 0\r\n"));
            busy.add(socket);
        }
        Awaitility.await().until(() -> runtime.asked.size() == MAX);
        assertThat(connect().getInputStream().read()).isEqualTo(-1);

        runtime.stopped.complete(new StopReport(0, 0));
        for (Socket socket : busy) {
            assertThat(status(answer(socket))).isEqualTo("200");
        }
    }

    @Test
    void closesConnectionsThatSayNothing() throws Exception {
        server = server(Duration.ofMillis(100));
        start();
        Socket silent = connect();
        Socket halfAHead = connect();
        send(halfAHead, "GET /live HTTP/1.1\r\nHost:");
        Socket halfABody = connect();
        send(halfABody, request("POST /v1/listeners", "Host: localhost\r\n", "Content-Length: 100\r\n") + "{");

        assertThat(silent.getInputStream().read()).isEqualTo(-1);
        assertThat(halfAHead.getInputStream().read()).isEqualTo(-1);
        assertThat(halfABody.getInputStream().read()).isEqualTo(-1);
    }

    @Test
    void doesNotCloseAConnectionWhoseAnswerTakesLong() throws Exception {
        server = server(Duration.ofMillis(100));
        start();
        Socket busy = connect();
        send(busy, request("POST /v1/stop", "Host: localhost\r\n", "Content-Length: 0\r\n"));
        Socket silent = connect();
        // Both were there when the silent one was closed.
        assertThat(silent.getInputStream().read()).isEqualTo(-1);
        runtime.stopped.complete(new StopReport(0, 0));
        assertThat(status(answer(busy))).isEqualTo("200");
    }

    /** Whoever keeps one after an upgrade would see the figures of the process before only. */
    @Tag("long")
    @Test
    void closesIdleConnectionsSoonerWhileTheProcessDrains() throws Exception {
        server = server(Duration.ofMinutes(2));
        start();
        Socket kept = connect();
        send(kept, request("GET /live", "Host: localhost\r\n"));
        assertThat(status(answer(kept))).isEqualTo("200");
        runtime.state = "draining";
        assertThat(kept.getInputStream().read()).isEqualTo(-1);
        Socket other = connect();
        send(other, request("GET /live", "Host: localhost\r\n"));
        assertThat(status(answer(other))).isEqualTo("200");
    }

    /** What an operator asks for after an upgrade must not meet the process before. */
    @Test
    void endsEachConnectionAfterItsNextAnswerWhileTheProcessDrains() throws Exception {
        start();
        Socket kept = connect();
        send(kept, request("GET /live", "Host: localhost\r\n"));
        assertThat(status(answer(kept))).isEqualTo("200");
        runtime.state = "draining";
        send(kept, request("GET /live", "Host: localhost\r\n"));
        String last = new String(kept.getInputStream().readAllBytes(), US_ASCII);
        assertThat(status(last)).isEqualTo("200");
        assertThat(last).containsIgnoringCase("connection: close");
    }

    @Test
    void beginsNoRequestBeforeTheAnswerToTheOneBefore() throws Exception {
        start();
        Socket socket = connect();
        String one = request("POST /v1/stop", "Host: localhost\r\n", "Content-Length: 0\r\n");
        send(socket, one.repeat(1_000));
        Awaitility.await().until(() -> !runtime.asked.isEmpty());
        assertThat(status(get("/live"))).isEqualTo("200"); // a round through the loop
        assertThat(runtime.asked).hasSize(1);

        runtime.stopped.complete(new StopReport(0, 0));
        assertThat(status(answer(socket))).isEqualTo("200");
        assertThat(answer(socket)).isEmpty();
        assertThat(runtime.asked).hasSize(1);
    }

    // ---- plugins that block ---------------------------------------------------------------------------------------

    private static AdminView view(Runnable before) {
        return () -> {
            before.run();
            return List.of();
        };
    }

    private static OfferedAction action(String name, Runnable before) {
        return new OfferedAction() {
            @Override
            public List<Parameter> parameters() {
                return List.of();
            }

            @Override
            public CompletionStage<? extends Record> act(Map<String, String> parameters) {
                before.run();
                return CompletableFuture.completedStage(new Done(name));
            }
        };
    }

    record Done(String what) {}

    private void block() {
        try {
            unblock.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aViewThatBlocksCostsItsOwnAnswerOnly() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        runtime.views = Map.of(
                "slow",
                view(() -> {
                    begun.incrementAndGet();
                    block();
                }),
                "fast",
                view(() -> {}));
        start();

        String first = get("/v1/slow");
        assertThat(status(first)).as(first).isEqualTo("504");
        assertThat(first).contains("it is in dev.baton.plugin.admin.AdminAbuseTest.block");
        for (int i = 0; i < 20; i++) {
            assertThat(status(get("/v1/slow"))).isEqualTo("503");
        }
        assertThat(begun).hasValue(1);
        assertThat(status(get("/v1/fast"))).isEqualTo("200");
        assertThat(status(get("/v1/status"))).isEqualTo("200");

        unblock.countDown();
        Awaitility.await().until(() -> status(get("/v1/slow")).equals("200"));
    }

    @Test
    void anActionThatBlocksCostsItsOwnAnswerOnly() throws Exception {
        runtime.actions = Map.of("stuck", action("stuck", this::block), "well", action("well", () -> {}));
        start();

        assertThat(status(post("/v1/stuck"))).isEqualTo("504");
        assertThat(status(post("/v1/stuck"))).isEqualTo("503");
        assertThat(post("/v1/well")).contains("200 OK").contains("{\"what\":\"well\"}");
        unblock.countDown();
        Awaitility.await().until(() -> status(post("/v1/stuck")).equals("200"));
    }

    @Test
    void aViewThatThrowsAnErrorDoesNotKeepItsLane() throws Exception {
        runtime.views = Map.of("broken", view(() -> {
            throw new StackOverflowError("asked for");
        }));
        start();
        assertThat(status(get("/v1/broken"))).isEqualTo("500");
        assertThat(status(get("/v1/broken"))).isEqualTo("500");
    }
}
