package dev.baton.plugin.http.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;

/** Hands what the codec has found right in a server's frames to the streams. */
final class UpstreamFrames extends Http2FrameAdapter {
    private final Http2UpstreamConnection connection;

    UpstreamFrames(Http2UpstreamConnection connection) {
        this.connection = connection;
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean last) {
        Http2Stream stream = connection.connection().stream(streamId);
        return stream == null ? data.readableBytes() + padding : connection.data(stream, data, padding, last);
    }

    @Override
    public void onHeadersRead(
            ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean last) {
        Http2Stream stream = connection.connection().stream(streamId);
        if (stream != null) {
            connection.head(stream, (UpstreamResponseFields) headers, last);
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
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long error) {
        Http2Stream stream = connection.connection().stream(streamId);
        if (stream != null) {
            connection.reset(stream, error);
        }
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
        connection.settings(Boolean.TRUE.equals(settings.connectProtocolEnabled()));
    }
}
