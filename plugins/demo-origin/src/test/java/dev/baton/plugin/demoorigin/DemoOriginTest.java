package dev.baton.plugin.demoorigin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.ByteSize;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoOriginTest {
    private final DemoOrigin origin = new DemoOrigin(
            "alpha", new DemoOriginConfig(new ByteSize(10_000_000), Duration.ofSeconds(5), Duration.ofSeconds(60)));
    private final EmbeddedConnection connection = new EmbeddedConnection(new ManualLoop(3));

    @BeforeEach
    void open() {
        connection.freezeTime();
        origin.initialize(connection, "web");
    }

    @AfterEach
    void close() {
        connection.finishAndReleaseAll();
        connection.checkException();
        assertThat(connection.claims()).isZero();
    }

    private String exchange(String request) {
        send(request);
        return received();
    }

    private void send(String bytes) {
        connection.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.ISO_8859_1));
    }

    private String received() {
        StringBuilder text = new StringBuilder();
        ByteBuf piece;
        while ((piece = connection.readOutbound()) != null) {
            text.append(piece.toString(StandardCharsets.ISO_8859_1));
            piece.release();
        }
        return text.toString();
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nhost: a\r\n\r\n";
    }

    private static String bodyOf(String response) {
        return response.substring(response.indexOf("\r\n\r\n") + 4);
    }

    @Test
    void thePageSaysWhoAnswered() {
        String response = exchange(get("/?a=b"));
        assertThat(response)
                .startsWith("HTTP/1.1 200 OK\r\n")
                .contains("x-origin: alpha\r\n", "x-loop: 3\r\n", "Loop 3 answered request 1")
                .contains("content-length: " + bodyOf(response).length() + "\r\n");
        assertThat(exchange(get("/"))).contains("answered request 2");
        assertThat(connection.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/nope", "/bytes/10", "/bytes/x", "/echo"})
    void everyAnswerIsDated(String path) {
        assertThat(exchange(get(path))).containsOnlyOnce("\r\ndate: ").containsPattern("\r\ndate: .* GMT\r\n");
        assertThat(exchange("GET /\r\n\r\n")).containsOnlyOnce("\r\ndate: ");
    }

    /** Once the interim answer was taken for the answer to the HEAD, and the answer for one to something else. */
    @ParameterizedTest
    @ValueSource(strings = {"/", "/nope", "/bytes/10", "/bytes/x", "/echo", "/delay/0"})
    void anAnswerToAHeadHasNoContent(String path) {
        String head = "HEAD " + path + " HTTP/1.1\r\nhost: a\r\n";
        for (String rest : new String[] {
            "\r\n", "content-length: 2\r\n\r\nab", "expect: 100-continue\r\ncontent-length: 2\r\n\r\nab"
        }) {
            String answers = exchange(head + rest);
            connection.runPosted();
            connection.runScheduledPendingTasks();
            answers += received();
            assertThat(bodyOf(answers.replace("HTTP/1.1 100 Continue\r\n\r\n", "")))
                    .as(rest)
                    .isEmpty();
            if (!connection.isOpen()) {
                return;
            }
        }
        assertThat(exchange("HEAD / HTTP/1.1\r\na\u0001: b\r\n\r\n")).endsWith("\r\n\r\n");
    }

    @Test
    void anUnknownPathGetsAHint() {
        assertThat(exchange(get("/nope")))
                .startsWith("HTTP/1.1 404 ")
                .contains("there is no /nope; try /, /bytes/1000");
        assertThat(connection.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/bytes/",
                "/bytes/x",
                "/bytes/-1",
                "/bytes/10000001",
                "/bytes/99999999999999999999",
                "/bytes/1/2",
                "/delay/5001",
                "/delay/1s"
            })
    void aBadNumberIsSaidToBeOne(String path) {
        assertThat(exchange(get(path))).startsWith("HTTP/1.1 400 ").contains(path + ": expected a number of ");
        assertThat(connection.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64, 65_536, 65_537, 3_000_000})
    void bytesAreAsManyAsAskedFor(int count) {
        send(get("/bytes/" + count));
        connection.runPosted();
        String response = received();
        assertThat(response).contains("content-length: " + count + "\r\n");
        String body = bodyOf(response);
        assertThat(body).hasSize(count);
        assertThat(body.lines().limit(1_000))
                .allMatch(line -> "0123456789abcdefghijklmnopqrstuvwxyz"
                        .concat("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
                        .startsWith(line));
    }

    @Test
    void bytesWaitForASlowReader() {
        connection.stalled(true);
        send(get("/bytes/5000000"));
        connection.runPosted();
        long held = connection.unsafe().outboundBuffer().totalPendingWriteBytes();
        assertThat(held).isBetween(1L, 200_000L);
        assertThat(connection.config().isAutoRead()).isFalse();

        connection.stalled(false);
        connection.runPosted();
        assertThat(bodyOf(received())).hasSize(5_000_000);
        assertThat(connection.config().isAutoRead()).isTrue();
        assertThat(exchange(get("/"))).startsWith("HTTP/1.1 200 ");
    }

    @Test
    void headHasTheHeadersAndNoBody() {
        String page = exchange("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n");
        assertThat(page).startsWith("HTTP/1.1 200 ").containsPattern("content-length: [1-9]");
        assertThat(bodyOf(page)).isEmpty();
        String bytes = exchange("HEAD /bytes/1000 HTTP/1.1\r\nhost: a\r\n\r\n");
        assertThat(bytes).contains("content-length: 1000\r\n");
        assertThat(bodyOf(bytes)).isEmpty();
        assertThat(exchange(get("/"))).contains("answered request 3");
    }

    @Test
    void aDelayIsATimer() {
        assertThat(exchange(get("/delay/250"))).isEmpty();
        connection.advanceTimeBy(249, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        assertThat(received()).isEmpty();
        connection.advanceTimeBy(1, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        assertThat(received()).endsWith("waited 250ms\n");
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() {
        send(get("/bytes/3") + get("/delay/100") + get("/nope") + get("/bytes/2000000") + get("/"));
        assertThat(bodyOf(received())).isEqualTo("012");
        assertThat(connection.config().isAutoRead()).isFalse();

        connection.advanceTimeBy(100, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        connection.runPosted();
        String rest = received();
        assertThat(rest.indexOf("waited 100ms")).isPositive().isLessThan(rest.indexOf("there is no /nope"));
        assertThat(rest.indexOf("there is no /nope")).isLessThan(rest.indexOf("content-length: 2000000"));
        assertThat(rest).contains("answered request 5").endsWith("/echo.</p>\n");
        assertThat(connection.config().isAutoRead()).isTrue();
    }

    /** Once each of them was answered: what waited for a client that asked and did not read had no limit. */
    @Test
    void pipelinedRequestsWaitForASlowReader() {
        connection.stalled(true);
        send(get("/nope").repeat(3_000));
        send(get("/nope").repeat(3_000)); // what was read before reading stopped
        assertThat(connection.config().isAutoRead()).isFalse();
        assertThat(connection.unsafe().outboundBuffer().totalPendingWriteBytes())
                .isBetween(1L, 70_000L);
        connection.stalled(false);
        connection.runPosted();
        assertThat(received().split("HTTP/1.1 404 ", -1)).hasSize(6_001);
        assertThat(connection.config().isAutoRead()).isTrue();
    }

    @Test
    void manyPipelinedRequestsDoNotNest() {
        send(get("/nope").repeat(3_000));
        assertThat(received().split("HTTP/1.1 404 ", -1)).hasSize(3_001);
    }

    @Test
    void echoSendsTheBodyBackWithItsType() {
        String response = exchange(
                "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: text/x-test\r\ncontent-length: 10\r\n\r\n01234");
        assertThat(response)
                .contains("content-type: text/x-test\r\n", "content-length: 10\r\n")
                .endsWith("01234");
        assertThat(exchange("56789")).isEqualTo("56789");
        assertThat(exchange(get("/"))).contains("answered request 2");
    }

    @Test
    void echoOfChunksKeepsTheTrailers() {
        String head = exchange("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
        assertThat(head).contains("transfer-encoding: chunked\r\n").endsWith("3\r\nabc\r\n");
        assertThat(exchange("2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n")).isEqualTo("2\r\nde\r\n0\r\nx-sum: 5\r\n\r\n");
    }

    @Test
    void echoHoldsTheSenderBack() {
        send("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 300000\r\n\r\n");
        connection.stalled(true);
        send("x".repeat(100_000));
        assertThat(connection.config().isAutoRead()).isFalse();
        send("y".repeat(200_000)); // what was read before reading stopped
        connection.stalled(false);
        assertThat(connection.config().isAutoRead()).isTrue();
        assertThat(bodyOf(received())).isEqualTo("x".repeat(100_000) + "y".repeat(200_000));
    }

    @Test
    void aBodyThatNobodyWantsIsSkipped() {
        send("POST /bytes/2 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nabc");
        assertThat(received()).isEmpty();
        assertThat(exchange("de" + get("/nope"))).contains("content-length: 2\r\n", "404");
    }

    @Test
    void expectContinueIsAnsweredBeforeTheBodyComes() {
        String head = "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
        assertThat(exchange(head)).startsWith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n");
        assertThat(exchange("abc")).isEqualTo("abc");
    }

    @Test
    void expectContinueOfWhatIsRefusedEndsTheConnection() {
        String head = "POST /nope HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n";
        assertThat(exchange(head)).startsWith("HTTP/1.1 404 ").contains("connection: close\r\n");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void anUnknownExpectationIsRefused() {
        assertThat(exchange("GET / HTTP/1.1\r\nhost: a\r\nexpect: miracles\r\n\r\n"))
                .startsWith("HTTP/1.1 417 ");
        assertThat(connection.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/bytes/100000", "/nope"})
    void connectionCloseCloses(String path) {
        String response = exchange("GET " + path + " HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        assertThat(response).contains("connection: close\r\n");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void http10ClosesUnlessAskedToStay() {
        assertThat(exchange("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")).contains("connection: keep-alive\r\n");
        assertThat(connection.isOpen()).isTrue();
        exchange("GET / HTTP/1.0\r\n\r\n");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void whatCannotBeReadGets400AndCloses() {
        assertThat(exchange("GET / HTTP/1.1\r\nbad header\r\n\r\n" + get("/"))).startsWith("HTTP/1.1 400 ");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void headersThatAreTooLongGet431() {
        assertThat(exchange("GET / HTTP/1.1\r\nx: " + "y".repeat(40_000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431 ");
    }

    @Test
    void aLineThatIsTooLongGets414() {
        assertThat(exchange("GET /" + "y".repeat(9_000) + " HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 414 ");
    }

    @Test
    void aBrokenChunkInAnEchoClosesTheConnection() {
        exchange("POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
        exchange("zz\r\nabc\r\n");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void drainEndsAnIdleConnectionAtOnce() {
        exchange(get("/"));
        origin.drain(connection, Duration.ZERO);
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void drainWithPatienceAnswersOneMoreRequest() {
        exchange(get("/"));
        origin.drain(connection, Duration.ofSeconds(5));
        assertThat(connection.isOpen()).isTrue();
        assertThat(exchange(get("/"))).contains("connection: close\r\n");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void drainWithPatienceEndsWhenThatIsOver() {
        exchange(get("/"));
        origin.drain(connection, Duration.ofSeconds(5));
        connection.advanceTimeBy(4_900, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        assertThat(connection.isOpen()).isTrue();
        connection.advanceTimeBy(200, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void drainLetsTheAnswerFinish() {
        exchange(get("/delay/100"));
        origin.drain(connection, Duration.ZERO);
        assertThat(connection.isOpen()).isTrue();
        connection.advanceTimeBy(100, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        assertThat(received()).contains("connection: close\r\n").endsWith("waited 100ms\n");
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void anIdleConnectionIsClosed() {
        exchange(get("/"));
        connection.advanceTimeBy(61, TimeUnit.SECONDS);
        connection.runScheduledPendingTasks();
        assertThat(connection.isOpen()).isFalse();
    }

    @Test
    void aPeerThatLeavesDuringADelayLeavesNothingBehind() {
        exchange(get("/delay/100") + get("/nope"));
        connection.close();
        connection.advanceTimeBy(100, TimeUnit.MILLISECONDS);
        connection.runScheduledPendingTasks();
        assertThat(received()).isEmpty();
    }
}
