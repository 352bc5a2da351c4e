package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.testkit.EmbeddedConnection;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Neither end reads faster than the other writes, neither is silent for ever, and draining ends what is idle. */
class FlowControlTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String LAST_GET = "GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    /** Too large to be joined: each is a piece of its own. */
    private static final String CHUNKS = ("401\r\n" + "x".repeat(0x401) + "\r\n").repeat(3);

    private static final int PIECE = 60_000;
    private static final String DATA = "x".repeat(PIECE);

    @ParameterizedTest
    @EnumSource
    void readsNoMoreOfAnAnswerThanTheClientTakes(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            EmbeddedConnection server = bench.opened.get(0);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: " + 3 * PIECE + "\r\n\r\n");
            bench.answer(0, DATA);
            bench.answer(0, DATA);
            assertThat(server.config().isAutoRead()).isFalse();
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(server.config().isAutoRead()).isTrue();
            bench.answer(0, DATA);
            assertThat(bench.toClient()).endsWith("\r\n\r\n" + DATA + DATA + DATA);
            assertThat(bench.idle).hasSize(1);
            assertThat(server.config().isAutoRead()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsNoMoreOfARequestThanTheServerTakes(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n");
            EmbeddedConnection server = bench.opened.get(0);
            bench.toServer(0);
            server.stalled(true);
            String chunk = Integer.toHexString(PIECE) + "\r\n" + DATA + "\r\n";
            bench.send(chunk);
            bench.send(chunk);
            assertThat(bench.client.config().isAutoRead()).isFalse();
            bench.under(server, () -> server.stalled(false));
            assertThat(bench.client.config().isAutoRead()).isTrue();
            bench.send(chunk + "0\r\n\r\n");
            assertThat(bench.toServer(0)).isEqualTo(chunk + chunk + chunk + "0\r\n\r\n");
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.idle).hasSize(1);
        }
    }

    /** Once a client that read nothing had each of its requests answered: what waited for it had no limit. */
    @ParameterizedTest
    @EnumSource
    void readsNoHeadWhileTheClientDoesNotTakeWhatWaitsForIt(Ends ends) {
        String answer = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + DATA.substring(0, 20_000);
        try (Bench bench = new Bench(ends)) {
            bench.client.stalled(true);
            bench.send(GET.repeat(10));
            int answered = 0;
            while (bench.count("baton_http_requests_total", "service", "shop") > answered) {
                bench.answer(0, answer);
                answered++;
            }
            assertThat(answered).isEqualTo(4); // the fourth is over the high-water mark of 64 KiB
            assertThat(bench.client.config().isAutoRead()).isFalse();
            assertThat(bench.client.isWritable()).isFalse();
            bench.under(bench.client, () -> bench.client.stalled(false));
            for (; answered < 10; answered++) {
                bench.answer(0, answer);
            }
            assertThat(bench.toClient()).isEqualTo(answer.repeat(10));
            assertThat(bench.client.config().isAutoRead()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatAsksAndDoesNotReadIsCut(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.client.stalled(true);
            bench.send(GET + GET + "GET /unfinished HT");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: " + PIECE + "\r\n\r\n" + DATA);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: " + PIECE + "\r\n\r\n" + DATA);
            bench.pass(50);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(30);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.CLIENT_STALLED)).isEqualTo(1);
        }
    }

    /**
     * 60 KB are below the high-water mark: the connection can be written to, and once was closed as idle for all that.
     */
    @ParameterizedTest
    @EnumSource
    void aClientThatTakesTheEndOfItsAnswerSlowlyIsNotIdle(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: " + PIECE + "\r\n\r\n" + DATA);
            bench.pass(45);
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ZERO));
            bench.pass(40);
            assertThat(bench.client.isOpen()).isTrue();
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(bench.toClient()).endsWith(DATA);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void interimAnswersAskForRoomToo(Ends ends) {
        String interim = "HTTP/1.1 103 Early Hints\r\nLink: " + DATA.substring(0, 4000) + "\r\n\r\n";
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            EmbeddedConnection server = bench.opened.get(0);
            bench.client.stalled(true);
            int sent = 0;
            while (server.config().isAutoRead() && sent < 40) {
                bench.answer(0, interim);
                sent++;
            }
            assertThat(sent).isEqualTo(16); // over the high-water mark of 64 KiB
            bench.answer(0, interim.repeat(3) + OK);
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(bench.toClient()).isEqualTo(interim.repeat(sent + 3) + OK);
            assertThat(bench.idle).hasSize(1);
        }
    }

    /** What has been read waits with its reader when the other end is full: it once went on into that end's queue. */
    @Test
    void aReadIsHandedOverOnlyAsFarAsTheClientTakesIt() {
        String answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS.repeat(50) + "0\r\n\r\n";
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(GET);
            bench.client.stalled(true);
            bench.answer(0, answer);
            assertThat(bench.client.unsafe().outboundBuffer().totalPendingWriteBytes())
                    .isLessThan(80 * 1024);
            bench.under(bench.client, () -> bench.client.stalled(false));
            bench.settle();
            assertThat(bench.toClient()).isEqualTo(answer);
            assertThat(bench.idle).hasSize(1);
        }
    }

    @Test
    void aReadIsHandedOverOnlyAsFarAsTheServerTakesIt() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n");
            bench.toServer(0);
            EmbeddedConnection server = bench.opened.get(0);
            server.stalled(true);
            bench.send(CHUNKS.repeat(50) + "0\r\n\r\n" + GET);
            assertThat(server.unsafe().outboundBuffer().totalPendingWriteBytes())
                    .isLessThan(80 * 1024);
            bench.under(server, () -> server.stalled(false));
            bench.settle();
            assertThat(bench.toServer(0)).isEqualTo(CHUNKS.repeat(50) + "0\r\n\r\n");
            bench.answer(0, OK);
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK + OK);
        }
    }

    /** What the server has sent before it was gone arrives, though the client takes it only later. */
    @ParameterizedTest
    @EnumSource
    void whatWaitsForTheClientSurvivesTheEndOfItsServer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.client.stalled(true);
            String head = "HTTP/1.1 200 OK\r\n\r\n";
            bench.answer(0, head + DATA);
            bench.answer(0, DATA);
            bench.answer(0, DATA);
            bench.hangUp(bench.opened.get(0));
            bench.under(bench.client, () -> bench.client.stalled(false));
            String chunk = Integer.toHexString(PIECE) + "\r\n" + DATA + "\r\n";
            assertThat(bench.toClient().replaceFirst("(?s).*?\r\n\r\n", "").length())
                    .isGreaterThan(3 * PIECE)
                    .isLessThanOrEqualTo(3 * chunk.length() + 5);
        }
    }

    /**
     * Once each piece asked for the next, and the answer to that found the connection idle: it was busy for its taker.
     */
    @ParameterizedTest
    @EnumSource
    void nothingIsQueuedInAConnectionThatIsIdle(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET + GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n");
            bench.answer(0, OK);
            assertThat(bench.toClient()).endsWith(OK);
            assertThat(bench.opened).hasSize(1);
        }
    }

    /** Once the first piece of a read let the next read begin while the others waited: that queue had no limit. */
    @Test
    void asksForMoreOfARequestOnlyWhenAllPiecesOfOneReadHaveArrived() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n");
            bench.arrive(bench.client, CHUNKS);
            EmbeddedConnection server = bench.opened.get(0);
            assertAsksOnceAtTheEnd(bench.client, server);
            assertThat(bench.toServer(0)).endsWith(CHUNKS);
        }
    }

    @Test
    void asksForMoreOfAnAnswerOnlyWhenAllPiecesOfOneReadHaveArrived() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            EmbeddedConnection server = bench.opened.get(0);
            bench.arrive(server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS);
            assertAsksOnceAtTheEnd(server, bench.client);
            assertThat(bench.toClient()).endsWith("\r\n\r\n" + CHUNKS);
        }
    }

    private static void assertAsksOnceAtTheEnd(EmbeddedConnection from, EmbeddedConnection to) {
        int pieces = 0;
        while (to.runOnePosted()) {
            pieces++;
            assertThat(from.config().isAutoRead()).isFalse();
            assertThat(from.hasPosted()).isEqualTo(!to.hasPosted());
        }
        assertThat(pieces).isGreaterThan(3);
        from.runPosted();
        assertThat(from.config().isAutoRead()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void doesNotReuseAConnectionThatHasNotTakenTheWholeRequest(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: " + PIECE + "\r\n\r\n");
            EmbeddedConnection server = bench.opened.get(0);
            server.stalled(true);
            bench.send(DATA);
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.idle).isEmpty();
            assertThat(server.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersForAServerThatIsSilent(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.pass(29);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ").doesNotContain("Connection:");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.RESPONSE_TIMEOUT)).isEqualTo(1);
            bench.send(GET);
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyByteOfAnAnswerGivesTheServerMoreTime(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            for (int i = 0; i < 4; i++) {
                bench.pass(25);
                bench.answer(0, "x");
            }
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(31);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.toClient()).endsWith("xxxx");
        }
    }

    @ParameterizedTest
    @EnumSource
    void givesUpOnAHeadThatDoesNotEnd(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.pass(55);
            bench.send("GET / HT");
            for (int i = 0; i < 3; i++) {
                bench.pass(3);
                bench.send("T");
            }
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ").contains("Connection: close\r\n");
            assertThat(bench.refusals(Refusal.REQUEST_TIMEOUT)).isEqualTo(1);
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void givesUpOnABodyThatDoesNotCome(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nx");
            bench.pass(59);
            bench.send("x");
            bench.pass(59);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ").contains("Connection: close\r\n");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesAConnectionThatNobodyUses(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.pass(50);
            bench.send(GET);
            bench.answer(0, OK);
            bench.pass(59);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void cutsAClientThatDoesNotReadButNotASlowOne(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + DATA);
            bench.answer(0, DATA);
            bench.pass(59);
            bench.under(bench.client, () -> {
                bench.client.stalled(false);
                bench.client.stalled(true);
            });
            bench.answer(0, DATA);
            bench.answer(0, DATA);
            bench.pass(50);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(20);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.CLIENT_STALLED)).isEqualTo(1);
        }
    }

    /** Once a client that read slowly lost the end of an answer that closes the connection: it had a second for it. */
    @ParameterizedTest
    @EnumSource
    void theEndOfTheLastAnswerHasAsMuchTimeAsTheRest(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(LAST_GET);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: " + PIECE + "\r\n\r\n" + DATA);
            bench.pass(50);
            assertThat(bench.client.isOpen()).isTrue();
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(bench.toClient()).endsWith("\r\n\r\n" + DATA);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRefusalHasAsMuchTimeAsAnAnswerBeforeTheClientIsCutOff(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.client.stalled(true);
            bench.send("nonsense\r\n\r\n");
            bench.pass(50);
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ");
            assertThat(bench.client.isOutputShutdown()).isTrue();
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void cutsAClientThatDoesNotReadItsLastAnswer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(LAST_GET);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: " + PIECE + "\r\n\r\n" + DATA);
            bench.pass(80);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.CLIENT_STALLED)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingClosesAnIdleConnectionAtOnce(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ZERO));
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingWithPatienceAnswersOneMoreRequest(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.pass(4);
            assertThat(bench.client.isOpen()).isTrue();
            bench.send(GET);
            bench.pass(10); // what is under way is not hurried
            assertThat(bench.client.isOpen()).isTrue();
            bench.answer(0, OK);
            assertThat(bench.toClient()).contains("Connection: close\r\n").endsWith("hello");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingWithPatienceClosesAnIdleConnectionWhenThatIsOver(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.pass(4);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(1);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingLetsAnExchangeEnd(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ZERO));
            assertThat(bench.client.isOpen()).isTrue();
            bench.answer(0, OK);
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingLetsAHeadArriveThatHasBegun(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.1\r\n");
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ZERO));
            bench.send("Host: shop\r\n\r\n");
            bench.answer(0, OK);
            assertThat(bench.toClient()).contains("Connection: close\r\n").endsWith("hello");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingInTheMiddleOfAnAnswerClosesAfterIt(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ZERO));
            bench.answer(0, "llo");
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** Its head has said that the connection stays: the client hears otherwise with one more answer. */
    @ParameterizedTest
    @EnumSource
    void drainingWithPatienceInTheMiddleOfAnAnswerAnswersOneMoreRequest(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.pass(3);
            bench.answer(0, "llo");
            assertThat(bench.toClient()).isEqualTo(OK);
            bench.pass(1);
            assertThat(bench.client.isOpen()).isTrue();
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).contains("Connection: close\r\n").endsWith("hello");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** The patience counts from the drain: a grace time that depends on it is kept. */
    @ParameterizedTest
    @EnumSource
    void drainingWithPatienceInTheMiddleOfAnAnswerClosesWhenThatIsOver(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.pass(3);
            bench.answer(0, "llo");
            bench.pass(1);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(1);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void drainingWithPatienceClosesAfterAnAnswerThatTakesLonger(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.pass(8);
            assertThat(bench.client.isOpen()).isTrue();
            bench.answer(0, "llo");
            bench.pass(1);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }
}
