package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through the proxy, with both ends on one loop and on two (row F4: neither touches the other's state). */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class ExchangeTest {
    private static final String GET = "GET /a?b=c HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static final String FORWARDED =
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n";

    @ParameterizedTest
    @EnumSource
    void passesARequestAndItsAnswerOnAndKeepsBothConnections(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            for (int i = 0; i < 3; i++) {
                bench.send(GET);
                assertThat(bench.toServer(0)).isEqualTo("GET /a?b=c HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "\r\n");
                bench.answer(0, OK);
                assertThat(bench.toClient()).isEqualTo(OK);
                assertThat(bench.idle).hasSize(1);
            }
            assertThat(bench.opened).hasSize(1);
            assertThat(bench.client.isOpen()).isTrue();
            assertThat(bench.count("baton_http_requests_total", "service", "shop"))
                    .isEqualTo(3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesOutWhatEndsAtThisHop(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(
                    "GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, X-Mine , keep-alive\r\nUpgrade: websocket\r\n"
                            + "X-Mine: 1\r\nKeep-Alive: 5\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nProxy-Connection: x\r\nProxy: evil\r\n"
                            + "Accept: */*\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n"
                            + "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nCookie: a\r\n\r\n");
            assertThat(bench.toServer(0))
                    .isEqualTo("GET / HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\nCookie: a\r\n"
                            + "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\n"
                            + "X-Forwarded-Proto: http\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
            bench.answer(
                    0,
                    "HTTP/1.1 200 Fine\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
                            + "Upgrade: h2c\r\nProxy-Authentication-Info: x\r\nTE: trailers\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 Fine\r\nServer: s\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
                            + "Content-Length: 0\r\n\r\n");
            assertThat(bench.idle).hasSize(1);
        }
    }

    @Test
    void tellsThoseWhoWatchOfEachExchange() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET /unseen HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            assertThat(bench.reported).isEmpty();
            bench.watched = true;
            bench.send("GET /cart?token=x HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.reported).isEmpty();
            bench.answer(0, "HTTP/1.1 404 Gone\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(bench.reported).singleElement().satisfies(exchange -> {
                assertThat(exchange.service()).isEqualTo("shop");
                assertThat(exchange.method()).isEqualTo("GET");
                assertThat(exchange.path()).isEqualTo("/cart");
                assertThat(exchange.status()).isEqualTo(404);
                assertThat(exchange.responseBytes()).isEqualTo(5);
                assertThat(exchange.client()).isEqualTo("192.0.2.1");
                assertThat(exchange.server()).isNotNull();
                assertThat(exchange.firstByteNanos()).isBetween(0L, exchange.totalNanos());
                assertThat(exchange.outcome()).isEqualTo("complete");
            });
        }
    }

    /** A program that gets fields as variables cannot tell these from the ones that the proxy sets or takes out. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "X_Forwarded_For",
                "x-forwarded_for",
                "X_FORWARDED-PROTO",
                "X_Forwarded_Host",
                "Keep_Alive",
                "Proxy_Connection",
                "Proxy_Authorization",
                "Proxy_Authenticate",
                "Proxy-Authentication_Info",
                "HTTP2_Settings",
                "Max_Forwards"
            })
    void leavesOutWhatLooksLikeAFieldThatTheProxyActsOn(String name) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\n" + name + ": evil\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "0\r\n" + name + ": evil\r\n\r\n");
            assertThat(bench.toServer(0))
                    .isEqualTo("PUT / HTTP/1.1\r\nHost: shop\r\n" + FORWARDED
                            + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\n" + name + ": evil\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"X_Forward_Foo", "X-Real_IP", "Content_Type", "_", "X_Forwardet_For_", "Te_"})
    void passesOtherUnderscoresOn(String name) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + name + ": a\r\n\r\n");
            assertThat(bench.toServer(0)).contains("\r\n" + name + ": a\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesOutOfAnAnswerWhatLooksLikeItsLength(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(
                    0,
                    "HTTP/1.1 200 OK\r\nContent_Length: 3\r\nTransfer_Encoding: x\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "trailers, true",
        "'gzip;q=0.5, Trailers', true",
        "gzip, false",
        "trailersx, false",
        "trailers;q=1, false"
    })
    void saysThatItTakesTrailersIfTheClientDoes(String te, boolean takes) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET /a?b=c HTTP/1.1\r\nHost: shop\r\nConnection: TE\r\nTE: " + te + "\r\n\r\n");
            assertThat(bench.toServer(0))
                    .isEqualTo("GET /a?b=c HTTP/1.1\r\nHost: shop\r\n" + FORWARDED
                            + (takes ? "TE: trailers\r\nConnection: TE\r\n" : "") + "\r\n");
        }
    }

    /** RFC 9110, section 7.6.1: header or trailer fields. */
    @ParameterizedTest
    @EnumSource
    void leavesOutTrailersThatConnectionNames(Ends ends) {
        String message = "Host: shop\r\nConnection: close, x-mine\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\nX-Mine: 1\r\nX-Other: 2\r\n\r\n";
        try (Bench bench = new Bench(ends)) {
            bench.send("PUT / HTTP/1.1\r\n" + message);
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n3\r\nabc\r\n0\r\nX-Other: 2\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\n" + message);
            assertThat(bench.toClient()).endsWith("\r\n\r\n3\r\nabc\r\n0\r\nX-Other: 2\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void leavesOutOfWhatComesBeforeAnAnswerWhatEndsAtThisHop(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(
                    0,
                    "HTTP/1.1 103 Early Hints\r\nConnection: x-hop\r\nX-Hop: 1\r\nContent-Length: 3\r\n"
                            + "Keep-Alive: x\r\nLink: </a>\r\n\r\n" + OK);
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK);
        }
    }

    /** Each option is looked for among all fields: a long list of them must not keep a loop busy. */
    @ParameterizedTest
    @EnumSource
    void refusesMoreConnectionOptionsThanFields(Ends ends) {
        String options = "Connection: a" + ",a".repeat(256) + "\r\n";
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n" + options + "\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ");
            assertThat(bench.asked).isEmpty();
        }
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\n" + options + "Content-Length: 0\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.refusals(Refusal.BAD_RESPONSE)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotLetConnectionNameAwayWhatTheProxyDependsOn(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("POST / HTTP/1.1\r\nHost: shop\r\nConnection: host, content-length, x-forwarded-for\r\n"
                    + "X-Forwarded-For: 10.0.0.1\r\nContent-Length: 2\r\n\r\nhi");
            assertThat(bench.toServer(0))
                    .isEqualTo("POST / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: 192.0.2.1\r\n"
                            + "X-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\nContent-Length: 2\r\n\r\nhi");
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamsBodiesOfKnownLength(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("PUT /x HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\n012");
            assertThat(bench.toServer(0)).endsWith("Content-Length: 10\r\n\r\n012");
            bench.send("3456");
            assertThat(bench.toServer(0)).isEqualTo("3456");
            bench.send("789");
            assertThat(bench.toServer(0)).isEqualTo("789");
            bench.answer(0, "HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\n");
            bench.answer(0, "abc");
            assertThat(bench.toClient()).isEqualTo("abc");
            bench.answer(0, "def");
            assertThat(bench.toClient()).isEqualTo("def");
            assertThat(bench.idle).hasSize(1);
            assertThat(bench.client.isOpen()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesChunksAndTrailersOnInBothDirections(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("POST /x HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
            assertThat(bench.toServer(0)).endsWith("Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
            bench.send("1a;x=\"y\"\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nDigest: z\r\nContent-Length: 7\r\n\r\n");
            assertThat(bench.toServer(0)).isEqualTo("1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nDigest: z\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\n\r\n");
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void chunksWhatEndsWithTheConnection(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.0 200 OK\r\n\r\nabc");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).isEqualTo("0\r\n\r\n");
            assertThat(bench.client.isOpen()).isTrue();
            assertThat(bench.idle).isEmpty();
        }
    }

    /** Once it was {@code listener:page}, which a strict server refuses: page is no port. */
    @ParameterizedTest
    @EnumSource
    void namesTheListenerThatAnOldClientIsServedBy(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = List.of(new UpstreamServer("listener:page", 0));
            bench.send("GET / HTTP/1.0\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET / HTTP/1.1\r\nHost: page\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsNoChunksToAnOldClient(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            assertThat(bench.toServer(0))
                    .startsWith("GET / HTTP/1.1\r\nHost: origin.test:80\r\n")
                    .doesNotContain("X-Forwarded-Host");
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TOGETHER, HTTP/1.0, , false, close",
        "TOGETHER, HTTP/1.0, keep-alive, true, keep-alive",
        "TOGETHER, HTTP/1.1, close, false, close",
        "APART, HTTP/1.0, keep-alive, true, keep-alive",
        "APART, HTTP/1.1, 'foo, Close', false, close"
    })
    void keepsConnectionsAsTheClientWishes(Ends ends, String version, String wish, boolean open, String said) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / " + version + "\r\nHost: shop\r\n" + (wish == null ? "" : "Connection: " + wish + "\r\n")
                    + "\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: " + said + "\r\n\r\nx");
            assertThat(bench.client.isOpen()).isEqualTo(open);
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "HEAD, HTTP/1.1 200 OK, Content-Length: 500",
        "GET, HTTP/1.1 304 Not Modified, Content-Length: 500",
        "GET, HTTP/1.1 204 No Content, Server: s"
    })
    void knowsAnswersWithoutABody(String method, String status, String field) {
        for (Ends ends : Ends.values()) {
            try (Bench bench = new Bench(ends)) {
                for (int i = 0; i < 2; i++) {
                    bench.send(method + " / HTTP/1.1\r\nHost: shop\r\n\r\n");
                    String head = status + "\r\n" + field + "\r\n\r\n";
                    bench.answer(0, head);
                    assertThat(bench.toClient()).isEqualTo(head);
                    assertThat(bench.idle).hasSize(1);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHeadAnswerMayBeChunkedInName(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\n\r\n");
            assertThat(bench.idle).hasSize(1);
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesInformationOnBeforeTheAnswer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
            assertThat(bench.toServer(0)).contains("Expect: 100-continue\r\n");
            bench.answer(0, "HTTP/1.1 100 Continue\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            bench.send("hi");
            assertThat(bench.toServer(0)).isEqualTo("hi");
            bench.answer(0, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK);
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK);
            assertThat(bench.client.isOpen()).isTrue();
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsInformationFromAnOldClient(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
            assertThat(bench.toServer(0)).doesNotContain("Expect");
            bench.answer(0, "HTTP/1.1 103 Early Hints\r\n\r\n" + OK);
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersPipelinedRequestsInOrder(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(
                    "GET /1 HTTP/1.1\r\nHost: shop\r\n\r\nPOST /2 HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\n"
                            + "twoGET /3 HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET /1 ").doesNotContain("/2");
            assertThat(bench.client.config().isAutoRead()).isFalse();
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
            assertThat(bench.toServer(0)).startsWith("POST /2 ").endsWith("\r\n\r\ntwo");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
            assertThat(bench.toServer(0)).startsWith("GET /3 ");
            assertThat(bench.client.config().isAutoRead()).isTrue();
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
            assertThat(bench.toClient().replaceAll("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", ""))
                    .isEqualTo("123");
            assertThat(bench.opened).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET http://other:81/p?q HTTP/1.1, GET /p?q HTTP/1.1, other:81",
        "GET http://other HTTP/1.1, GET / HTTP/1.1, other",
        "GET HTTPS://other?q HTTP/1.1, GET /?q HTTP/1.1, other",
        "OPTIONS http://other HTTP/1.1, OPTIONS * HTTP/1.1, other",
        "OPTIONS * HTTP/1.1, OPTIONS * HTTP/1.1, shop",
        "GET //x HTTP/1.1, GET //x HTTP/1.1, shop",
        "BREW /pot HTTP/1.1, BREW /pot HTTP/1.1, shop"
    })
    void asksTheServerInOriginForm(String line, String asked, String host) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(line + "\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0))
                    .startsWith(asked + "\r\nHost: " + host + "\r\n")
                    .contains("X-Forwarded-Host: " + host + "\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesBytesAboveAsciiOnAsTheyAre(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\nX-Name: J\u00c3\u00bcrgen\r\n\r\n");
            assertThat(bench.toServer(0)).contains("X-Name: J\u00c3\u00bcrgen\r\n");
            bench.answer(0, "HTTP/1.1 200 Sch\u00f6n\r\nX: \u00ff\r\nContent-Length: 0\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 200 Sch\u00f6n\r\nX: \u00ff\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void goesRoundTheServers(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = java.util.List.of(
                    new dev.baton.spi.upstream.UpstreamServer("a:1", 0),
                    new dev.baton.spi.upstream.UpstreamServer("b:1", 1));
            for (int i = 0; i < 4; i++) {
                bench.send(GET);
                bench.answer(i % 2, OK);
            }
            assertThat(bench.asked).extracting("address").containsExactly("a:1", "b:1", "a:1", "b:1");
        }
    }
}
