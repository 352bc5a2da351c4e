package dev.baton.runtime.health;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One request of an HTTP check in HTTP/2, by Netty's codec: the only stream of its connection. GOAWAY goes out before
 * that is closed.
 *
 * <p>Runs under the claim on the connection.
 */
final class ProbeStream extends Http2ConnectionHandler {
    private static final int INFORMATIONAL_END = 200;

    private final Consumer<String> failed;
    private @Nullable ChannelHandlerContext ctx;
    private boolean begun;

    private ProbeStream(DefaultHttp2ConnectionEncoder encoder, int headMax, Consumer<String> failed) {
        super(
                new DefaultHttp2ConnectionDecoder(
                        encoder.connection(),
                        encoder,
                        new DefaultHttp2FrameReader(new DefaultHttp2HeadersDecoder(true, headMax))),
                encoder,
                new Http2Settings().pushEnabled(false).maxHeaderListSize(headMax),
                true);
        this.failed = failed;
    }

    /**
     * The codec of one connection.
     *
     * @param headMax bytes of an answer's head
     * @param status is told the status of the answer
     * @param failed is told why there is none; may be told more than once
     */
    static ProbeStream of(int headMax, IntConsumer status, Consumer<String> failed) {
        Http2Connection connection = new DefaultHttp2Connection(false, 0);
        connection.remote().maxActiveStreams(0); // a server begins none
        ProbeStream made = new ProbeStream(
                new DefaultHttp2ConnectionEncoder(connection, new DefaultHttp2FrameWriter()), headMax, failed);
        made.decoder().frameListener(new Answer(status, failed));
        return made;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) throws Exception {
        ctx = context;
        super.handlerAdded(context);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) throws Exception {
        begin(context);
        context.fireChannelActive();
    }

    /** The preface goes out before the request, which comes before the news that the connection is open. */
    private void begin(ChannelHandlerContext context) throws Exception {
        if (!begun) {
            begun = true;
            super.channelActive(context);
        }
    }

    /** Sends the request of a check. */
    void ask(CheckConfig config, String server) {
        ChannelHandlerContext context = ctx;
        if (context == null || !context.channel().isActive()) {
            return;
        }
        try {
            begin(context);
        } catch (Exception e) {
            failed.accept(String.valueOf(e.getMessage()));
            return;
        }
        boolean secure = ((MovableChannel) context.channel()).tls() != null;
        Http2Headers head = new DefaultHttp2Headers()
                .method(config.method().orElse("GET"))
                .path(config.path().orElse("/"))
                .scheme(secure ? "https" : "http")
                .authority(config.host().orElse(server))
                .add(AsciiString.cached("user-agent"), "baton-check")
                .add(AsciiString.cached("accept"), "*/*");
        int stream = connection().local().incrementAndGetNextStreamId();
        encoder().writeHeaders(context, stream, head, 0, true, context.newPromise());
        context.flush();
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) throws Exception {
        if (begun && context.channel().isActive()) {
            if (!connection().goAwaySent()) {
                int stream = connection().local().lastStreamCreated();
                if (connection().stream(stream) != null) {
                    encoder().writeRstStream(context, stream, Http2Error.CANCEL.code(), context.newPromise());
                }
                goAway(context, 0, Http2Error.NO_ERROR.code(), Unpooled.EMPTY_BUFFER, context.newPromise());
            }
            context.flush(); // one with an error is written, and waits
        }
        super.close(context, promise);
    }

    @Override
    protected void onConnectionError(
            ChannelHandlerContext context, boolean outbound, Throwable cause, @Nullable Http2Exception known) {
        super.onConnectionError(context, outbound, cause, known);
        failed.accept("malformed answer: " + cause.getMessage());
    }

    @Override
    protected void onStreamError(
            ChannelHandlerContext context, boolean outbound, Throwable cause, Http2Exception.StreamException known) {
        super.onStreamError(context, outbound, cause, known);
        failed.accept("malformed answer: " + known.getMessage());
    }

    /** What the server says of the stream. */
    private static final class Answer extends Http2FrameAdapter {
        private final IntConsumer status;
        private final Consumer<String> failed;

        Answer(IntConsumer status, Consumer<String> failed) {
            this.status = status;
            this.failed = failed;
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context, int stream, Http2Headers head, int padding, boolean last) {
            CharSequence said = head.status();
            try {
                int code = Integer.parseInt(String.valueOf(said));
                if (code >= INFORMATIONAL_END) {
                    status.accept(code);
                }
            } catch (NumberFormatException e) {
                failed.accept("malformed answer: status " + said);
            }
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext context,
                int stream,
                Http2Headers head,
                int dependency,
                short weight,
                boolean exclusive,
                int padding,
                boolean last) {
            onHeadersRead(context, stream, head, padding, last);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext context, int stream, long error) {
            failed.accept("the server has reset the stream: " + Http2Error.valueOf(error));
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext context, int lastStream, long error, ByteBuf debug) {
            if (lastStream == 0) {
                failed.accept("the server has gone away: " + Http2Error.valueOf(error));
            }
        }
    }
}
