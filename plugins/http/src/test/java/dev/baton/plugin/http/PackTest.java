package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.plugin.http.Bench.Asking;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.service.Packed;
import dev.baton.testkit.EmbeddedConnection;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Clients' connections between two requests go to the next process: one bench is the old process, the other the new
 * one. That the old one gives everything back is checked by every {@link Bench#close}.
 */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class PackTest {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static final String SERVER_CLOSES = "Connection: close";

    static Packed packed(Bench bench) {
        Packed packed = bench.pack(bench.client, bench.asking());
        assertThat(packed).isNotIn(Packed.NOT_NOW, Packed.NEVER);
        assertThat(bench.client.isOpen()).isFalse();
        assertThat(bench.client.heldHeap() + bench.client.heldDirect()).isZero();
        assertThat(bench.toClient()).as("a word to the client").isEmpty();
        for (String how : List.of("client_aborted", "cut", "server_aborted")) {
            assertThat(aborts(bench, how)).isZero();
        }
        assertThat(bench.service.unpacks(packed.state())).isTrue();
        return packed;
    }

    static long aborts(Bench bench, String how) {
        return bench.count("baton_http_aborts_total", "service", "shop", "route", "*", "how", how);
    }

    private static void assertServes(Bench bench, EmbeddedConnection client, String rest) {
        bench.receive(client, rest);
        bench.answer(bench.opened.size() - 1, OK);
        assertThat(Bench.undated(bench.out(client))).isEqualTo(OK);
    }

    @ParameterizedTest
    @EnumSource
    void anIdleConnectionContinues(Ends ends) {
        try (Bench old = new Bench(ends);
                Bench next = new Bench(ends)) {
            old.warmUp();
            Packed packed = packed(old);
            assertThat(packed.companions()).isEmpty();
            EmbeddedConnection client = next.unpack(packed, false);
            assertThat(next.service.idleNanos(client)).isNotNegative();
            assertServes(next, client, GET);
            assertServes(next, client, GET);
            assertThat(next.count("baton_http_requests_total", "service", "shop"))
                    .isEqualTo(2);
            assertThat(old.idle).as("the server's connection stays").hasSize(1);
        }
    }

    @Test
    void aConnectionComesBackIfTheOtherProcessDoesNotTakeIt() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.warmUp();
            assertServes(bench, bench.unpack(packed(bench), false), GET);
        }
    }

    /** What had remained of a time limit is what remains of it. */
    @Test
    void timeLimitsContinue() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.pass(50);
            EmbeddedConnection fresh = next.unpack(packed(old), false);
            next.pass(9);
            assertThat(fresh.isOpen()).isTrue();
            next.pass(2);
            assertThat(fresh.isOpen()).as("60 s without a first request").isFalse();
        }
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.warmUp();
            old.pass(30);
            EmbeddedConnection idle = next.unpack(packed(old), false);
            assertThat(Duration.ofNanos(next.service.idleNanos(idle))).isEqualTo(Duration.ofSeconds(30));
            next.pass(29);
            assertThat(idle.isOpen()).isTrue();
            next.pass(2);
            assertThat(idle.isOpen()).as("60 s without a further request").isFalse();
        }
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.pass(8);
            old.send("GET / HTTP/1.1\r\nHo");
            old.pass(6);
            EmbeddedConnection slow = next.unpack(packed(old), false);
            next.pass(3);
            assertThat(slow.isOpen()).isTrue();
            next.pass(2);
            assertThat(next.out(slow)).as("10 s for a head").startsWith("HTTP/1.1 408 ");
            assertThat(next.refusals(Refusal.REQUEST_TIMEOUT)).isOne();
        }
    }

    /** Whole lines of it have been decoded by then, and the decoder cannot be packed. */
    @Test
    void aHeadThatHasBegunContinues() {
        String request = "\r\nPOST /a?b HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nX-A:  two \r\nContent-Length: 2\r\n\r\nhi";
        String asked = "POST /a?b HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nX-A: two\r\n"
                + "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\nContent-Length: 2\r\n\r\nhi";
        for (int cut = 1; cut < request.indexOf("\r\n\r\nhi"); cut++) {
            try (Bench old = new Bench(Ends.TOGETHER);
                    Bench next = new Bench(Ends.TOGETHER)) {
                for (int i = 0; i < cut; i++) {
                    old.send(request.substring(i, i + 1)); // as many reads as there can be
                }
                Packed packed = packed(old);
                assertThat(old.opened).isEmpty();
                EmbeddedConnection client = next.unpack(packed, false);
                next.receive(client, request.substring(cut));
                assertThat(next.toServer(0)).as("cut at %s", cut).isEqualTo(asked);
                next.answer(0, OK);
                assertThat(Bench.undated(next.out(client))).isEqualTo(OK);
            }
        }
    }

    /** Through three processes, and of a size that no buffer has by itself. */
    @Test
    void aLongHeadContinuesTwice() {
        String fields = "X: " + "x".repeat(9000) + "\r\n";
        try (Bench first = new Bench(Ends.TOGETHER, new ByteSize(64 * 1024));
                Bench second = new Bench(Ends.TOGETHER, new ByteSize(64 * 1024));
                Bench third = new Bench(Ends.TOGETHER, new ByteSize(64 * 1024))) {
            first.send("GET / HTTP/1.1\r\nHost: shop\r\n" + fields);
            first.send(fields + "Y: ");
            EmbeddedConnection client = second.unpack(packed(first), false);
            second.receive(client, fields + fields);
            Packed again = second.pack(client, second.asking());
            client = third.unpack(again, false);
            third.receive(client, "\r\n");
            assertThat(third.toServer(0)).contains("\r\n" + fields + fields + "Y: " + fields + fields + "X-Forwarded");
        }
    }

    /** A client that takes nothing has sent more requests, the first of which has to wait in its new process, too. */
    @Test
    void requestsThatWaitComeAlong() {
        String large = "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + "x".repeat(200_000);
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.client.stalled(true);
            old.send(GET + "GET /next HTTP/1.1\r\nHost: shop\r\n\r\nGET /last HTTP/1.1\r\nHost: shop\r\n\r\n");
            old.answer(0, large);
            assertThat(old.opened).hasSize(1);
            EmbeddedConnection client = next.unpack(packed(old), true);
            assertThat(next.opened).as("the client has not taken the answer").isEmpty();
            assertThat(client.config().isAutoRead()).isFalse();
            next.under(client, () -> client.stalled(false));
            assertThat(next.out(client)).isEqualTo("x".repeat(Bench.UNSENT));
            assertThat(next.toServer(0)).startsWith("GET /next ").doesNotContain("/last");
            next.answer(0, OK);
            assertThat(next.toServer(0)).startsWith("GET /last ");
            next.answer(0, OK);
            assertThat(Bench.undated(next.out(client))).isEqualTo(OK + OK);
            assertThat(client.config().isAutoRead()).isTrue();
        }
    }

    /** HTTP/2 without TLS: its first bytes may have come in two processes. */
    @Test
    void aPrefaceThatHasBegunContinues() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.send("PRI * HTTP/2.0\r\n");
            EmbeddedConnection client = next.unpack(packed(old), false);
            next.receive(client, "\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0");
            assertThat(next.out(client)).as("SETTINGS").startsWith("\0\0");
            assertThat(client.isOpen()).isTrue();
            assertThat(next.pack(client, next.asking())).isEqualTo(Packed.NEVER);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anExchangeIsWaitedForAndItsClientIsNotToldToClose(Ends ends) {
        try (Bench old = new Bench(ends);
                Bench next = new Bench(ends)) {
            Asking asking = old.asking();
            old.send(GET);
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK.substring(0, OK.length() - 1));
            assertThat(old.pack(old.client, asking)).as("in the middle").isEqualTo(Packed.NOT_NOW);
            assertThat(asking.again).isZero();
            old.answer(0, "o");
            assertThat(asking.again).isOne();
            assertThat(old.toClient()).isEqualTo(OK);
            assertServes(next, next.unpack(packed(old), false), GET);
        }
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: shop\r\n\r\n";
    }

    /** Of a client that always has sent one request more, a boundary would be over before anybody can ask. */
    @ParameterizedTest
    @EnumSource
    void aClientThatPipelinesAllTheTimeGoesAtABoundaryToo(Ends ends) {
        try (Bench old = new Bench(ends);
                Bench next = new Bench(ends)) {
            Asking asking = old.asking();
            old.send(get("/1") + get("/2") + get("/3").substring(0, 9));
            assertThat(old.toServer(0)).startsWith("GET /1 ").doesNotContain("/2");
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK);
            assertThat(asking.again).isOne();
            assertThat(old.toClient()).isEqualTo(OK);
            old.send(get("/3").substring(9) + get("/4"));
            assertThat(old.toServer(0)).as("what the old process has begun").isEmpty();
            assertThat(old.client.config().isAutoRead()).isFalse();
            EmbeddedConnection client = next.unpack(packed(old), false);
            for (int i = 2; i <= 4; i++) {
                assertThat(next.toServer(next.opened.size() - 1)).startsWith("GET /" + i + " ");
                next.answer(next.opened.size() - 1, OK);
            }
            assertThat(Bench.undated(next.out(client))).isEqualTo(OK.repeat(3));
            assertServes(next, client, GET);
            old.pass(1);
        }
    }

    private static Bench filtered(Ends ends) {
        ScriptedFilter filter = new ScriptedFilter("a", new ArrayList<>());
        return new Bench(
                ends, Bench.config(true, List.of(FilterScene.choice("a", OnFailure.REFUSE))), Map.of("a", filter));
    }

    /** Filters have seen the end of what they have seen begin. */
    @ParameterizedTest
    @EnumSource
    void anIdleConnectionOfARouteWithFiltersContinues(Ends ends) {
        try (Bench old = filtered(ends);
                Bench next = filtered(ends)) {
            assertServes(old, old.client, GET);
            old.send(GET);
            old.answer(0, OK.substring(0, OK.length() - 1));
            old.answer(0, "o");
            assertThat(old.toClient()).isEqualTo(OK);
            assertServes(next, next.unpack(packed(old), false), GET);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatPipelinesInARouteWithFiltersGoesAtABoundaryToo(Ends ends) {
        try (Bench old = filtered(ends);
                Bench next = filtered(ends)) {
            Asking asking = old.asking();
            old.send(get("/1") + get("/2"));
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK);
            assertThat(asking.again).isOne();
            assertThat(old.toClient()).isEqualTo(OK);
            EmbeddedConnection client = next.unpack(packed(old), false);
            assertThat(next.toServer(0)).startsWith("GET /2 ");
            next.answer(0, OK);
            assertThat(Bench.undated(next.out(client))).isEqualTo(OK);
            old.pass(1);
        }
    }

    /** Whoever asks never gets it, and asks again and again: the client does not wait before each request. */
    @ParameterizedTest
    @EnumSource
    void requestsAreHeldAFewTimesOnly(Ends ends) {
        try (Bench old = new Bench(ends)) {
            int requests = 10;
            StringBuilder all = new StringBuilder();
            for (int i = 0; i < requests; i++) {
                all.append(get("/" + i));
            }
            Asking asking = old.asking();
            old.send(all.toString());
            int held = 0;
            for (int i = 0; i < requests; i++) {
                String asked = old.toServer(0);
                if (asked.isEmpty()) {
                    held++;
                    old.pass(1);
                    asked = old.toServer(0);
                }
                assertThat(asked).startsWith("GET /" + i + " ");
                assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
                old.answer(0, OK);
            }
            assertThat(held).isEqualTo(3);
            assertThat(asking.again).isEqualTo(requests);
            assertThat(old.toClient()).isEqualTo(OK.repeat(requests));
            packed(old);
        }
    }

    /** Whoever was told does not come, or has no room for it: the client notices a short pause, once. */
    @ParameterizedTest
    @EnumSource
    void requestsThatAreHeldForNobodyContinue(Ends ends) {
        try (Bench old = new Bench(ends)) {
            Asking asking = old.asking();
            old.send(get("/1") + get("/2") + get("/3"));
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK);
            old.toServer(0);
            old.pass(1);
            assertThat(old.toServer(0)).startsWith("GET /2 ");
            old.answer(0, OK);
            assertThat(old.toServer(0)).as("at once").startsWith("GET /3 ");
            old.answer(0, OK);
            assertThat(old.toClient()).isEqualTo(OK.repeat(3));
            assertThat(old.client.config().isAutoRead()).isTrue();
            assertThat(asking.again).isOne();
        }
    }

    /** The client goes, or the process ends, while a request is held. */
    @Test
    void whatIsHeldEndsWithItsConnection() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            old.send(get("/1") + get("/2"));
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK);
            old.cut(old.client);
            old.pass(1);
            assertThat(old.client.heldHeap() + old.client.heldDirect()).isZero();
        }
        try (Bench old = new Bench(Ends.TOGETHER)) {
            old.send(get("/1") + get("/2") + get("/3"));
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK);
            old.under(old.client, () -> old.service.drain(old.client, Duration.ZERO));
            old.toServer(0);
            old.pass(1);
            assertThat(old.toServer(0)).startsWith("GET /2 ");
            old.answer(0, OK);
            assertThat(old.toClient()).startsWith(OK).contains(SERVER_CLOSES);
        }
    }

    /** A boundary comes when both messages are complete. */
    @Test
    void aRequestWhoseBodyIsMissingIsNoBoundary() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            Asking asking = old.asking();
            old.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n1");
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.send("2");
            assertThat(old.pack(old.client, asking)).as("without an answer").isEqualTo(Packed.NOT_NOW);
            assertThat(asking.again).isZero();
            old.answer(0, OK);
            assertThat(asking.again).as("asked for once, whoever asked last").isOne();
            assertThat(old.toClient()).isEqualTo(OK);
            packed(old);
        }
    }

    /** Also where the service answers by itself. */
    @Test
    void aRefusedRequestIsABoundaryToo() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            Asking asking = old.asking();
            old.connectLater = true;
            old.send(GET);
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.under(old.client, () -> old.connecting.remove().failed(new ConnectException("refused")));
            assertThat(old.toClient()).startsWith("HTTP/1.1 502 ").doesNotContain(SERVER_CLOSES);
            assertThat(asking.again).isOne();
            packed(old);
        }
    }

    /** Without an upgrade any longer, the connection goes on as before. */
    @Test
    void whoAsksOnceIsToldOnce() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            Asking asking = old.asking();
            old.send(GET);
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.answer(0, OK);
            for (int i = 0; i < 3; i++) {
                old.send(GET);
                old.answer(0, OK);
            }
            assertThat(asking.again).isOne();
            assertThat(old.toClient()).isEqualTo(OK.repeat(4));
        }
    }

    @Test
    void whatEndsAnywayStays() {
        try (Bench old = new Bench(Ends.TOGETHER)) {
            old.warmUp();
            old.under(old.client, () -> old.service.drain(old.client, Duration.ofSeconds(5)));
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NOT_NOW);
            assertThat(old.client.isOpen()).isTrue();
        }
        try (Bench old = new Bench(Ends.TOGETHER)) {
            old.send("nonsense\r\n\r\n");
            assertThat(old.toClient()).contains(SERVER_CLOSES);
            assertThat(old.client.isOpen()).as("half open").isTrue();
            assertThat(old.pack(old.client, old.asking())).isEqualTo(Packed.NOT_NOW);
        }
    }

    /** A head of half a megabyte does not go: it is asked for again when it is whole. */
    @Test
    void whatIsTooLongStaysForNow() {
        try (Bench old = new Bench(Ends.TOGETHER, new ByteSize(1024 * 1024))) {
            Asking asking = old.asking();
            old.send("GET / HTTP/1.1\r\nHost: shop\r\nX: " + "x".repeat(300_000));
            assertThat(old.pack(old.client, asking)).isEqualTo(Packed.NOT_NOW);
            old.send("\r\n\r\n");
            old.answer(0, OK);
            assertThat(asking.again).isOne();
            assertThat(old.toClient()).isEqualTo(OK);
            packed(old);
        }
    }

    @Test
    void aStateThatDoesNotFitItsCompanionsIsRefused() {
        try (Bench old = new Bench(Ends.TOGETHER);
                Bench next = new Bench(Ends.TOGETHER)) {
            old.warmUp();
            Packed packed = packed(old);
            Packed wrong = Packed.of(packed.state(), old.client);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> next.unpack(wrong, false))
                    .withMessageContaining("companions");
        }
    }
}
