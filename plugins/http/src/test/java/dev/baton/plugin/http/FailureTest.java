package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Servers that refuse, die or talk nonsense, and clients that go. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class FailureTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    @ParameterizedTest
    @EnumSource
    void answersForAServerThatRefusesAndKeepsTheClient(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.refuseWith = new ConnectException("connection refused");
            bench.send(GET);
            assertThat(bench.toClient())
                    .startsWith("HTTP/1.1 502 Bad Gateway\r\n")
                    .doesNotContain("Connection:");
            assertThat(bench.refusals(Refusal.CONNECT_FAILED)).isEqualTo(1);
            bench.refuseWith = null;
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesAfterRefusingARequestWhoseBodyIsStillToCome(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.refuseWith = new ConnectException("connection refused");
            bench.send(POST + "h");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ").contains("Connection: close\r\n");
            bench.send("i" + GET);
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersForAServerThatDoesNotConnectInTime(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = List.of(new UpstreamServer("a:1", 0), new UpstreamServer("b:1", 1));
            bench.refuseWith = new ConnectTimeoutException("2s");
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 Gateway Timeout\r\n");
            assertThat(bench.refusals(Refusal.CONNECT_TIMEOUT)).isEqualTo(1);
            assertThat(bench.asked).extracting(UpstreamServer::address).containsExactly("a:1", "b:1");
        }
    }

    /** A request that came before the servers of a name were known asks one of them, even if there is only one. */
    @ParameterizedTest
    @EnumSource
    void asksTheServerThatHasTakenThePlaceOfTheOneThatFailed(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = List.of(new UpstreamServer("srv:_http._tcp.shop.test", 0));
            bench.connectLater = true;
            bench.send(GET);
            bench.servers = List.of(new UpstreamServer("one.shop.test:80", 1));
            bench.connectLater = false;
            bench.connecting.remove().failed(new IOException("the servers are known now"));
            bench.settle();
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.asked)
                    .extracting(UpstreamServer::address)
                    .containsExactly("srv:_http._tcp.shop.test", "one.shop.test:80");
        }
    }

    static Stream<Arguments> noConnection() {
        return Stream.of(
                        new ConnectException("refused"),
                        new ConnectTimeoutException("2s"),
                        new NoRouteToHostException("unreachable"))
                .flatMap(cause -> Stream.of(Ends.values()).map(ends -> Arguments.of(ends, cause)));
    }

    @ParameterizedTest
    @MethodSource("noConnection")
    void asksTheNextServerWhenOneCannotBeConnectedTo(Ends ends, Throwable cause) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = List.of(new UpstreamServer("a:1", 0), new UpstreamServer("b:1", 1));
            bench.connectLater = true;
            bench.send(POST + "hi");
            Objects.requireNonNull(bench.connecting.poll()).failed(cause);
            bench.settle();
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            assertThat(bench.asked).extracting(UpstreamServer::address).containsExactly("a:1", "b:1");
            assertThat(bench.toServer(0)).startsWith("POST / ").endsWith("\r\n\r\nhi");
        }
    }

    /** As it is when a server has ended: its idle connections are dead, and it refuses new ones. */
    @ParameterizedTest
    @EnumSource
    void asksTheNextServerWhenOneRefusesWhoseIdleConnectionWasDead(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.servers = List.of(new UpstreamServer("origin.test:80", 0), new UpstreamServer("b:1", 1));
            bench.connectLater = true;
            bench.send(GET); // the other server's turn
            bench.send(GET);
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.answer(1, OK);
            bench.toClient();
            bench.hangUp(bench.opened.get(0));
            Objects.requireNonNull(bench.connecting.poll()).failed(new ConnectException("refused"));
            bench.settle();
            assertThat(bench.asked).last().extracting(UpstreamServer::address).isEqualTo("b:1");
            assertThat(bench.toServer(1)).contains("GET / ");
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void asksTheNextServerWhenANewConnectionEndsBeforeAnythingIsSent(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = List.of(new UpstreamServer("a:1", 0), new UpstreamServer("b:1", 1));
            bench.dieWhenOpened = true;
            bench.connectLater = true;
            bench.send(POST + "hi");
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            bench.dieWhenOpened = false;
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            assertThat(bench.asked).extracting(UpstreamServer::address).containsExactly("a:1", "b:1");
            assertThat(bench.toServer(1)).endsWith("\r\n\r\nhi");
        }
    }

    /** Longer than any timeout of the proxy's own: the upstream's connect-timeout counts. */
    @ParameterizedTest
    @EnumSource
    void doesNotBlameAClientForAServerThatIsSlowToConnect(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.connectLater = true;
            bench.send(POST + "h");
            bench.pass(100);
            assertThat(bench.toClient()).isEmpty();
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            assertThat(bench.toServer(0)).endsWith("\r\n\r\nh");
        }
    }

    /** Once the body waited for ever: only a new connection fetched it, not an idle one. */
    @ParameterizedTest
    @EnumSource
    void sendsTheBodyToAnIdleConnectionOfTheNextServerWhenOneRefuses(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.servers = List.of(new UpstreamServer("a:1", 0), new UpstreamServer("b:1", 1));
            bench.warmUp();
            bench.connectLater = true;
            bench.send(POST + "h");
            Objects.requireNonNull(bench.connecting.poll()).failed(new ConnectException("refused"));
            bench.settle();
            assertThat(bench.asked).extracting(UpstreamServer::address).containsExactly("a:1", "b:1", "a:1");
            assertThat(bench.client.config().isAutoRead()).isTrue();
            bench.send("i");
            assertThat(bench.toServer(0)).startsWith("POST / ").endsWith("\r\n\r\nhi");
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void triesAnIdempotentRequestAgainIfAnIdleConnectionWasDead(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.send(GET);
            assertThat(bench.toServer(0)).startsWith("GET / ");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toServer(1)).startsWith("GET / ");
            assertThat(bench.toClient()).isEmpty();
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.count("baton_http_retries_total", "service", "shop", "route", "*"))
                    .isEqualTo(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"'POST / HTTP/1.1', ''", "'PUT / HTTP/1.1', 'hi'", "'BREW / HTTP/1.1', ''"})
    void doesNotSendTwiceWhatMustNotBeSentTwice(String line, String body) {
        for (Ends ends : Ends.values()) {
            try (Bench bench = new Bench(ends)) {
                bench.warmUp();
                bench.send(line + "\r\nHost: shop\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                bench.hangUp(bench.opened.get(0));
                assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
                assertThat(bench.opened).hasSize(1);
                assertThat(bench.refusals(Refusal.UPSTREAM_CLOSED)).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsAnythingAgainIfNothingWasSent(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.dieWhenTaken = true;
            bench.send(POST + "hi");
            assertThat(bench.toServer(0)).isEmpty();
            assertThat(bench.toServer(1)).endsWith("\r\n\r\nhi");
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotTryAgainForEver(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.send(GET);
            bench.hangUp(bench.opened.get(0));
            bench.hangUp(bench.opened.get(1));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.opened).hasSize(2);
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotTryAgainAfterTheFirstByteOfAnAnswer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 2");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.opened).hasSize(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'Content-Length: 12\r\n\r\n', 'hello'",
        "'Transfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n'",
        "'Transfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n0\r\n'"
    })
    void cutsTheClientOffWhenAnAnswerIsCutShort(String fields, String part) {
        for (Ends ends : Ends.values()) {
            try (Bench bench = new Bench(ends)) {
                bench.send(GET);
                bench.answer(0, "HTTP/1.1 200 OK\r\n" + fields + part);
                bench.hangUp(bench.opened.get(0));
                assertThat(bench.toClient()).doesNotContain("0\r\n\r\n").contains("hello");
                assertThat(bench.client.isOpen()).isFalse();
                assertThat(bench.idle).isEmpty();
                assertThat(bench.refusals(Refusal.UPSTREAM_CLOSED)).isEqualTo(1);
            }
        }
    }

    static Stream<Arguments> badAnswers() {
        return Stream.of(
                        "HTTP/1.1\r\n\r\n",
                        "HTTP/1.1 20 OK\r\n\r\n",
                        "HTTP/1.1 2000 OK\r\n\r\n",
                        "HTTP/1.1 -20 OK\r\n\r\n",
                        "HTTP/1.1 099 OK\r\n\r\n",
                        "HTTP/2.0 200 OK\r\n\r\n",
                        "http/1.1 200 OK\r\n\r\n",
                        "ICY 200 OK\r\n\r\n",
                        "garbage\r\n\r\n",
                        "HTTP/1.1 200 O\rK\r\n\r\n",
                        "HTTP/1.1 200 O\u0000K\r\n\r\n",
                        "HTTP/1.1 200 OK\nA: b\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nA\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nA: b\r\n c\0\r\nContent-Length: 0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\r\nContent-Length: 0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nA: b\r\n \u007fc\r\nContent-Length: 0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
                        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
                        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
                        "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100),
                        "HTTP/1.1 200 OK\r\nA: " + "b".repeat(5000) + "\r\n\r\n")
                .flatMap(answer -> Stream.of(Ends.values()).map(ends -> Arguments.of(ends, answer)));
    }

    /**
     * What stands before the blank is no name, wherever the answer is cut: a server of ours and one behind it would
     * differ.
     */
    @ParameterizedTest
    @EnumSource
    void refusesABlankInTheNameOfAField(Ends ends) {
        String answer = "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length x: 2\r\n\r\nhi";
        for (int cut = 1; cut < answer.length(); cut++) {
            try (Bench bench = new Bench(ends)) {
                bench.send(GET);
                bench.answer(0, answer.substring(0, cut));
                if (bench.opened.get(0).isOpen()) {
                    bench.answer(0, answer.substring(cut));
                }
                assertThat(bench.toClient()).as("cut at %s", cut).startsWith("HTTP/1.1 502 Bad Gateway\r\n");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("badAnswers")
    void doesNotPassNonsenseOn(Ends ends, String answer) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, answer);
            assertThat(bench.toClient().replace("HTTP/1.1 103 Early Hints\r\n\r\n", ""))
                    .startsWith("HTTP/1.1 502 Bad Gateway\r\n")
                    .containsOnlyOnce("HTTP/1.1");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.idle).isEmpty();
            assertThat(bench.refusals(Refusal.BAD_RESPONSE)).isEqualTo(1);
            bench.send(GET);
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    /** No body follows, but the client gets the length. */
    @ParameterizedTest
    @CsvSource({
        "HEAD, 200 OK, Content-Length: x",
        "HEAD, 200 OK, 'Content-Length: 5, 5'",
        "HEAD, 200 OK, 'Content-Length: 5\r\nTransfer-Encoding: chunked'",
        "GET, 304 Not Modified, 'Transfer-Encoding: chunked\r\nContent-Length: 5'",
        "GET, 304 Not Modified, Content-Length: +5",
        "GET, 204 No Content, Transfer-Encoding: gzip"
    })
    void doesNotPassAnAmbiguousLengthOnWhereNoBodyFollows(String method, String status, String fields) {
        for (Ends ends : Ends.values()) {
            try (Bench bench = new Bench(ends)) {
                bench.send(method + " / HTTP/1.1\r\nHost: shop\r\n\r\n");
                bench.answer(0, "HTTP/1.1 " + status + "\r\n" + fields + "\r\n\r\n");
                assertThat(bench.toClient()).startsWith("HTTP/1.1 502 Bad Gateway\r\n");
                assertThat(bench.opened.get(0).isOpen()).isFalse();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void forgivesAServerBlanksAroundNamesAndSizesAndFoldedFields(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(
                    0,
                    "HTTP/1.1 200 \r\nA : b\r\nC: d\r\n e\r\nTransfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 \r\nA: b\r\nC: d e\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "5\r\nhello\r\n0\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void neverReusesAConnectionWithBytesLeftInIt(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, OK + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.idle).isEmpty();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesAnIdleConnectionThatSpeaksUnasked(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.answer(0, OK);
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.UNSOLICITED_RESPONSE)).isEqualTo(1);
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TOGETHER, 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx'",
        "APART, 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx'",
        "TOGETHER, 'HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx'"
    })
    void doesNotReuseWhatTheServerCloses(Ends ends, String answer) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, answer);
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
            assertThat(bench.idle).isEmpty();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.client.isOpen()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesAnAnswerOnThatComesBeforeTheRequestIsComplete(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 10\r\n\r\n012");
            bench.answer(0, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 1\r\n\r\nx");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 413 Content Too Large\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");
            assertThat(bench.idle).isEmpty();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            bench.send("3456789" + GET);
            assertThat(bench.toClient()).isEmpty();
            assertThat(bench.opened).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anEarlyAnswerMayGoOnAfterTheRequestIsComplete(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\n01");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n01");
            bench.send("23");
            assertThat(bench.toServer(0)).endsWith("0123");
            bench.answer(0, "23");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n0123");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** Once it was closed as if the answer were complete: such a client cannot tell. */
    @ParameterizedTest
    @EnumSource
    void resetsAnOldClientWhoseAnswerIsCutOff(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.0\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.client.config().getSoLinger()).isZero();
        }
    }

    private static final String UNTIL_CLOSE = "HTTP/1.1 200 OK\r\n\r\nhello";

    @ParameterizedTest
    @EnumSource
    void endsAnOldClientInOrderWhoseAnswerIsComplete(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.0\r\n\r\n");
            bench.answer(0, UNTIL_CLOSE);
            assertThat(bench.client.config().getSoLinger())
                    .as("as long as it is not")
                    .isZero();
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).endsWith("\r\n\r\nhello");
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.client.config().getSoLinger()).isNegative();
        }
    }

    /** Its end is the end of the connection, and that is not one which the server has made. */
    @ParameterizedTest
    @EnumSource
    void doesNotTakeACutForTheEndOfAnAnswer(Ends ends) {
        for (String version : List.of("1.0", "1.1")) {
            try (Bench bench = new Bench(ends)) {
                bench.send("GET / HTTP/" + version + "\r\nHost: shop\r\n\r\n");
                bench.answer(0, UNTIL_CLOSE);
                bench.cut(bench.opened.get(0));
                assertThat(bench.toClient()).contains("hello").doesNotContain("0\r\n\r\n");
                assertThat(bench.client.isOpen()).isFalse();
                assertThat(bench.client.config().getSoLinger()).isEqualTo(version.equals("1.0") ? 0 : -1);
                assertThat(bench.refusals(Refusal.UPSTREAM_CLOSED)).isEqualTo(1);
            }
        }
    }

    /**
     * The server's end is told twice: by an error of a write, which uses the reset up, and then by an end that is none.
     */
    @ParameterizedTest
    @EnumSource
    void doesNotTakeAnEndBehindAnErrorForTheEndOfAnAnswer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("GET / HTTP/1.0\r\n\r\n");
            bench.answer(0, UNTIL_CLOSE);
            EmbeddedConnection server = bench.opened.get(0);
            bench.under(server, () -> server.pipeline().fireExceptionCaught(new IOException("reset")));
            bench.hangUp(server);
            assertThat(bench.client.config().getSoLinger()).isZero();
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** It announces a body and does not send it: its answer, which has begun, is cut. */
    @ParameterizedTest
    @EnumSource
    void resetsAnOldClientWhoseAnswerItCutsItself(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n");
            bench.answer(0, UNTIL_CLOSE);
            bench.pass(61); // it does not send what it has announced
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.client.config().getSoLinger()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotResetAClientThatCanTell(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).endsWith("5\r\nhello\r\n");
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.client.config().getSoLinger()).isNegative();
        }
    }

    @ParameterizedTest
    @EnumSource
    void closesTheServersConnectionWhenTheClientGoes(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
            bench.hangUp(bench.client);
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.idle).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void keepsANewConnectionWhoseClientHasGone(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.connectLater = true;
            bench.send(POST + "hi");
            bench.hangUp(bench.client);
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            assertThat(bench.toServer(0)).isEmpty();
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void holdsABodyBackUntilThereIsAConnection(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.connectLater = true;
            bench.send(POST + "h");
            assertThat(bench.client.config().isAutoRead()).isFalse();
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            assertThat(bench.client.config().isAutoRead()).isTrue();
            assertThat(bench.toServer(0)).endsWith("Content-Length: 2\r\n\r\nh");
            bench.send("i");
            assertThat(bench.toServer(0)).isEqualTo("i");
        }
    }
}
