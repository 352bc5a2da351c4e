package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelInboundHandler;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.DefaultHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.DefaultHttp2FrameWriter;
import io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.netty.handler.codec.http2.DefaultHttp2HeadersEncoder;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2LocalFlowController;
import io.netty.handler.codec.http2.Http2PromisedRequestVerifier;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import java.util.function.Supplier;

/** Puts the handler of a connection and its codec together. */
public final class Http2Codec {
    /** What a window may shrink to before the client is told that it is open again. */
    private static final float WINDOW_UPDATE_RATIO = 0.5f;

    /** Characters of a cookie that could be guessed one by one. */
    private static final int GUESSABLE_MAX = 20;

    /** Heads of this many times the limit are read to their end, so that they fail one exchange, and not all. */
    private static final int LONG_HEADS = 4;

    private Http2Codec() {}

    /** The handler of an accepted connection. */
    public static Http2Reader reader(ExchangeEnv env, MovableChannel channel, Http2Limits limits) {
        Http2Connection connection = new DefaultHttp2Connection(true, 0);
        // From the first frame on: what the settings say is in force only when the client says that it has read them.
        connection.remote().maxActiveStreams(limits.config().maxStreams());
        Http2Connection.PropertyKey streamKey = connection.newKey();
        PendingBytes pending = new PendingBytes(new UniformStreamByteDistributor(connection), state -> {
            Http2Downstream known = state.stream().getProperty(streamKey);
            if (known != null) {
                known.pending(state.pendingBytes());
            }
        });
        connection.remote().flowController(new DefaultHttp2RemoteFlowController(connection, pending, stream -> {
            Http2Downstream known = stream.getProperty(streamKey);
            if (known != null) {
                known.run(known::writabilityChanged);
            }
        }));
        Http2LocalFlowController windows = new DefaultHttp2LocalFlowController(connection, WINDOW_UPDATE_RATIO, true);
        connection.local().flowController(windows);

        DefaultHttp2HeadersEncoder heads = new DefaultHttp2HeadersEncoder();
        Http2ConnectionEncoder encoder = new GuardedEncoder(
                new DefaultHttp2ConnectionEncoder(connection, new DefaultHttp2FrameWriter(heads)), limits.config());
        CountedFrames frames = new CountedFrames(
                new HeadDecoder(limits.headerLimit(), Http2CodecUtil.DEFAULT_MAX_FRAME_SIZE, RequestFields::new),
                limits.config().maxContinuations());
        Http2ConnectionDecoder decoder = new DefaultHttp2ConnectionDecoder(
                connection, encoder, frames, Http2PromisedRequestVerifier.ALWAYS_VERIFY, true, true, true);
        Http2Settings settings = new Http2Settings()
                .maxConcurrentStreams(limits.config().maxStreams())
                .initialWindowSize(limits.streamWindow())
                .maxHeaderListSize(limits.headerLimit())
                .connectProtocolEnabled(true);
        long now = channel.eventLoop().ticker().nanoTime();
        FrameBudget budget =
                new FrameBudget(limits.config().maxIdleFrames(), limits.config().maxResets(), now);
        Http2Reader reader =
                new Http2Reader(env, channel, limits, decoder, encoder, heads, settings, streamKey, budget);
        decoder.frameListener(new Frames(reader));
        frames.accountTo(reader);
        connection.addListener(new Http2ConnectionAdapter() {
            @Override
            public void onStreamHalfClosed(Http2Stream stream) {
                reader.streamHalfClosed(stream);
            }

            @Override
            public void onStreamClosed(Http2Stream stream) {
                reader.streamClosed(stream);
            }
        });
        return reader;
    }

    /** The handler of a connection to a server. */
    public static ChannelInboundHandler upstream(ExchangeEnv env, MovableChannel channel, Http2Limits limits) {
        Http2Connection connection = new DefaultHttp2Connection(false, 0);
        connection.remote().maxActiveStreams(0); // a server begins none
        Http2Connection.PropertyKey streamKey = connection.newKey();
        PendingBytes pending = new PendingBytes(new UniformStreamByteDistributor(connection), state -> {
            Http2UpstreamEnd known = state.stream().getProperty(streamKey);
            if (known != null) {
                known.pending(state.pendingBytes());
            }
        });
        connection.remote().flowController(new DefaultHttp2RemoteFlowController(connection, pending, stream -> {
            Http2UpstreamEnd known = stream.getProperty(streamKey);
            if (known != null) {
                known.run(known::writabilityChanged);
            }
        }));
        connection.local().flowController(new DefaultHttp2LocalFlowController(connection, WINDOW_UPDATE_RATIO, true));
        Http2ConnectionEncoder encoder = new GuardedEncoder(
                new DefaultHttp2ConnectionEncoder(
                        connection, new DefaultHttp2FrameWriter(new DefaultHttp2HeadersEncoder(Http2Codec::isSecret))),
                limits.config());
        CountedFrames frames = new CountedFrames(
                new HeadDecoder(
                        limits.headerLimit(), (long) LONG_HEADS * limits.headerLimit(), UpstreamResponseFields::new),
                limits.config().maxContinuations());
        Http2ConnectionDecoder decoder = new DefaultHttp2ConnectionDecoder(
                connection, encoder, frames, Http2PromisedRequestVerifier.ALWAYS_VERIFY, true, true, true);
        Http2Settings settings = new Http2Settings()
                .pushEnabled(false)
                .initialWindowSize(limits.streamWindow())
                .maxHeaderListSize(limits.headerLimit());
        FrameBudget budget = new FrameBudget(
                limits.config().maxIdleFrames(),
                limits.config().maxResets(),
                channel.eventLoop().ticker().nanoTime());
        Http2UpstreamConnection upstream =
                new Http2UpstreamConnection(env, channel, limits, decoder, encoder, settings, streamKey, budget);
        decoder.frameListener(new UpstreamFrames(upstream));
        frames.accountTo(upstream);
        connection.addListener(new Http2ConnectionAdapter() {
            @Override
            public void onStreamClosed(Http2Stream stream) {
                upstream.streamClosed(stream);
            }

            @Override
            public void onGoAwayReceived(int lastStream, long error, ByteBuf debugData) {
                upstream.goAway(lastStream);
            }
        });
        return upstream;
    }

    /**
     * What one client must not find out of another by the length of what is sent: it is never put into the table that
     * all requests of a connection share (RFC 7541, section 7.1.3). Long cookies cannot be guessed.
     */
    static boolean isSecret(CharSequence name, CharSequence value) {
        return switch (name.length()) {
            case 6 -> value.length() < GUESSABLE_MAX && HttpHeaderNames.COOKIE.contentEquals(name);
            case 13 -> HttpHeaderNames.AUTHORIZATION.contentEquals(name);
            case 19 -> HttpHeaderNames.PROXY_AUTHORIZATION.contentEquals(name);
            default -> false;
        };
    }

    /** Gives the fields of heads to what knows their pseudo-fields. */
    private static final class HeadDecoder extends DefaultHttp2HeadersDecoder {
        private final long readMax;
        private final Supplier<Http2Headers> fields;

        /**
         * New, for one connection.
         *
         * @param readMax bytes of a head, as it is sent, up to which one that is too long costs its stream alone; more
         *     cost the connection
         */
        HeadDecoder(long maxHeaderListSize, long readMax, Supplier<Http2Headers> fields) {
            super(true, maxHeaderListSize);
            this.readMax = readMax;
            this.fields = fields;
        }

        @Override
        public long maxHeaderListSizeGoAway() {
            return Math.max(readMax, super.maxHeaderListSizeGoAway());
        }

        @Override
        protected Http2Headers newHeaders() {
            return fields.get();
        }
    }
}
