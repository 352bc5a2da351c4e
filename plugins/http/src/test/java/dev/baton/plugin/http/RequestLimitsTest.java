package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How long a body may be, and how slowly a request may come. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class RequestLimitsTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String CHUNKED = "PUT / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static String put(int length) {
        return "PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static Bench bench(Ends ends) {
        return bench(ends, Optional.of(new ByteSize(1_000)));
    }

    private static Bench bench(Ends ends, Optional<ByteSize> bodyLimit) {
        return new Bench(
                ends,
                new HttpConfig(
                        "app",
                        new ByteSize(4096),
                        bodyLimit,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(60),
                        new ByteRate(100),
                        Duration.ofSeconds(10)));
    }

    // -------------------------------------------------------------------------------------------------------- length

    @ParameterizedTest
    @EnumSource
    void aBodyThatIsSaidToBeTooLongIsRefusedAtOnce(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send(put(1_001) + "x");
            assertThat(bench.toClient())
                    .startsWith("HTTP/1.1 413 Content Too Large\r\n")
                    .contains("Connection: close\r\n");
            assertThat(bench.asked).isEmpty();
            assertThat(bench.client.isOutputShutdown()).isTrue();
            assertThat(bench.refusals(Refusal.BODY_TOO_LARGE)).isEqualTo(1);
            bench.send("x".repeat(1_000) + GET);
            assertThat(bench.toClient()).isEmpty();
            assertThat(bench.asked).isEmpty();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBodyAsLongAsTheLimitPasses(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send(put(1_000) + "x".repeat(1_000));
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n" + "x".repeat(1_000));
            bench.answer(0, OK);
            for (int i = 0; i < 2; i++) { // the limit is that of each of them
                bench.send(CHUNKED + "1f4\r\n" + "x".repeat(500) + "\r\n");
                bench.send("1f4\r\n" + "x".repeat(500) + "\r\n0\r\n\r\n");
                assertThat(bench.toServer(0)).endsWith("\r\n0\r\n\r\n");
                bench.answer(0, OK);
            }
            assertThat(bench.toClient()).isEqualTo(OK + OK + OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aChunkedBodyIsRefusedWhenItIsTooLongAndBeforeMoreOfItIsForwarded(Ends ends) {
        for (String last : new String[] {
            "1f5\r\n" + "y".repeat(501) + "\r\n", "1\r\ny\r\n".repeat(501), "1000\r\n" + "y".repeat(501)
        }) {
            try (Bench bench = bench(ends)) {
                bench.send(CHUNKED + "1f4\r\n" + "x".repeat(500) + "\r\n");
                assertThat(bench.toServer(0)).endsWith("x\r\n");
                bench.send(last + "0\r\n\r\n" + GET);
                assertThat(bench.toClient()).startsWith("HTTP/1.1 413 ").contains("Connection: close\r\n");
                assertThat(bench.toServer(0)).doesNotContain("y");
                assertThat(bench.opened).hasSize(1);
                assertThat(bench.opened.get(0).isOpen()).isFalse();
                assertThat(bench.refusals(Refusal.BODY_TOO_LARGE)).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aChunkedBodyThatIsTooLongEndsTheConnectionWhereTheAnswerHasBegun(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send(CHUNKED);
            String begun = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhe";
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.send("1000\r\n" + "x".repeat(1_001));
            assertThat(bench.toClient()).isEqualTo(begun);
            assertThat(bench.client.isOutputShutdown()).isTrue();
        }
    }

    // ---------------------------------------------------------------------------------------------------------- time

    @ParameterizedTest
    @EnumSource
    void aClientThatNeverAsksIsLetGoBeforeOneThatHas(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.pass(19);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.toClient()).isEmpty();
        }
        try (Bench bench = bench(ends)) {
            bench.pass(19);
            bench.send(GET);
            bench.answer(0, OK);
            bench.pass(59);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** Empty lines are not the first byte of a request. */
    @ParameterizedTest
    @EnumSource
    void emptyLinesAreNoRequest(Ends ends) {
        try (Bench bench = bench(ends)) {
            for (int i = 0; i < 19; i++) {
                bench.send("\r\n");
                bench.pass(1);
            }
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHeadThatComesMoreSlowlyThanTheRateIsGivenUp(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send("GET / HTTP/1.1\r\nX: ");
            for (int i = 0; i < 9; i++) {
                bench.pass(1);
                bench.send("x");
            }
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ").endsWith("too slowly\n");
            assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isEqualTo(1);
            assertThat(bench.asked).isEmpty();
        }
        try (Bench bench = bench(ends)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n");
            for (int i = 0; i < 25; i++) { // lines that are decoded count as well as what is not
                bench.send("X: " + "x".repeat(90) + "\r\n");
                bench.pass(1);
                bench.send("Y: y");
                bench.pass(0);
                bench.send("\r\n");
            }
            bench.send("\r\n");
            assertThat(bench.toServer(0)).startsWith("GET / ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBodyThatComesMoreSlowlyThanTheRateIsGivenUp(Ends ends) {
        try (Bench bench = bench(ends, Optional.empty())) {
            bench.send(put(100_000));
            for (int i = 0; i < 19; i++) {
                bench.send("x".repeat(50));
                bench.pass(1);
                assertThat(bench.toClient()).as("after %d s", i).isEmpty();
            }
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ").contains("Connection: close\r\n");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBodyThatComesAtTheRateMayTakeAsLongAsItDoes(Ends ends) {
        try (Bench bench = bench(ends, Optional.empty())) {
            bench.send(put(12_000));
            for (int i = 0; i < 120; i++) {
                bench.send("x".repeat(100));
                bench.pass(1);
            }
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    /** A client cannot send while the server takes nothing, and the time in which it could before is not forgotten. */
    @ParameterizedTest
    @EnumSource
    void theTimeInWhichAServerTakesNothingIsNotTheClients(Ends ends) {
        try (Bench bench = bench(ends, Optional.empty())) {
            bench.send(put(1_000_000));
            bench.pass(6);
            bench.opened.get(0).stalled(true);
            bench.send("x".repeat(70_000));
            assertThat(bench.client.config().isAutoRead()).isFalse();
            bench.pass(25);
            assertThat(bench.toClient()).isEmpty();
            bench.under(bench.opened.get(0), () -> bench.opened.get(0).stalled(false));
            assertThat(bench.client.config().isAutoRead()).isTrue();
            for (int i = 0; i < 700; i += 50) { // 70,000 bytes are 700 s, of which 6 are used, and 10 more
                bench.pass(50);
                bench.send("x");
                assertThat(bench.toClient()).as("after %d s", i).isEmpty();
            }
            bench.pass(10);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ");
            assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatWaitsToBeToldToGoOnIsNotSlow(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            bench.pass(25);
            bench.answer(0, "HTTP/1.1 100 Continue\r\n\r\n");
            bench.send("x");
            bench.pass(9);
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientWaitsForAConnectionAsLongAsThatTakes(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.connectLater = true;
            bench.send(put(5) + "x");
            bench.pass(100);
            assertThat(bench.toClient()).isEmpty();
            bench.connected(bench.connecting.remove());
            bench.settle();
            bench.pass(9);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ");
        }
    }

    /** Both sides speak as they like: that is how some protocols use a request. */
    @ParameterizedTest
    @EnumSource
    void aBodyWhoseAnswerHasBegunMayBeSlow(Ends ends) {
        try (Bench bench = bench(ends)) {
            bench.send(CHUNKED);
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            for (int i = 0; i < 5; i++) {
                bench.pass(50);
                bench.send("1\r\nx\r\n");
            }
            assertThat(bench.client.isOpen()).isTrue();
            assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isZero();
        }
    }
}
