package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.service.Service;
import dev.baton.testkit.EmbeddedConnection;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameTypes;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that speak HTTP/2 and servers that speak HTTP/1.1, on one loop and on two. */
class Http2ExchangeTest {
    private static final String FORWARDED =
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Mixed-Case: A\r\n\r\nhello";

    private static String asked(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "\r\n";
    }

    @ParameterizedTest
    @EnumSource
    void passesRequestsAndTheirAnswersOn(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            for (int stream = 1; stream < 7; stream += 2) {
                client.send(client.get(stream, "/" + stream));
                assertThat(bench.toServer(0)).isEqualTo(asked("/" + stream));
                bench.answer(0, OK);
                assertThat(client.frames())
                        .containsExactly(
                                "HEADERS " + stream + " :status=200 content-length=5 x-mixed-case=A",
                                "DATA " + stream + " hello END");
            }
            assertThat(bench.opened).hasSize(1);
            assertThat(bench.count("baton_http_requests_total", "service", "shop"))
                    .isEqualTo(3);
        }
    }

    @Test
    void saysItsSettingsFirst() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = new Http2Client(bench);
            client.send(Http2Client.preface() + Http2Client.settings());
            assertThat(client.frames())
                    .containsExactlyInAnyOrder(
                            "SETTINGS {MAX_CONCURRENT_STREAMS=100, INITIAL_WINDOW_SIZE=65536, MAX_HEADER_LIST_SIZE=4096, ENABLE_CONNECT_PROTOCOL=1}",
                            "WINDOW 0 " + (100 * 65536 - 65535),
                            "SETTINGS ACK");
        }
    }

    /** The preface decides, and may come in pieces; a method that begins like it is a method. */
    @Test
    void tellsThePrefaceFromARequest() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = new Http2Client(bench);
            for (char c : Http2Client.preface().toCharArray()) {
                client.send(String.valueOf(c));
            }
            client.send(Http2Client.settings(), client.get(1, "/"));
            assertThat(bench.toServer(0)).isEqualTo(asked("/"));
        }
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("P");
            bench.send("R");
            bench.send("OPFIND / HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("PROPFIND / HTTP/1.1\r\n");
        }
    }

    /**
     * What the TLS handshake has settled holds: a client of h2 hears from the server first, one of HTTP/1.1 does not.
     */
    @Test
    void speaksWhatTheHandshakeHasSettled() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection http2 = bench.anotherClient(new ConnectionFacts(
                    null, null, new TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", "shop", "h2", List.of())));
            Http2Client client = new Http2Client(bench, http2);
            assertThat(client.frames()).first().asString().startsWith("SETTINGS {");
            client.send(
                    Http2Client.preface() + Http2Client.settings(),
                    client.head(1, true, ":method", "GET", ":scheme", "https", ":authority", "shop", ":path", "/"));
            assertThat(bench.toServer(0)).contains("X-Forwarded-Proto: https\r\n");
            EmbeddedConnection http1 = bench.anotherClient(new ConnectionFacts(
                    null, null, new TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", "shop", "http/1.1", List.of())));
            assertThat(bench.out(http1)).isEmpty();
        }
    }

    /** A listener whose {@code alpn} leaves HTTP/2 out does not speak it: its preface is in a wrong version there. */
    @ParameterizedTest
    @NullSource
    @ValueSource(strings = "http/1.1")
    void refusesThePrefaceWhereTheHandshakeHasNotSettledOnHttp2(String alpn) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            EmbeddedConnection client = bench.anotherClient(new ConnectionFacts(
                    null, null, new TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", "shop", alpn, List.of())));
            new Http2Client(bench, client).send(Http2Client.preface() + Http2Client.settings());
            assertThat(bench.out(client)).startsWith("HTTP/1.1 505 HTTP Version Not Supported\r\n");
            assertThat(bench.opened).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesManyStreamsAtOnce(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/1"), client.get(3, "/3"), client.get(5, "/5"));
            assertThat(bench.opened).hasSize(3);
            bench.answer(2, OK);
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
            bench.answer(1, OK);
            bench.answer(0, "0\r\n\r\n");
            assertThat(client.frames().stream().filter(line -> !line.startsWith("HEADERS")))
                    .containsExactly("DATA 5 hello END", "DATA 1 abcde", "DATA 3 hello END", "DATA 1  END");
            assertThat(bench.idle).hasSize(3);
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesABodyOn(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/in"), Http2Client.data(1, "01234", false));
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /in HTTP/1.1\r\nHost: shop\r\n" + FORWARDED
                            + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n");
            client.send(Http2Client.data(1, "56789", true));
            assertThat(bench.toServer(0)).isEqualTo("5\r\n56789\r\n0\r\n\r\n");
            bench.answer(0, OK);
            client.send(client.post(3, "/in", "content-length", "3"), Http2Client.data(3, "abc", true));
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /in HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Content-Length: 3\r\n\r\nabc");
        }
    }

    @Test
    void keepsABodyUntilThereIsAServer() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.connectLater = true;
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/in"), Http2Client.data(1, "abc", false), Http2Client.data(1, "def", true));
            bench.connected(bench.connecting.remove());
            bench.settle();
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void passesTrailersOnBothWays(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(
                    client.post(1, "/in", "te", "trailers"),
                    Http2Client.data(1, "x", false),
                    client.head(1, true, "x-sum", "7"));
            assertThat(bench.toServer(0))
                    .contains("TE: trailers\r\nConnection: TE\r\n")
                    .endsWith("1\r\nx\r\n0\r\nx-sum: 7\r\n\r\n");
            bench.answer(
                    0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\nGrpc-Status: 0\r\n\r\n");
            assertThat(client.frames())
                    .containsExactly("HEADERS 1 :status=200", "DATA 1 y", "HEADERS 1 grpc-status=0 END");
        }
    }

    @Test
    void tellsAClientToContinue() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/in", "expect", "100-continue"));
            assertThat(bench.toServer(0)).contains("expect: 100-continue\r\n");
            bench.answer(0, "HTTP/1.1 100 Continue\r\n\r\n");
            assertThat(client.frames()).containsExactly("HEADERS 1 :status=100");
            client.send(Http2Client.data(1, "x", true));
            bench.answer(0, "HTTP/1.1 204 No Content\r\n\r\n");
            assertThat(client.frames()).containsExactly("HEADERS 1 :status=204 END");
        }
    }

    @Test
    void joinsCookiesThatComeOneByOne() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.head(
                    1,
                    true,
                    ":method",
                    "GET",
                    ":scheme",
                    "http",
                    ":authority",
                    "shop",
                    ":path",
                    "/",
                    "cookie",
                    "a=1",
                    "accept",
                    "*/*",
                    "cookie",
                    "b=2",
                    "cookie",
                    "c=3"));
            assertThat(bench.toServer(0)).contains("cookie: a=1; b=2; c=3\r\naccept: */*\r\n");
        }
    }

    @Test
    void answersItself() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.refuseWith = new java.net.ConnectException("no");
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            assertThat(client.frames())
                    .containsExactly(
                            "HEADERS 1 :status=502 content-type=text/plain content-length=28",
                            "DATA 1 no connection to the server\n END");
            client.send(client.head(3, true, ":method", "HEAD", ":scheme", "http", ":authority", "shop", ":path", "/"));
            assertThat(client.frames())
                    .containsExactly("HEADERS 3 :status=502 content-type=text/plain content-length=28 END");
        }
    }

    // --------------------------------------------------------------------------------------------------------- tunnels

    private static String webSocket(Http2Client client, int stream) {
        return client.head(
                stream,
                false,
                ":method",
                "CONNECT",
                ":protocol",
                "websocket",
                ":scheme",
                "http",
                ":authority",
                "shop",
                ":path",
                "/chat",
                "sec-websocket-version",
                "13");
    }

    private static String accepted(String request) {
        String key = request.replaceAll("(?s).*sec-websocket-key: (\\S+)\r\n.*", "$1");
        try {
            byte[] digest = java.security.MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.US_ASCII));
            return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Accept: " + Base64.getEncoder().encodeToString(digest) + "\r\n\r\n";
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** RFC 8441: extended CONNECT on this side, Upgrade on the other. */
    @ParameterizedTest
    @EnumSource
    void opensAWebSocket(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(webSocket(client, 1), Http2Client.data(1, "early", false));
            String request = bench.toServer(0);
            assertThat(request)
                    .startsWith("GET /chat HTTP/1.1\r\nHost: shop\r\nsec-websocket-version: 13\r\n")
                    .contains("Upgrade: websocket\r\nConnection: Upgrade\r\n")
                    .endsWith("\r\n\r\n");
            bench.answer(0, accepted(request) + "hello");
            assertThat(client.frames()).containsExactly("HEADERS 1 :status=200", "DATA 1 hello");
            assertThat(bench.toServer(0)).isEqualTo("early");
            client.send(Http2Client.data(1, "more", false), client.get(3, "/"));
            assertThat(bench.toServer(0)).isEqualTo("more");
            bench.answer(1, OK);
            bench.answer(0, "again");
            assertThat(client.frames()).contains("DATA 3 hello END", "DATA 1 again");
            client.send(Http2Client.data(1, "bye", true));
            assertThat(bench.toServer(0)).isEqualTo("bye");
            assertThat(client.frames()).containsExactly("DATA 1  END");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    /** What goes through a tunnel is no body, whatever bodies may be. */
    @Test
    void doesNotLimitATunnel() {
        HttpConfig limited = new HttpConfig(
                "app",
                new ByteSize(4096),
                Optional.of(new ByteSize(10)),
                Duration.ofSeconds(60),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                new ByteRate(0),
                Duration.ofSeconds(10));
        try (Bench bench = new Bench(Ends.TOGETHER, limited)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(webSocket(client, 1));
            bench.answer(0, accepted(bench.toServer(0)));
            client.send(Http2Client.data(1, "more than ten bytes", false));
            assertThat(bench.toServer(0)).isEqualTo("more than ten bytes");
            client.send(client.post(3, "/"), Http2Client.data(3, "more than ten bytes", false));
            assertThat(client.frames().toString()).contains("HEADERS 3 :status=413");
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsAWebSocketWithItsServer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(webSocket(client, 1));
            bench.answer(0, accepted(bench.toServer(0)));
            bench.hangUp(bench.opened.get(0));
            assertThat(client.frames()).containsExactly("HEADERS 1 :status=200", "DATA 1  END", "RESET 1 NO_ERROR");
        }
    }

    /** A success without a WebSocket would look like one. */
    @Test
    void opensNoWebSocketThatItsServerHasNotOpened() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(webSocket(client, 1));
            bench.answer(0, OK);
            assertThat(client.frames()).first().asString().startsWith("HEADERS 1 :status=502");
            client.send(webSocket(client, 3));
            bench.answer(
                    bench.opened.size() - 1,
                    accepted("sec-websocket-key: other\r\n").replace("\r\n\r\n", "\r\nX: y\r\n\r\n"));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=502");
            client.send(webSocket(client, 5));
            bench.answer(bench.opened.size() - 1, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            assertThat(client.frames()).first().asString().startsWith("HEADERS 5 :status=403");
            assertThat(bench.refusals(Refusal.BAD_RESPONSE)).isEqualTo(2);
        }
    }

    @Test
    void refusesAnotherProtocolAndAnExtendedGet() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.head(
                    1,
                    false,
                    ":method",
                    "CONNECT",
                    ":protocol",
                    "webtransport",
                    ":scheme",
                    "http",
                    ":authority",
                    "shop",
                    ":path",
                    "/"));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 1 :status=501");
            client.send(client.head(
                    3,
                    false,
                    ":method",
                    "GET",
                    ":protocol",
                    "websocket",
                    ":scheme",
                    "http",
                    ":authority",
                    "shop",
                    ":path",
                    "/"));
            assertThat(client.frames()).containsExactly("RESET 3 PROTOCOL_ERROR");
            assertThat(bench.asked).isEmpty();
        }
    }

    // ---------------------------------------------------------------------------------------------------- flow control

    /** A window opens again when the server has taken the bytes, and no earlier. */
    @ParameterizedTest
    @EnumSource
    void givesCreditForWhatTheServerHasTaken(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.connectLater = true;
            Http2Client client = Http2Client.begun(bench);
            String piece = "x".repeat(16384);
            client.send(client.post(1, "/in"));
            for (int i = 0; i < 4; i++) {
                client.send(Http2Client.data(1, piece, false));
            }
            assertThat(client.frames()).isEmpty();
            bench.connected(bench.connecting.remove());
            bench.settle();
            assertThat(client.frames()).contains("WINDOW 1 65536");
        }
    }

    /** A client that takes nothing of one stream: its server waits, and the others do not. */
    @ParameterizedTest
    @EnumSource
    void holdsBackOnlyTheStreamThatIsNotRead(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = new Http2Client(bench);
            client.send(Http2Client.preface() + Http2Client.settings(4, 10));
            client.frames();
            client.send(client.get(1, "/slow"), client.get(3, "/fast"));
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" + "s".repeat(20));
            bench.answer(0, "s".repeat(5));
            assertThat(client.frames())
                    .containsExactly("HEADERS 1 :status=200 content-length=30", "DATA 1 " + "s".repeat(10));
            assertThat(bench.opened.get(0).config().isAutoRead()).isFalse();
            bench.answer(1, OK);
            assertThat(client.frames()).last().isEqualTo("DATA 3 hello END");
            client.send(Http2Client.window(1, 100));
            assertThat(bench.opened.get(0).config().isAutoRead()).isTrue();
            bench.answer(0, "s".repeat(5));
            assertThat(String.join("", client.frames()).replaceAll("[^s]", "")).hasSize(20);
        }
    }

    // ------------------------------------------------------------------------------------------------------- the end

    @ParameterizedTest
    @EnumSource
    void forgetsAStreamThatItsClientResets(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"), client.get(3, "/"));
            client.send(Http2Client.reset(1, Http2Error.CANCEL));
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            bench.answer(1, OK);
            assertThat(client.frames()).last().isEqualTo("DATA 3 hello END");
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetsAStreamWhoseServerDiesInTheMiddle(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
            bench.hangUp(bench.opened.get(0));
            assertThat(client.frames())
                    .containsExactly("HEADERS 1 :status=200 content-length=5", "DATA 1 hel", "RESET 1 INTERNAL_ERROR");
            client.send(client.get(3, "/"));
            assertThat(bench.opened).hasSize(2);
        }
    }

    /** The server has answered before the body's end: all of the answer, and then a reset that is no error. */
    @Test
    void asksForNoMoreOfABodyWhenAllIsAnswered() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/in"), Http2Client.data(1, "x", false));
            bench.answer(0, OK);
            assertThat(client.frames().subList(1, 3)).containsExactly("DATA 1 hello END", "RESET 1 NO_ERROR");
            client.send(Http2Client.data(1, "late", true), client.get(3, "/"));
            assertThat(bench.client.isOpen()).isTrue();
        }
    }

    @Test
    void goesAwayInTwoStepsAndServesWhatHasBegun() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(30)));
            assertThat(client.frames()).containsExactly("GOAWAY 2147483647 NO_ERROR", "PING");
            client.send(client.get(3, "/late"));
            client.send(Http2Client.ping(1));
            assertThat(client.frames()).containsExactly("GOAWAY 3 NO_ERROR");
            client.send(client.get(5, "/too-late"));
            assertThat(bench.opened).hasSize(2);
            bench.answer(0, OK);
            bench.answer(1, OK);
            assertThat(client.frames()).contains("DATA 1 hello END", "DATA 3 hello END");
            bench.settle();
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @Test
    void goesAwayWithoutAnAnswerToItsPing() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.pass(4);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(client.frames()).last().isEqualTo("GOAWAY 1 NO_ERROR");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** The first is that of a listener that is closed, the second that of the process, which ends. */
    @Test
    void aSecondDrainMayBeShorterThanTheFirst() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(60)));
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(5)));
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(60)));
            bench.pass(4);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ofSeconds(60)));
            bench.under(bench.client, () -> bench.service.drain(bench.client, Duration.ZERO));
            assertThat(client.frames()).last().isEqualTo("GOAWAY 0 NO_ERROR");
            bench.settle();
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @Test
    void saysHowLongItHasBeenIdle() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            assertThat(bench.service.idleNanos(bench.client)).isEqualTo(Service.NOT_IDLE);
            client.send(client.get(1, "/"));
            assertThat(bench.service.idleNanos(bench.client)).isEqualTo(Service.NOT_IDLE);
            bench.answer(0, OK);
            bench.pass(3);
            assertThat(bench.service.idleNanos(bench.client))
                    .isEqualTo(Duration.ofSeconds(3).toNanos());
        }
    }

    // ----------------------------------------------------------------------------------------------------------- time

    @Test
    void answersForAServerThatIsSilent() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/"), Http2Client.data(1, "x", true));
            bench.pass(29);
            assertThat(client.frames()).isEmpty();
            bench.pass(2);
            assertThat(client.frames()).first().asString().startsWith("HEADERS 1 :status=504");
            assertThat(bench.client.isOpen()).isTrue();
        }
    }

    @Test
    void endsConnectionsThatNobodyUses() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            client.frames();
            bench.pass(59);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(client.frames()).containsExactly("GOAWAY 1 NO_ERROR");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** A window that never opens costs its stream, after the idle timeout. */
    @Test
    void resetsAStreamThatIsNeverRead() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = new Http2Client(bench);
            client.send(Http2Client.preface() + Http2Client.settings(4, 0));
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            client.frames();
            bench.pass(58);
            assertThat(client.frames()).isEmpty();
            bench.pass(4);
            assertThat(client.frames()).contains("RESET 1 CANCEL");
            assertThat(bench.refusals(Refusal.CLIENT_STALLED)).isEqualTo(1);
        }
    }

    /**
     * A client that reads nothing of its connection at all: nothing can be told it, so it is closed, and counted once.
     */
    @Test
    void closesAConnectionThatIsNeverRead() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + "x".repeat(200_000));
            bench.pass(59);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(61);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.CLIENT_STALLED)).isEqualTo(1);
        }
    }

    @Test
    void closesAConnectionWhoseFrameStopsAndThatIsNotRead() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            bench.client.stalled(true);
            client.send(Http2Client.ping(0), client.get(1, "/").substring(0, 12));
            bench.pass(25);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isEqualTo(1);
        }
    }

    /** One end of each exchange, though the client takes no head of this size. */
    @Test
    void endsAnExchangeOnceWhoseHeadTheClientDoesNotTake() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.watched = true;
            Http2Client client = new Http2Client(bench);
            client.send(Http2Client.preface() + Http2Client.settings(6, 50));
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            assertThat(bench.reported).hasSize(1);
            client.send(client.get(3, "/"));
            bench.answer(bench.opened.size() - 1, "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + "y".repeat(9000));
            assertThat(bench.reported).hasSize(2);
        }
    }

    // --------------------------------------------------------------------------------------------------------- memory

    private static boolean evict(Bench bench) {
        Eviction eviction = new Eviction();
        bench.under(bench.client, () -> bench.client.pipeline().fireUserEventTriggered(eviction));
        return eviction.isTaken();
    }

    /** Few bytes can make large heads: what they take is counted while their exchanges are under way. */
    @Test
    void countsTheHeadsOfAllRequests() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.connectLater = true;
            Http2Client client = Http2Client.begun(bench);
            String cookie = "c".repeat(1000);
            for (int i = 0; i < 50; i++) {
                client.send(client.head(
                        2 * i + 1,
                        true,
                        ":method",
                        "GET",
                        ":scheme",
                        "http",
                        ":authority",
                        "shop",
                        ":path",
                        "/",
                        "cookie",
                        cookie,
                        "cookie",
                        cookie,
                        "cookie",
                        cookie));
            }
            assertThat(bench.client.heldHeap()).isGreaterThan(150_000);
            for (int i = 0; i < 50; i++) {
                client.send(Http2Client.reset(2 * i + 1, Http2Error.CANCEL));
            }
            assertThat(bench.client.heldHeap()).isZero();
        }
    }

    @Test
    void answersWhatIsEvicted() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            assertThat(evict(bench)).isTrue();
            assertThat(client.frames())
                    .containsExactly(
                            "HEADERS 1 :status=503 content-type=text/plain content-length=18",
                            "DATA 1 not enough memory\n END",
                            "GOAWAY 1 ENHANCE_YOUR_CALM");
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @Test
    void closesAtOnceWhatIsEvictedAndNotRead() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + "x".repeat(200_000));
            assertThat(evict(bench)).isTrue();
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    /** A head that never ends. */
    @Test
    void endsAConnectionWhoseFrameStops() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            String head = client.get(1, "/");
            client.send(head.substring(0, 12));
            bench.pass(9);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isEqualTo(1);
        }
    }

    /** Whatever came before it: the codec has taken the beginning by then, so that nothing is unread. */
    @Test
    void endsAConnectionWhoseHeadOrFrameStopsBehindAWholeFrame() {
        for (int taken : new int[] {9, 12}) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                Http2Client client = Http2Client.begun(bench);
                client.send(client.get(1, "/"));
                String rest = taken == 9
                        ? Http2Client.data(1, "abc", false).substring(0, taken)
                        : Http2Client.frame(Http2FrameTypes.HEADERS, 1, 3, "\u0082\u0086\u0084");
                client.send(Http2Client.ping(0) + rest);
                bench.pass(9);
                assertThat(bench.client.isOpen()).isTrue();
                bench.pass(2);
                assertThat(bench.client.isOpen()).isFalse();
                assertThat(bench.refusals(Refusal.SLOW_REQUEST)).isEqualTo(1);
            }
        }
    }

    /** The codec drops what is about a stream that has ended: it is a whole frame, and no beginning of one. */
    @Test
    void keepsAConnectionAfterAFrameOfAnEndedStream() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            client.send(Http2Client.window(1, 5));
            bench.pass(30);
            assertThat(bench.client.isOpen()).isTrue();
        }
    }

    @Test
    void asksForTheRestOfABodyOnlyForSoLong() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/in"), Http2Client.data(1, "x", false));
            bench.pass(62);
            assertThat(client.frames()).first().asString().startsWith("HEADERS 1 :status=408");
            assertThat(List.of(bench.refusals(Refusal.REQUEST_TIMEOUT), bench.refusals(Refusal.RESPONSE_TIMEOUT)))
                    .containsExactly(1L, 0L);
        }
    }
}
