package dev.baton.plugin.http.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;

/** Sorts the frames that came: what asks for something, and what costs time only. */
final class Frames implements Http2FrameListener {
    private final Http2Reader reader;

    Frames(Http2Reader reader) {
        this.reader = reader;
    }

    @Override
    public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean last)
            throws Http2Exception {
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
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long error) throws Http2Exception {
        reader.resetByClient();
    }

    @Override
    public void onPriorityRead(ChannelHandlerContext ctx, int streamId, int dependency, short weight, boolean exclusive)
            throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onSettingsAckRead(ChannelHandlerContext ctx) throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
        reader.idleFrame();
        reader.pinged();
    }

    @Override
    public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int increment) throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onUnknownFrame(ChannelHandlerContext ctx, byte type, int streamId, Http2Flags flags, ByteBuf payload)
            throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onGoAwayRead(ChannelHandlerContext ctx, int lastStreamId, long error, ByteBuf debugData)
            throws Http2Exception {
        reader.idleFrame();
    }

    @Override
    public void onPushPromiseRead(
            ChannelHandlerContext ctx, int streamId, int promisedId, Http2Headers headers, int padding) {
        // The codec has refused it: a client cannot push.
    }
}
