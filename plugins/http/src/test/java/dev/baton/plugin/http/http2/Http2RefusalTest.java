package dev.baton.plugin.http.http2;

import static dev.baton.plugin.http.http2.Http2Client.data;
import static dev.baton.plugin.http.http2.Http2Client.frame;
import static dev.baton.plugin.http.http2.Http2Client.number;
import static dev.baton.plugin.http.http2.Http2Client.ping;
import static dev.baton.plugin.http.http2.Http2Client.priority;
import static dev.baton.plugin.http.http2.Http2Client.reset;
import static dev.baton.plugin.http.http2.Http2Client.settings;
import static dev.baton.plugin.http.http2.Http2Client.window;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameTypes;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client may not send, and how much of what it may. */
class Http2RefusalTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    private static Arguments head(String why, Refusal refusal, String... fields) {
        return Arguments.of(why, refusal, List.of(fields));
    }

    private static Arguments get(String why, Refusal refusal, String... more) {
        return Arguments.of(
                why,
                refusal,
                Stream.concat(
                                Stream.of(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/"),
                                Stream.of(more))
                        .toList());
    }

    /** RFC 9113, sections 8.1.1 to 8.3.1, and what HTTP/1 could read in two ways. */
    static List<Arguments> malformed() {
        Refusal bad = Refusal.MALFORMED_REQUEST;
        return List.of(
                get("CR in a value", bad, "x", "a\rb"),
                get("LF in a value", bad, "x", "a\nb"),
                get("NUL in a value", bad, "x", "a\0b"),
                get("a line break in a name", bad, "x\r\ny", "1"),
                get("a blank in a name", bad, "x y", "1"),
                get("a colon in a name", bad, "x:y", "1"),
                get("an empty name", bad, "", "1"),
                get("a capital letter in a name", bad, "X", "1"),
                get("a blank before a value", bad, "x", " 1"),
                get("a tab behind a value", bad, "x", "1\t"),
                get("LF in a second cookie", bad, "cookie", "a", "cookie", "b\nc"),
                get("connection", bad, "connection", "close"),
                get("keep-alive", bad, "keep-alive", "5"),
                get("proxy-connection", bad, "proxy-connection", "close"),
                get("transfer-encoding", bad, "transfer-encoding", "chunked"),
                get("upgrade", bad, "upgrade", "websocket"),
                get("te that is not trailers", bad, "te", "gzip"),
                get("two lengths", bad, "content-length", "1", "content-length", "1"),
                get("a list of lengths", bad, "content-length", "1, 2"),
                get("a length with a sign", bad, "content-length", "+1"),
                get("a length and no body", bad, "content-length", "3"),
                get("what looks like a length", Refusal.AMBIGUOUS_LENGTH, "content_length", "3"),
                get("what looks like a coding", Refusal.AMBIGUOUS_LENGTH, "transfer_encoding", "chunked"),
                get("another Host", Refusal.BAD_HOST, "host", "other"),
                get("two Hosts", Refusal.BAD_HOST, "host", "shop", "host", "shop"),
                get("a pseudo-field behind a field", bad, "x", "1", ":path", "/other"),
                get("two methods", bad, ":method", "GET"),
                get("two paths", bad, ":path", "/"),
                get("an unknown pseudo-field", bad, ":color", "red"),
                get("a status", bad, ":status", "200"),
                head("no method", bad, ":scheme", "http", ":authority", "shop", ":path", "/"),
                head("no scheme", bad, ":method", "GET", ":authority", "shop", ":path", "/"),
                head("no path", bad, ":method", "GET", ":scheme", "http", ":authority", "shop"),
                head("an empty path", bad, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", ""),
                head("no host", Refusal.BAD_HOST, ":method", "GET", ":scheme", "http", ":path", "/"),
                head(
                        "a method with a blank",
                        bad,
                        ":method",
                        "GET /x",
                        ":scheme",
                        "http",
                        ":authority",
                        "shop",
                        ":path",
                        "/"),
                head(
                        "a path with a blank",
                        Refusal.BAD_TARGET,
                        ":method",
                        "GET",
                        ":scheme",
                        "http",
                        ":authority",
                        "shop",
                        ":path",
                        "/ HTTP/1.1"),
                head(
                        "a path that is none",
                        Refusal.BAD_TARGET,
                        ":method",
                        "GET",
                        ":scheme",
                        "http",
                        ":authority",
                        "shop",
                        ":path",
                        "x"),
                head(
                        "an absolute path",
                        Refusal.BAD_TARGET,
                        ":method",
                        "GET",
                        ":scheme",
                        "http",
                        ":authority",
                        "shop",
                        ":path",
                        "http://other/"),
                head(
                        "another scheme",
                        Refusal.BAD_TARGET,
                        ":method",
                        "GET",
                        ":scheme",
                        "ftp",
                        ":authority",
                        "shop",
                        ":path",
                        "/"),
                head(
                        "a user name",
                        Refusal.BAD_HOST,
                        ":method",
                        "GET",
                        ":scheme",
                        "http",
                        ":authority",
                        "me@shop",
                        ":path",
                        "/"),
                head(
                        "CONNECT with a path",
                        Refusal.BAD_TARGET,
                        ":method",
                        "CONNECT",
                        ":authority",
                        "a:1",
                        ":path",
                        "/"),
                head("CONNECT without a port", Refusal.BAD_TARGET, ":method", "CONNECT", ":authority", "a"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void resetsMalformedRequestsAndGoesOn(String why, Refusal refusal, List<String> fields) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.head(1, true, fields.toArray(new String[0])));
            assertThat(client.frames()).containsExactly("RESET 1 PROTOCOL_ERROR");
            assertThat(bench.asked).isEmpty();
            assertThat(bench.refusals(refusal)).isEqualTo(1);
            client.send(client.get(3, "/"));
            bench.answer(0, OK);
            assertThat(client.frames()).containsExactly("HEADERS 3 :status=200 content-length=0 END");
        }
    }

    @Test
    void refusesTooManyFieldsWithAnAnswer() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            String[] many = new String[8 + 2 * 300];
            List.of(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/")
                    .toArray(many);
            for (int i = 8; i < many.length; i += 2) {
                many[i] = "x";
                many[i + 1] = "";
            }
            client.send(client.head(1, true, many));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 1 :status=431");
            client.send(client.head(
                    3,
                    true,
                    ":method",
                    "GET",
                    ":scheme",
                    "http",
                    ":authority",
                    "shop",
                    ":path",
                    "/",
                    "x",
                    "y".repeat(5000)));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=431");
            assertThat(bench.refusals(Refusal.HEADER_TOO_LARGE)).isEqualTo(2);
            client.send(client.get(5, "/"));
            assertThat(bench.opened).hasSize(1);
        }
    }

    /** Whatever the limit: it is there as a whole, and the other streams have done nothing. */
    @Test
    void refusesALargeHeadInOneFrameWithAnAnswer() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"), client.post(3, "/", "x", "~".repeat(9_000)));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=431");
            bench.answer(0, OK);
            assertThat(client.frames()).last().isEqualTo("HEADERS 1 :status=200 content-length=0 END");
        }
    }

    @Test
    void refusesABodyThatIsNotAsLongAsItSays() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/", "content-length", "3"), data(1, "abcd", true));
            assertThat(client.frames()).containsExactly("RESET 1 PROTOCOL_ERROR");
            client.send(client.post(3, "/", "content-length", "3"), data(3, "ab", true));
            assertThat(client.frames()).containsExactly("RESET 3 PROTOCOL_ERROR");
            for (int i = 0; i < 2; i++) {
                assertThat(bench.opened.get(i).isOpen()).isFalse();
            }
        }
    }

    @Test
    void refusesTrailersThatAreNone() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/"), client.head(1, true, ":path", "/other"));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 1 :status=400");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    /** Whether or not the client says that it has read the settings; and who is refused may ask again. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void refusesMoreStreamsThanItHasAnnounced(boolean acknowledged) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = new Http2Client(bench);
            client.send(Http2Client.preface() + settings() + (acknowledged ? Http2Client.settingsAck() : ""));
            client.frames();
            for (int i = 0; i < 100; i++) {
                client.send(client.get(2 * i + 1, "/"));
            }
            for (int i = 100; i < 400; i++) {
                client.send(client.get(2 * i + 1, "/"));
                assertThat(client.frames()).containsExactly("RESET " + (2 * i + 1) + " REFUSED_STREAM");
            }
            assertThat(bench.opened).hasSize(100);
            assertThat(bench.refusals(Refusal.MALFORMED_REQUEST)).isZero();
        }
    }

    /** What was under way when a stream was reset is dropped without a word. */
    @Test
    void forgivesABodyThatComesAfterTheAnswer() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            for (int stream = 1; stream < 120; stream += 2) {
                client.send(client.post(stream, "/in"), data(stream, "x", false));
                bench.answer(bench.opened.size() - 1, OK);
                assertThat(client.frames()).last().isEqualTo("RESET " + stream + " NO_ERROR");
                for (int i = 0; i < 4; i++) {
                    client.send(data(stream, "late", i == 3));
                }
                assertThat(client.frames()).isEmpty();
            }
            assertThat(bench.refusals(Refusal.MALFORMED_REQUEST)).isZero();
            client.send(client.get(121, "/"));
            bench.answer(bench.opened.size() - 1, OK);
            assertThat(client.frames()).last().isEqualTo("HEADERS 121 :status=200 content-length=0 END");
        }
    }

    /** A malformed request is a whole frame: the connection, and what else is on it, goes on. */
    @Test
    void keepsOtherStreamsAfterAMalformedRequest() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            client.send(client.head(
                    3, true, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/", "X", "1"));
            bench.pass(15);
            bench.answer(0, OK);
            assertThat(client.frames())
                    .containsExactly("RESET 3 PROTOCOL_ERROR", "HEADERS 1 :status=200 content-length=0 END");
        }
    }

    /** The rest of a request that was refused with its head, and the client's own reset of it, were under way. */
    @Test
    void forgivesWhatComesBehindAHeadThatIsRefused() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            client.send(client.post(3, "/", "X", "1"), data(3, "late", false), window(3, 5));
            client.send(data(3, "", true), reset(3, Http2Error.CANCEL));
            assertThat(client.frames()).containsExactly("RESET 3 PROTOCOL_ERROR");
            for (int i = 2; i < 101; i++) {
                client.send(client.get(2 * i + 1, "/"));
            }
            client.send(client.post(203, "/"), data(203, "late", true), reset(203, Http2Error.CANCEL));
            assertThat(client.frames()).containsExactly("RESET 203 REFUSED_STREAM");
            bench.answer(0, OK);
            assertThat(client.frames()).containsExactly("HEADERS 1 :status=200 content-length=0 END");
            client.send(client.get(205, "/"));
            bench.answer(0, OK);
            assertThat(client.frames()).containsExactly("HEADERS 205 :status=200 content-length=0 END");
        }
    }

    /** As many fields as there may be, and no room for the key that HTTP/1.1 wants. */
    @Test
    void refusesAWebSocketWithoutRoomForItsKey() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            String[] many = new String[10 + 2 * 256];
            List.of(
                            ":method",
                            "CONNECT",
                            ":protocol",
                            "websocket",
                            ":scheme",
                            "http",
                            ":authority",
                            "shop",
                            ":path",
                            "/")
                    .toArray(many);
            for (int i = 10; i < many.length; i += 2) {
                many[i] = "x";
                many[i + 1] = "";
            }
            client.send(client.get(1, "/"), client.head(3, false, many));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=431");
            bench.answer(0, OK);
            assertThat(client.frames()).last().isEqualTo("HEADERS 1 :status=200 content-length=0 END");
        }
    }

    // -----------------------------------------------------------------------------------------------------------
    // floods

    private static Arguments flood(String name, int count, IntFunction<String> frame) {
        return Arguments.of(name, count, frame);
    }

    static List<Arguments> floods() {
        return List.of(
                flood("CVE-2019-9512, ping flood", 2001, i -> ping(0)),
                flood("CVE-2019-9515, settings flood", 2001, i -> settings(4, 1000 + i)),
                flood("CVE-2019-9513, priority shuffling", 2001, i -> priority(2 * i + 1)),
                flood("CVE-2019-9518, empty frames", 2001, i -> data(1, "", false)),
                flood("window updates of a byte", 2001, i -> window(0, 1)),
                flood("unknown frames", 2001, i -> frame(0x42, 0, 1, "")),
                flood("unknown frames of no stream", 2001, i -> frame(0x42, 0, 0, "")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("floods")
    void endsAConnectionThatAsksForNothing(String name, int count, IntFunction<String> frame) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.post(1, "/"));
            for (int i = 0; i < count && bench.client.isOpen(); i++) {
                client.send(frame.apply(i));
            }
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(client.frames()).last().asString().endsWith(" ENHANCE_YOUR_CALM");
            assertThat(bench.refusals(Refusal.TOO_MANY_FRAMES)).isEqualTo(1);
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    /** Frames of a stream that has ended are dropped, and cost time all the same. */
    @Test
    void endsAConnectionThatGoesOnAboutEndedStreams() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            client.frames();
            for (int i = 0; i < 2001 && bench.client.isOpen(); i++) {
                client.send(window(1, 1));
            }
            assertThat(client.frames()).last().asString().endsWith(" ENHANCE_YOUR_CALM");
        }
    }

    /** CVE-2023-44487, rapid reset: each costs a connection to a server. */
    @Test
    void endsAConnectionThatResetsWhatItBegins() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            int sent = 0;
            for (int i = 0; i < 1000 && bench.client.isOpen(); i++) {
                client.send(client.get(2 * i + 1, "/"), reset(2 * i + 1, Http2Error.CANCEL));
                sent++;
            }
            assertThat(sent).isEqualTo(201);
            assertThat(client.frames()).last().asString().endsWith(" ENHANCE_YOUR_CALM");
        }
    }

    /** CVE-2025-8671, made you reset: the server is led to reset the streams itself. */
    @Test
    void endsAConnectionThatMakesItReset() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            int sent = 0;
            for (int i = 0; i < 1000 && bench.client.isOpen(); i++) {
                client.send(client.get(2 * i + 1, "/"), window(2 * i + 1, Integer.MAX_VALUE));
                sent++;
            }
            assertThat(sent).isLessThanOrEqualTo(202);
            assertThat(client.frames()).last().asString().endsWith(" ENHANCE_YOUR_CALM");
        }
    }

    /** The same by trailers that are none, and by heads that are refused. */
    @Test
    void endsAConnectionThatMakesItGiveUpRequests() {
        for (boolean trailers : new boolean[] {true, false}) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                Http2Client client = Http2Client.begun(bench);
                int sent = 0;
                for (int i = 0; i < 1000 && bench.client.isOpen(); i++) {
                    int stream = 2 * i + 1;
                    client.send(
                            trailers
                                    ? client.post(stream, "/") + client.head(stream, true, ":path", "/other")
                                    : client.head(stream, true, ":method", "GET", ":scheme", "http", ":path", "/"));
                    sent++;
                }
                assertThat(sent).isLessThanOrEqualTo(202);
                assertThat(client.frames()).last().asString().endsWith(" ENHANCE_YOUR_CALM");
            }
        }
    }

    /** CVE-2024-27316 and others: a head that never ends. */
    @Test
    void endsAConnectionWhoseHeadNeverEnds() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(frame(Http2FrameTypes.HEADERS, 0, 1, client.block(1, ":method", "GET")));
            int sent = 0;
            for (int i = 0; i < 1000 && bench.client.isOpen(); i++) {
                client.send(frame(Http2FrameTypes.CONTINUATION, 0, 1, ""));
                sent++;
            }
            assertThat(sent).isLessThanOrEqualTo(17);
        }
    }

    /** A head of large pieces that never ends is no larger here than heads may be. */
    @Test
    void endsAConnectionWhoseHeadIsTooLarge() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(frame(Http2FrameTypes.HEADERS, 0, 1, client.block(1, ":method", "GET")));
            int sent = 0;
            for (int i = 0; i < 1000 && bench.client.isOpen(); i++) {
                client.send(frame(Http2FrameTypes.CONTINUATION, 0, 1, "x".repeat(10_000)));
                sent++;
            }
            assertThat(sent).isLessThanOrEqualTo(2);
        }
    }

    /** HPACK bomb: a few bytes that name a large field over and over. */
    @Test
    void refusesAHeadThatUnpacksToTooMuch() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            String large = "y".repeat(1000);
            client.send(client.head(
                    1, true, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/", "bomb", large));
            String again = client.block(3, "bomb", large);
            assertThat(again).as("an index").hasSize(1);
            String head = client.block(3, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/");
            client.send(frame(Http2FrameTypes.HEADERS, 5, 3, head + again.repeat(5000)));
            assertThat(client.frames()).first().asString().startsWith("HEADERS 3 :status=431");
            assertThat(bench.opened).hasSize(1);
        }
    }

    /** SETTINGS_HEADER_TABLE_SIZE of 4 GiB: responses fill a table of 4 KiB all the same. */
    @Test
    void keepsNoLargerTableThanUsual() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = new Http2Client(bench);
            client.send(Http2Client.preface() + settings(1, -1));
            client.frames();
            client.send(client.get(1, "/"));
            bench.answer(0, OK);
            assertThat(client.frames()).containsExactly("HEADERS 1 :status=200 content-length=0 END");
        }
    }

    // ---------------------------------------------------------------------------------------------- broken connections

    static List<Arguments> broken() {
        return List.of(
                Arguments.of("a frame that is too large", frame(Http2FrameTypes.DATA, 0, 1, "x".repeat(16385))),
                Arguments.of("DATA without a stream", data(0, "x", false)),
                Arguments.of("DATA for a stream that is not open", data(5, "x", false)),
                Arguments.of("SETTINGS of a stream", frame(Http2FrameTypes.SETTINGS, 0, 1, "")),
                Arguments.of("SETTINGS of a wrong length", frame(Http2FrameTypes.SETTINGS, 0, 0, "abc")),
                Arguments.of("a window that is too large", settings(4, -1)),
                Arguments.of("PUSH_PROMISE", frame(Http2FrameTypes.PUSH_PROMISE, 4, 1, number(2))),
                Arguments.of("a window of 0 for all", window(0, 0)),
                Arguments.of("PING of a wrong length", frame(Http2FrameTypes.PING, 0, 0, "1")),
                Arguments.of("CONTINUATION of nothing", frame(Http2FrameTypes.CONTINUATION, 4, 1, "")),
                Arguments.of(
                        "garbage for HPACK", frame(Http2FrameTypes.HEADERS, 5, 1, "\u00ff\u00ff\u00ff\u00ff\u00ff")),
                Arguments.of("an even stream", frame(Http2FrameTypes.HEADERS, 5, 2, "\u0082")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void endsAConnectionThatIsNotHttp2(String why, String frame) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Http2Client client = Http2Client.begun(bench);
            client.send(frame);
            assertThat(client.frames().toString()).contains("GOAWAY");
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.refusals(Refusal.BAD_FRAME)).isEqualTo(1);
            assertThat(bench.opened).isEmpty();
        }
    }
}
