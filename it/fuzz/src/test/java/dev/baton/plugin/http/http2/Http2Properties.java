package dev.baton.plugin.http.http2;

import static dev.baton.plugin.http.http2.Http2Client.data;
import static dev.baton.plugin.http.http2.Http2Client.frame;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.fuzz.FuzzParser.Field;
import dev.baton.fuzz.FuzzParser.Message;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzExpected;
import dev.baton.plugin.http.FuzzExpected.Essence;
import dev.baton.plugin.http.http2.FuzzHttp2.Answers;
import dev.baton.plugin.http.http2.FuzzHttp2.Outcome;
import io.netty.handler.codec.http2.Http2FrameTypes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Valid requests arrive at servers of HTTP/1.1 as they are, however their frames were cut and mixed; any other head is
 * refused, or arrives as what it says.
 */
class Http2Properties {
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    /**
     * A request of one stream.
     *
     * @param fields without the pseudo-fields
     * @param pieces of its body; null: the head ends the stream
     * @param trailers behind the body
     */
    record Request(String method, List<Field> fields, List<String> pieces, boolean trailers) {
        String body() {
            return pieces == null ? "" : String.join("", pieces);
        }
    }

    @Provide
    Arbitrary<List<Request>> requests() {
        Arbitrary<List<Field>> fields = Arbitraries.of(
                        new Field("accept", "*/*"),
                        new Field("x", ""),
                        new Field("x", "a b"),
                        new Field("te", "trailers"),
                        new Field("cookie", "a=\u00ff"),
                        new Field("cookie", "b"),
                        new Field("x-forwarded-for", "10.0.0.1"),
                        new Field("proxy", "evil"),
                        new Field("x_other", "y"))
                .list()
                .ofMaxSize(5);
        Arbitrary<List<String>> pieces = Arbitraries.strings()
                .withCharRange('a', 'f')
                .ofMaxLength(40)
                .list()
                .ofMaxSize(4);
        Arbitrary<Request> one = Combinators.combine(
                        Arbitraries.of("GET", "PUT", "POST", "HEAD", "OPTIONS", "DELETE", "BREW"),
                        fields,
                        pieces.injectNull(0.3),
                        Arbitraries.of(true, false))
                .as((method, all, body, trailers) -> new Request(method, all, body, body != null && trailers));
        return one.list().ofMinSize(1).ofMaxSize(6);
    }

    @Property
    void validRequestsAllArriveHoweverTheyAreMixedAndCut(
            @ForAll("requests") List<Request> requests, @ForAll boolean filtered, @ForAll long seed) {
        List<Essence> expected = new ArrayList<>();
        for (int i = 0; i < requests.size(); i++) {
            expected.add(FuzzExpected.request(message(requests.get(i), "/" + (1 + 2 * i))));
        }
        for (Ends ends : Ends.values()) {
            Random random = new Random(seed);
            String bytes = Http2Client.preface() + Http2Client.settings() + mixed(requests, random);
            Outcome got = FuzzHttp2.play(bytes, ends, Answers.WHOLE, filtered, cut(random));
            assertThat(got.forwarded().stream()
                            .filter(each -> !each.target().equals("/")) // what FuzzHttp2 asks behind them
                            .sorted(Comparator.comparing(Essence::target)))
                    .containsExactlyElementsOf(expected.stream()
                            .sorted(Comparator.comparing(Essence::target))
                            .toList());
            assertThat(new TreeMap<>(got.heads()).values())
                    .hasSize(requests.size() + 1)
                    .containsOnly(":status=200");
            assertThat(got.lost()).isFalse();
        }
    }

    /** What a server of HTTP/1.1 gets of it, in the words of a strict parser. */
    private static Message message(Request request, String path) {
        List<Field> fields = new ArrayList<>(List.of(new Field("Host", "shop")));
        fields.addAll(joined(request.fields()));
        return new Message(
                request.method(),
                path,
                false,
                fields,
                request.pieces() != null,
                false,
                request.body(),
                request.trailers() ? List.of(new Field("x-sum", "1")) : List.of());
    }

    /** With one field for all cookies. */
    private static List<Field> joined(List<Field> fields) {
        List<Field> joined = new ArrayList<>();
        int cookie = -1;
        for (Field each : fields) {
            if (!each.name().equals("cookie")) {
                joined.add(each);
            } else if (cookie < 0) {
                cookie = joined.size();
                joined.add(each);
            } else {
                joined.set(cookie, new Field("cookie", joined.get(cookie).value() + "; " + each.value()));
            }
        }
        return joined;
    }

    /** Frames of all streams in any order that RFC 9113 allows. */
    private static String mixed(List<Request> requests, Random random) {
        Http2Client client = new Http2Client(frames -> {}, () -> "");
        StringBuilder out = new StringBuilder();
        List<Deque<String>> open = new ArrayList<>();
        int next = 0;
        while (next < requests.size() || !open.isEmpty()) {
            if (open.isEmpty() || (next < requests.size() && random.nextInt(3) == 0)) {
                int stream = 1 + 2 * next;
                Deque<String> rest = new ArrayDeque<>();
                out.append(head(client, stream, requests.get(next++), rest, random));
                if (!rest.isEmpty()) {
                    open.add(rest);
                }
            } else {
                Deque<String> rest = open.get(random.nextInt(open.size()));
                String frame = rest.remove();
                if (frame.isEmpty()) { // trailers: encoded in the order in which they are sent
                    int stream = Integer.parseInt(rest.remove());
                    out.append(client.head(stream, true, "x-sum", "1"));
                } else {
                    out.append(frame);
                }
                open.removeIf(Deque::isEmpty);
            }
        }
        return out.toString();
    }

    private static String head(Http2Client client, int stream, Request request, Deque<String> rest, Random random) {
        List<String> fields = new ArrayList<>(
                List.of(":method", request.method(), ":scheme", "http", ":authority", "shop", ":path", "/" + stream));
        request.fields().forEach(each -> fields.addAll(List.of(each.name(), each.value())));
        String block = client.block(stream, fields.toArray(new String[0]));
        int flags = request.pieces() == null ? END_STREAM : 0;
        int at = random.nextBoolean() ? block.length() : random.nextInt(block.length());
        StringBuilder head = new StringBuilder();
        if (at == block.length()) {
            head.append(frame(Http2FrameTypes.HEADERS, flags | END_HEADERS, stream, block));
        } else {
            head.append(frame(Http2FrameTypes.HEADERS, flags, stream, block.substring(0, at)))
                    .append(frame(Http2FrameTypes.CONTINUATION, END_HEADERS, stream, block.substring(at)));
        }
        if (request.pieces() != null) {
            for (String piece : request.pieces()) {
                rest.add(data(stream, piece, false));
            }
            if (request.trailers()) {
                rest.add("");
                rest.add(String.valueOf(stream));
            } else {
                rest.add(data(stream, "", true));
            }
        }
        return head.toString();
    }

    private static IntUnaryOperator cut(Random random) {
        return left -> Math.min(left, 1 + random.nextInt(random.nextInt(4) == 0 ? left : Math.min(left, 12)));
    }

    // ------------------------------------------------------------------------------------------------ any other head

    /** What has been used to make two readers of a head disagree. */
    private static final String[] PIECES = {
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "\0",
        " ",
        "\t",
        ":",
        ";",
        ",",
        "0",
        "-1",
        "+1",
        "_",
        "A",
        "%",
        "#",
        "?",
        "@",
        "/",
        "//",
        "*",
        "[",
        "]",
        "\"",
        "\\",
        "\u0080",
        "\u00a0",
        "\u00ff",
        "http://h/",
        ":80",
        "chunked",
        "trailers",
        " HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT",
        "HEAD",
        "TRACE",
        "OPTIONS",
        "shop",
        "websocket"
    };

    @Provide
    Arbitrary<List<Field>> heads() {
        Arbitrary<String> piece = Arbitraries.of(PIECES);
        Arbitrary<String> value = Arbitraries.frequencyOf(
                net.jqwik.api.Tuple.of(3, Arbitraries.of("GET", "/", "/a?b", "http", "https", "shop", "1", "a b")),
                net.jqwik.api.Tuple.of(1, piece),
                net.jqwik.api.Tuple.of(
                        1,
                        Combinators.combine(piece, Arbitraries.of("/", "a", "GET", "shop"), piece)
                                .as((a, b, c) -> a + b + c)));
        Arbitrary<String> name = Arbitraries.of(
                "host",
                "cookie",
                "content-length",
                "content_length",
                "transfer-encoding",
                "transfer_encoding",
                "te",
                "connection",
                "keep-alive",
                "proxy-connection",
                "upgrade",
                "http2-settings",
                "max-forwards",
                "expect",
                "x",
                "X",
                "x:y",
                "x y",
                "x\ry",
                "x\u00ff",
                "",
                "_",
                "x-forwarded-for",
                "x_forwarded_for",
                ":method",
                ":path",
                ":scheme",
                ":authority",
                ":status",
                ":protocol");
        Arbitrary<List<Field>> more =
                Combinators.combine(name, value).as(Field::new).list().ofMaxSize(3);
        return Combinators.combine(
                        method(),
                        value.injectNull(0.1),
                        value.injectNull(0.1),
                        value.injectNull(0.1),
                        more,
                        Arbitraries.integers())
                .as((method, path, authority, scheme, fields, mask) -> {
                    List<Field> all = new ArrayList<>();
                    add(all, ":method", method);
                    add(all, ":scheme", (mask & 7) != 0 ? "http" : scheme);
                    add(all, ":authority", (mask & 0x18) != 0 ? "shop" : authority);
                    add(all, ":path", (mask & 0x20) != 0 ? "/x" : path);
                    all.addAll(fields);
                    return all;
                });
    }

    private static Arbitrary<String> method() {
        return Arbitraries.of("GET", "GET", "POST", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "G T", "GET\r\n", "");
    }

    private static void add(List<Field> fields, String name, String value) {
        if (value != null) {
            fields.add(new Field(name, value));
        }
    }

    /** Only the body of a request may differ: whether there is one is what the frames say. */
    @Property
    void aHeadIsRefusedOrArrivesAsWhatItSays(
            @ForAll("heads") List<Field> head, @ForAll boolean complete, @ForAll boolean filtered) {
        Http2Client client = new Http2Client(frames -> {}, () -> "");
        String block = client.block(
                1,
                head.stream()
                        .flatMap(each -> List.of(each.name(), each.value()).stream())
                        .toArray(String[]::new));
        String bytes = Http2Client.preface()
                + Http2Client.settings()
                + frame(Http2FrameTypes.HEADERS, END_HEADERS | (complete ? END_STREAM : 0), 1, block)
                + (complete ? "" : data(1, "abc", true));
        Outcome got = FuzzHttp2.play(bytes, Ends.TOGETHER, Answers.WHOLE, filtered, left -> left);
        assertThat(got.heads()).as("%s", head).containsKey(1);
        assertThat(got.lost()).as("%s", head).isFalse();
        List<Essence> forwarded = new ArrayList<>(got.forwarded());
        forwarded.remove(forwarded.size() - 1); // what FuzzHttp2 asks behind it
        if (!forwarded.isEmpty() && first(head, ":protocol") == null) {
            assertThat(forwarded).as("%s", head).containsExactly(expected(head, complete));
        }
    }

    private static String first(List<Field> head, String name) {
        return head.stream()
                .filter(each -> each.name().equals(name))
                .map(Field::value)
                .findFirst()
                .orElse(null);
    }

    private static Essence expected(List<Field> head, boolean complete) {
        String authority = first(head, ":authority");
        List<Field> fields = new ArrayList<>();
        fields.add(new Field("Host", authority == null ? String.valueOf(first(head, "host")) : authority));
        fields.addAll(joined(head.stream()
                .filter(each -> !each.name().startsWith(":") && !each.name().equals("host"))
                .toList()));
        return FuzzExpected.request(new Message(
                String.valueOf(first(head, ":method")),
                String.valueOf(first(head, ":path")),
                false,
                fields,
                !complete && first(head, "content-length") == null,
                false,
                complete ? "" : "abc",
                List.of()));
    }
}
