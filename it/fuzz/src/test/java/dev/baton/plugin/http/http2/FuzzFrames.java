package dev.baton.plugin.http.http2;

import static dev.baton.plugin.http.http2.Http2Client.frame;
import static dev.baton.plugin.http.http2.Http2Client.number;

import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameTypes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes the frames of a connection out of arbitrary bytes, which choose what comes next and what is wrong with it: most
 * such connections are nearly right, as random bytes are not.
 */
final class FuzzFrames {
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;
    private static final int PADDED = 8;
    private static final int PRIORITY = 0x20;

    private static final String[] NAMES = {
        ":method",
        ":path",
        ":scheme",
        ":authority",
        ":protocol",
        ":status",
        "host",
        "cookie",
        "content-length",
        "transfer-encoding",
        "te",
        "connection",
        "expect",
        "content_length",
        "x",
        "X",
        "",
        "max-forwards",
        "x-forwarded-for",
        "x\r\ny"
    };
    private static final String[] VALUES = {
        "GET",
        "CONNECT",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "/",
        "*",
        "/a?b",
        "http",
        "shop",
        "shop:1",
        "websocket",
        "",
        "0",
        "3",
        "trailers",
        "100-continue",
        "chunked",
        "a\r\nb: c",
        " "
    };
    private static final int[] INCREMENTS = {0, 1, 5, 100, 20_000, 65_535, 1 << 20, Integer.MAX_VALUE};
    private static final int[] SETTINGS_VALUES = {0, 1, 2, 100, 4096, 16_384, 65_535, 0xffffff, Integer.MAX_VALUE, -1};

    private final byte[] program;
    private final Http2Client client = new Http2Client(frames -> {}, () -> "");
    private final StringBuilder out = new StringBuilder();
    private int at;
    private int last = -1;

    private FuzzFrames(byte[] program, int from) {
        this.program = program;
        at = from;
    }

    /** From the preface and the settings on. */
    static String of(byte[] program, int from) {
        FuzzFrames frames = new FuzzFrames(program, from);
        frames.out.append(Http2Client.preface()).append(Http2Client.settings());
        while (frames.at < program.length) {
            frames.next();
        }
        return frames.out.toString();
    }

    private int octet() {
        return at < program.length ? program[at++] & 0xff : 0;
    }

    private String octets(int count) {
        int length = Math.min(count, program.length - at);
        at += length;
        return new String(program, at - length, length, StandardCharsets.ISO_8859_1);
    }

    private int begin() {
        last += 2;
        return last;
    }

    /** One of those that have begun, the connection itself, or one that has not. */
    private int stream() {
        int back = octet();
        return switch (back & 7) {
            case 6 -> 0;
            case 7 -> last + (back >> 4);
            default -> Math.max(1, last - 2 * (back & 7));
        };
    }

    private void next() {
        int what = octet();
        int more = what >> 4;
        switch (what & 15) {
            case 0 -> out.append(client.get(begin(), "/" + last));
            case 1 ->
                out.append(
                        more == 0
                                ? client.post(begin(), "/" + last)
                                : client.post(begin(), "/" + last, "content-length", String.valueOf(more)));
            case 2 ->
                out.append(frame(Http2FrameTypes.DATA, more & 1, stream(), "d".repeat(octet() * (1 + (more >> 1)))));
            case 3 -> out.append(frame(Http2FrameTypes.RST_STREAM, 0, stream(), number(more)));
            case 4 ->
                out.append(frame(
                        Http2FrameTypes.WINDOW_UPDATE, 0, stream(), number(INCREMENTS[more % INCREMENTS.length])));
            case 5 -> out.append(settings(more));
            case 6 -> out.append(frame(Http2FrameTypes.PING, more & 1, 0, "12345678"));
            case 7 -> out.append(frame(Http2FrameTypes.PRIORITY, 0, stream(), number(octet()) + (char) octet()));
            case 8 -> out.append(client.head(stream(), more != 0, "x-sum", "1"));
            case 9 -> out.append(head(begin(), more));
            case 10 -> continued(more);
            case 11 -> padded(more);
            case 12 -> out.append(frame(octet(), octet(), stream(), octets(more * 4)));
            case 13 -> changed();
            case 14 -> other(more);
            default -> out.append(frame(Http2FrameTypes.HEADERS, END_HEADERS | (more & 1), begin(), octets(more * 4)));
        }
    }

    private String settings(int pairs) {
        int[] all = new int[2 * (pairs % 4)];
        for (int i = 0; i < all.length; i += 2) {
            all[i] = octet() % 10;
            all[i + 1] = SETTINGS_VALUES[octet() % SETTINGS_VALUES.length];
        }
        return Http2Client.settings(all);
    }

    /** A request with some fields in which anything may be wrong. */
    private String head(int stream, int more) {
        List<String> fields =
                new ArrayList<>(List.of(":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/"));
        for (int i = 0; i < more >> 1; i++) {
            int place = octet();
            String name = NAMES[octet() % NAMES.length];
            String value = VALUES[octet() % VALUES.length];
            if ((place & 0x80) == 0) {
                fields.set(1 + 2 * (place % (fields.size() / 2)), value);
            } else {
                int index = 2 * (place % (1 + fields.size() / 2));
                fields.addAll(Math.min(index, fields.size()), List.of(name, value));
            }
        }
        return client.head(stream, (more & 1) != 0, fields.toArray(new String[0]));
    }

    /** A head in several frames; what comes between them is the next octet's choice. */
    private void continued(int pieces) {
        int stream = begin();
        String block = client.block(
                stream,
                ":method",
                "GET",
                ":scheme",
                "http",
                ":authority",
                "shop",
                ":path",
                "/" + stream,
                "x",
                "yyyyyyyy");
        int type = Http2FrameTypes.HEADERS;
        int from = 0;
        for (int i = 0; i < pieces; i++) {
            int to = Math.min(block.length(), from + octet() % 16);
            out.append(frame(type, i == 0 ? END_STREAM : 0, stream, block.substring(from, to)));
            type = Http2FrameTypes.CONTINUATION;
            from = to;
        }
        int end = octet();
        if (end == 255) {
            out.append(Http2Client.ping(0));
        }
        out.append(frame(type, END_HEADERS | (pieces == 0 ? END_STREAM : 0), stream, block.substring(from)));
    }

    private void padded(int more) {
        int padding = octet();
        String zeros = "\0".repeat((more & 2) == 0 ? padding : padding / 2); // too few: an error
        if ((more & 1) == 0) {
            out.append(frame(Http2FrameTypes.DATA, PADDED | (more >> 3), stream(), (char) padding + "data" + zeros));
        } else {
            int stream = begin();
            String block =
                    client.block(stream, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", "/");
            boolean weighted = (more & 4) != 0;
            String weight = weighted ? number(octet()) + (char) octet() : "";
            out.append(frame(
                    Http2FrameTypes.HEADERS,
                    PADDED | END_HEADERS | END_STREAM | (weighted ? PRIORITY : 0),
                    stream,
                    (char) padding + weight + block + zeros));
        }
    }

    /** The next frames with one octet changed. */
    private void changed() {
        int place = octet();
        char octet = (char) octet();
        int from = out.length();
        if (at < program.length) {
            next();
            if (out.length() > from) {
                out.setCharAt(from + place % (out.length() - from), octet);
            }
        }
    }

    private void other(int more) {
        switch (more % 4) {
            case 0 ->
                out.append(frame(
                        Http2FrameTypes.GO_AWAY,
                        0,
                        0,
                        number(0) + number((int) Http2Error.NO_ERROR.code()) + octets(4)));
            case 1 -> out.append(frame(Http2FrameTypes.PUSH_PROMISE, END_HEADERS, stream(), number(2) + octets(4)));
            case 2 -> out.append(frame(octet() | 16, octet(), stream(), octets(8)));
            default -> out.append(Http2Client.settingsAck());
        }
    }
}
