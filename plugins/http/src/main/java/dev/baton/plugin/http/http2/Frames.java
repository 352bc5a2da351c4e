package dev.baton.plugin.http.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Stream;

/** Hands what the codec has found right to the streams. */
final class Frames extends Http2FrameAdapter {
    private final Http2Reader reader;

    Frames(Http2Reader reader) {
        this.reader = reader;
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean last) {
        Http2Stream stream = reader.connection().stream(streamId);
        return stream == null ? data.readableBytes() + padding : reader.data(stream, data, padding, last);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean last) {
        Http2Stream stream = reader.connection().stream(streamId);
        if (stream != null) {
            reader.head(stream, (RequestFields) headers, last);
        }
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx,
            int streamId,
            Http2Headers headers,
            int dependency,
            short weight,
            boolean exclusive,
            int padding,
            boolean last) {
        onHeadersRead(ctx, streamId, headers, padding, last);
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) {
        reader.pinged();
    }
}
