package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.config.ByteSize;
import dev.baton.testkit.EmbeddedConnection;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What an exchange keeps while it waits is told to the channel, and nothing is kept by one that does not wait; who
 * holds too much is told so where that is possible. That all of it is given back at the end is checked by every
 * {@link Bench#close}.
 */
class HeldMemoryTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static final ByteSize LIMIT = new ByteSize(64 * 1024);
    private static final String FIELD = "X: " + "x".repeat(30_000) + "\r\n";

    private static long held(EmbeddedConnection connection) {
        return connection.heldHeap() + connection.heldDirect();
    }

    private static boolean evict(Bench bench, EmbeddedConnection connection) {
        Eviction eviction = new Eviction();
        bench.under(connection, () -> connection.pipeline().fireUserEventTriggered(eviction));
        return eviction.isTaken();
    }

    @ParameterizedTest
    @EnumSource
    void smallRequestsAndAnswersHoldNothing(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            assertThat(held(bench.client)).isZero();
            bench.answer(0, OK);
            assertThat(held(bench.client) + held(bench.opened.get(0))).isZero();
        }
    }

    @Test
    void anUnfinishedHeadIsHeldUntilItIsWhole() {
        try (Bench bench = new Bench(Ends.TOGETHER, LIMIT)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\nX: " + "x".repeat(30_000));
            assertThat(bench.client.heldDirect()).isBetween(30_000L, 70_000L);
            bench.send("\r\n");
            assertThat(bench.client.heldDirect()).as("as it came").isBetween(30_000L, 70_000L);
            assertThat(bench.client.heldHeap()).isZero();
            bench.send("\r\n");
            assertThat(bench.client.heldDirect()).isZero();
            assertThat(bench.client.heldHeap()).as("the head of an exchange").isBetween(30_000L, 40_000L);
            bench.answer(0, OK);
            assertThat(held(bench.client)).isZero();
            bench.send("GET / HTTP");
            assertThat(held(bench.client)).isPositive();
        }
    }

    @Test
    void whatWaitsForTheOtherEndIsHeld() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(GET + "GET /next");
            assertThat(bench.client.heldDirect()).isPositive();
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + "x".repeat(70_000));
            bench.answer(0, "x".repeat(70_000));
            assertThat(bench.opened.get(0).heldDirect()).isGreaterThanOrEqualTo(70_000);
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(bench.opened.get(0).heldDirect()).isZero();
        }
    }

    /** Once what had been used of it stayed in front of what waited: the buffer grew with each read. */
    @Test
    void whatWaitsDoesNotGrowWithWhatWasUsed() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            String rest = GET.substring(0, 10);
            bench.send(rest);
            for (int read = 0; read < 100; read++) {
                bench.send(GET.substring(10) + GET.repeat(9) + rest);
                for (int i = 0; i < 10; i++) {
                    bench.answer(0, OK);
                }
                assertThat(bench.toClient()).isEqualTo(OK.repeat(10));
                assertThat(bench.client.heldDirect()).isLessThan(20L * GET.length());
            }
            bench.send(GET.substring(10));
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5");
            for (int read = 0; read < 100; read++) {
                bench.answer(0, "\r\nhello\r\n5");
                assertThat(bench.opened.get(0).heldDirect()).isLessThan(100);
            }
        }
    }

    @Test
    void anUnfinishedHeadOfAServerIsHeld() {
        try (Bench bench = new Bench(Ends.TOGETHER, LIMIT)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\n" + FIELD);
            assertThat(held(bench.opened.get(0))).isGreaterThanOrEqualTo(FIELD.length());
            bench.answer(0, "Content-Length: 0\r\n\r\n");
            assertThat(held(bench.opened.get(0))).isZero();
        }
    }

    @Test
    void anUnfinishedHeadThatIsEvictedIsAnswered() {
        try (Bench bench = new Bench(Ends.TOGETHER, LIMIT)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + FIELD + "Y: ");
            assertThat(evict(bench, bench.client)).isTrue();
            assertThat(held(bench.client)).isZero();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 431 ").contains("Connection: close\r\n");
            assertThat(bench.refusals(Refusal.HEAD_EVICTED)).isEqualTo(1);
            bench.send(FIELD);
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoFindsNoRoomIsAnsweredAtOnce(Ends ends) {
        try (Bench bench = new Bench(ends, LIMIT)) {
            bench.client.noRoom(true);
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + FIELD);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 431 ");
            assertThat(held(bench.client)).isZero();
            EmbeddedConnection other = bench.anotherClient();
            bench.receive(other, GET);
            bench.opened.get(0).noRoom(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\n" + FIELD);
            assertThat(bench.out(other)).startsWith("HTTP/1.1 503 ");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void anExchangeThatIsEvictedBeforeItsAnswerIsAnswered(Ends ends) {
        try (Bench bench = new Bench(ends, LIMIT)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 99\r\n" + FIELD + "\r\nbody");
            assertThat(evict(bench, bench.client)).isTrue();
            assertThat(held(bench.client)).isZero();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ").contains("Connection: close\r\n");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.EVICTED)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerThatIsEvictedIsCut(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhello");
            assertThat(evict(bench, bench.client)).isTrue();
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.client.config().getSoLinger()).isZero();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theClientOfAServerThatIsEvictedIsAnswered(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nX: unfinished");
            assertThat(evict(bench, bench.opened.get(0))).isTrue();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertThat(bench.client.isOpen()).isTrue();
        }
    }
}
