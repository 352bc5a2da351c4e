package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.Bench;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.world.Peer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A client, or a server, that a test plays frame by frame: what it sends is bytes, and what it reads is one line a
 * frame.
 */
final class Http2Client {
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private static final int FRAME_HEAD_BYTES = 9;

    private static final int END_STREAM = 1;
    private static final int ACK = 1;
    private static final int END_HEADERS = 4;

    private final Consumer<String> sender;
    private final Supplier<String> receiver;
    private final DefaultHttp2HeadersEncoder encoder = new DefaultHttp2HeadersEncoder();
    private final DefaultHttp2FrameReader reader = reader();
    private final EmbeddedChannel channel = new EmbeddedChannel(new ChannelInboundHandlerAdapter());
    private final ByteBuf unread = Unpooled.buffer();

    /** Of frames of any size: a test may have allowed them. */
    private static DefaultHttp2FrameReader reader() {
        DefaultHttp2FrameReader reader = new DefaultHttp2FrameReader(false);
        try {
            reader.maxFrameSize(Http2CodecUtil.MAX_FRAME_SIZE_UPPER_BOUND);
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        }
        return reader;
    }

    Http2Client(Bench bench) {
        this(bench, bench.client);
    }

    Http2Client(Bench bench, EmbeddedConnection connection) {
        this(frames -> bench.receive(connection, frames), () -> bench.out(connection));
    }

    /** Octets, one a character; the receiver answers with what has come since it was asked last. */
    Http2Client(Consumer<String> sender, Supplier<String> receiver) {
        this.sender = sender;
        this.receiver = receiver;
    }

    /** Over a connection of a world: {@link #frames} waits for one frame. */
    static Http2Client over(Peer peer) {
        Http2Client client = new Http2Client(
                frames -> peer.send(frames.getBytes(StandardCharsets.ISO_8859_1)), () -> nextFrame(peer));
        client.send(PREFACE + settings() + settingsAck());
        return client;
    }

    /** The other side of one: a server that has read a client's preface, and allows what its settings say. */
    static Http2Client serving(Peer peer, int... settings) {
        peer.expect(PREFACE);
        Http2Client server = new Http2Client(
                frames -> peer.send(frames.getBytes(StandardCharsets.ISO_8859_1)), () -> nextFrame(peer));
        server.send(settings(settings) + settingsAck());
        return server;
    }

    private static String nextFrame(Peer peer) {
        String head = new String(peer.read(FRAME_HEAD_BYTES), StandardCharsets.ISO_8859_1);
        int length = head.charAt(0) << 16 | head.charAt(1) << 8 | head.charAt(2);
        return head + new String(peer.read(length), StandardCharsets.ISO_8859_1);
    }

    /** Waits for the next frame of a stream. */
    String next() {
        return next("HEADERS", "DATA", "RESET");
    }

    /** Waits for the next frame of these kinds. */
    String next(String... kinds) {
        while (true) {
            for (String line : frames()) {
                if (Arrays.stream(kinds).anyMatch(line::startsWith)) {
                    return line;
                }
            }
        }
    }

    /** Has sent its preface and read the server's. */
    static Http2Client begun(Bench bench) {
        Http2Client client = new Http2Client(bench);
        client.send(PREFACE + settings() + settingsAck());
        client.frames();
        return client;
    }

    static String preface() {
        return PREFACE;
    }

    void send(String... frames) {
        sender.accept(String.join("", frames));
    }

    // ----------------------------------------------------------------------------------------------------- to send

    static String frame(int type, int flags, int stream, String payload) {
        int length = payload.length();
        return octets(length >> 16, length >> 8, length, type, flags) + number(stream) + payload;
    }

    private static String octets(int... values) {
        StringBuilder text = new StringBuilder();
        for (int each : values) {
            text.append((char) (each & 0xff));
        }
        return text.toString();
    }

    static String number(int value) {
        return octets(value >> 24, value >> 16, value >> 8, value);
    }

    /** Pairs of identifier and value. */
    static String settings(int... pairs) {
        StringBuilder payload = new StringBuilder();
        for (int i = 0; i < pairs.length; i += 2) {
            payload.append(octets(pairs[i] >> 8, pairs[i])).append(number(pairs[i + 1]));
        }
        return frame(Http2FrameTypes.SETTINGS, 0, 0, payload.toString());
    }

    static String settingsAck() {
        return frame(Http2FrameTypes.SETTINGS, ACK, 0, "");
    }

    static String data(int stream, String text, boolean last) {
        return frame(Http2FrameTypes.DATA, last ? END_STREAM : 0, stream, text);
    }

    static String reset(int stream, Http2Error error) {
        return frame(Http2FrameTypes.RST_STREAM, 0, stream, number((int) error.code()));
    }

    static String window(int stream, int bytes) {
        return frame(Http2FrameTypes.WINDOW_UPDATE, 0, stream, number(bytes));
    }

    static String ping(int flags) {
        return frame(Http2FrameTypes.PING, flags, 0, "12345678");
    }

    static String priority(int stream) {
        return frame(Http2FrameTypes.PRIORITY, 0, stream, number(0) + octets(16));
    }

    /** Names and values, one after the other. */
    String head(int stream, boolean last, String... fields) {
        return frame(Http2FrameTypes.HEADERS, END_HEADERS | (last ? END_STREAM : 0), stream, block(stream, fields));
    }

    String block(int stream, String... fields) {
        Http2Headers headers = new DefaultHttp2Headers(false);
        for (int i = 0; i < fields.length; i += 2) {
            headers.add(fields[i], fields[i + 1]);
        }
        ByteBuf out = Unpooled.buffer();
        try {
            encoder.encodeHeaders(stream, headers, out);
            return out.toString(StandardCharsets.ISO_8859_1);
        } catch (Http2Exception e) {
            throw new IllegalStateException(e);
        } finally {
            out.release();
        }
    }

    /** The head of a response. */
    String answer(int stream, boolean last, String status, String... fields) {
        List<String> all = new ArrayList<>(List.of(":status", status));
        all.addAll(List.of(fields));
        return head(stream, last, all.toArray(new String[0]));
    }

    static String goAway(int lastStream, Http2Error error) {
        return frame(Http2FrameTypes.GO_AWAY, 0, 0, number(lastStream) + number((int) error.code()));
    }

    String get(int stream, String path) {
        return head(stream, true, ":method", "GET", ":scheme", "http", ":authority", "shop", ":path", path);
    }

    String post(int stream, String path, String... fields) {
        List<String> all =
                new ArrayList<>(List.of(":method", "POST", ":scheme", "http", ":authority", "shop", ":path", path));
        all.addAll(List.of(fields));
        return head(stream, false, all.toArray(new String[0]));
    }

    // ----------------------------------------------------------------------------------------------------- received

    /** What has come since the last call, one line a frame; what belongs to the start of a connection left out. */
    List<String> frames() {
        unread.writeBytes(receiver.get().getBytes(StandardCharsets.ISO_8859_1));
        List<String> lines = new ArrayList<>();
        ChannelHandlerContext ctx = channel.pipeline().firstContext();
        try {
            while (unread.isReadable()) {
                int before = unread.readerIndex();
                reader.readFrame(ctx, unread, new Lines(lines));
                if (unread.readerIndex() == before) {
                    break;
                }
            }
        } catch (Http2Exception e) {
            throw new AssertionError(HexFormat.of().formatHex(unread.array()), e);
        }
        return lines;
    }

    private record Lines(List<String> lines) implements Http2FrameListener {
        private static String end(boolean last) {
            return last ? " END" : "";
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int stream, ByteBuf data, int padding, boolean last) {
            lines.add("DATA " + stream + " " + data.toString(StandardCharsets.ISO_8859_1) + end(last));
            return data.readableBytes() + padding;
        }

        @Override
        public void onHeadersRead(ChannelHandlerContext ctx, int stream, Http2Headers head, int padding, boolean last) {
            List<String> fields = new ArrayList<>();
            head.forEach(each -> fields.add(each.getKey() + "=" + each.getValue()));
            lines.add("HEADERS " + stream + " "
                    + fields.stream().filter(each -> !each.startsWith("date=")).collect(Collectors.joining(" "))
                    + end(last));
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext ctx,
                int stream,
                Http2Headers head,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean last) {
            onHeadersRead(ctx, stream, head, padding, last);
        }

        @Override
        public void onPriorityRead(ChannelHandlerContext ctx, int stream, int on, short weight, boolean exclusive) {
            lines.add("PRIORITY " + stream);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext ctx, int stream, long error) {
            lines.add("RESET " + stream + " " + Http2Error.valueOf(error));
        }

        @Override
        public void onSettingsAckRead(ChannelHandlerContext ctx) {
            lines.add("SETTINGS ACK");
        }

        @Override
        public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
            lines.add("SETTINGS " + settings);
        }

        @Override
        public void onPingRead(ChannelHandlerContext ctx, long data) {
            lines.add("PING");
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext ctx, long data) {
            lines.add("PING ACK");
        }

        @Override
        public void onPushPromiseRead(
                ChannelHandlerContext ctx, int stream, int promised, Http2Headers head, int padding) {
            lines.add("PUSH " + stream);
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext ctx, int last, long error, ByteBuf debug) {
            lines.add("GOAWAY " + last + " " + Http2Error.valueOf(error));
        }

        @Override
        public void onWindowUpdateRead(ChannelHandlerContext ctx, int stream, int increment) {
            lines.add("WINDOW " + stream + " " + increment);
        }

        @Override
        public void onUnknownFrame(ChannelHandlerContext ctx, byte type, int stream, Http2Flags flags, ByteBuf data) {
            lines.add("UNKNOWN " + type);
        }
    }
}
