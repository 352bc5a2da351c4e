package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.config.Http2Config;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DecoratingHttp2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2LifecycleManager;
import io.netty.handler.codec.http2.Http2Settings;
import org.jspecify.annotations.Nullable;

/**
 * Bounds what a client can make the encoder keep: a table of HPACK as large as it likes, and answers to PING, SETTINGS
 * and malformed requests that it does not read.
 */
final class GuardedEncoder extends DecoratingHttp2ConnectionEncoder {
    private static final long TABLE_MAX = Http2CodecUtil.DEFAULT_HEADER_TABLE_SIZE;

    private final int maxUnread;
    private final ChannelFutureListener written = sent -> this.unread--;

    private @Nullable Http2LifecycleManager connection;
    /** Answers that are written and that the socket has not taken. */
    private int unread;

    GuardedEncoder(Http2ConnectionEncoder encoder, Http2Config config) {
        super(encoder);
        maxUnread = config.maxIdleFrames();
    }

    @Override
    public void lifecycleManager(Http2LifecycleManager manager) {
        connection = manager;
        super.lifecycleManager(manager);
    }

    @Override
    public void remoteSettings(Http2Settings settings) throws Http2Exception {
        Long table = settings.headerTableSize();
        if (table != null && table > TABLE_MAX) {
            settings.headerTableSize(TABLE_MAX);
        }
        super.remoteSettings(settings);
    }

    @Override
    public ChannelFuture writeSettingsAck(ChannelHandlerContext ctx, ChannelPromise promise) {
        return super.writeSettingsAck(ctx, counted(ctx, promise));
    }

    @Override
    public ChannelFuture writePing(ChannelHandlerContext ctx, boolean ack, long data, ChannelPromise promise) {
        return super.writePing(ctx, ack, data, ack ? counted(ctx, promise) : promise);
    }

    @Override
    public ChannelFuture writeRstStream(ChannelHandlerContext ctx, int streamId, long error, ChannelPromise promise) {
        return super.writeRstStream(ctx, streamId, error, counted(ctx, promise));
    }

    private ChannelPromise counted(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (unread >= maxUnread && connection != null) {
            Http2LifecycleManager owner = connection;
            connection = null; // once
            owner.onError(
                    ctx,
                    false,
                    Http2Exception.connectionError(Http2Error.ENHANCE_YOUR_CALM, "answers that are not read"));
            ctx.close();
        }
        unread++;
        return promise.unvoid().addListener(written);
    }
}
