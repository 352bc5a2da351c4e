package dev.baton.plugin.http.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DefaultHttp2FrameReader;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersDecoder;
import io.netty.handler.codec.http2.Http2Settings;
import org.jspecify.annotations.Nullable;

/**
 * Reads frames, and counts those that cost time and bring nothing before the codec looks at them, which drops some
 * without a word: those of streams that have ended, for example.
 */
final class CountedFrames extends DefaultHttp2FrameReader {
    /** Hears of each frame that is complete. */
    interface Account {
        /** Any frame. */
        void frame();

        /** A head, which the codec has not looked at. */
        default void head(int streamId, Http2Headers fields) throws Http2Exception {
            frame();
        }

        /** One that brings nothing. */
        void idleFrame() throws Http2Exception;

        /** The client resets a stream. */
        void resetByClient() throws Http2Exception;

        /** The stream is there. */
        boolean knows(int streamId);

        /** What was read so far ends in the middle of a frame, or of a head that has several. */
        default void inFrame(boolean unfinished) {}
    }

    private static final int FRAME_HEADER_BYTES = 9;
    private static final int TYPE_AT = 3;
    private static final int FLAGS_AT = 4;
    private static final int END_HEADERS = 4;
    private static final int NONE = -1;

    private @Nullable Account account;
    private @Nullable Counting counting;

    /** Bytes of the payload that follows the header that was read last; {@link #NONE} if it was read too. */
    private int payload = NONE;
    /** That frame does not end its head. */
    private boolean opensHead;
    /** The last frame that is complete does not end its head. */
    private boolean inHead;
    /** The codec reads no more. */
    private boolean ended;

    CountedFrames(Http2HeadersDecoder heads, int maxSmallContinuations) {
        super(heads, maxSmallContinuations);
    }

    void accountTo(Account account) {
        this.account = account;
    }

    @Override
    public void readFrame(ChannelHandlerContext ctx, ByteBuf in, Http2FrameListener listener) throws Http2Exception {
        Counting known = counting;
        if (known == null || !known.counts(listener)) {
            if (account == null) {
                throw new IllegalStateException("no account was set");
            }
            known = new Counting(listener, account);
            counting = known;
        }
        int from = in.readerIndex();
        boolean goesOn = false;
        try {
            super.readFrame(ctx, in, known);
            goesOn = true;
        } catch (Http2Exception e) {
            goesOn = Http2Exception.isStreamError(e); // it has taken the whole frame
            throw e;
        } finally {
            ended |= !goesOn || in.refCnt() == 0; // or the frame has closed the connection
            if (!ended) {
                follow(in, from);
                known.account.inFrame(payload != NONE || inHead);
            }
        }
    }

    /** Looks at what the codec has taken, which are headers of frames and payloads, each at once. */
    private void follow(ByteBuf in, int from) {
        int end = in.readerIndex();
        for (int at = from; at < end; ) {
            if (payload == NONE) {
                payload = in.getUnsignedMedium(at);
                int type = in.getByte(at + TYPE_AT);
                opensHead = (type == Http2FrameTypes.HEADERS || type == Http2FrameTypes.CONTINUATION)
                        && (in.getByte(at + FLAGS_AT) & END_HEADERS) == 0;
                at += FRAME_HEADER_BYTES;
            }
            if (end - at < payload) {
                break;
            }
            at += payload;
            payload = NONE;
            inHead = opensHead;
        }
    }

    private static final class Counting extends Http2FrameListenerDecorator {
        private final Account account;

        Counting(Http2FrameListener listener, Account account) {
            super(listener);
            this.account = account;
        }

        @SuppressWarnings("ReferenceEquality") // the codec changes it once, after the preface
        boolean counts(Http2FrameListener other) {
            return listener == other;
        }

        @Override
        public int onDataRead(ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean last)
                throws Http2Exception {
            if ((!data.isReadable() && !last) || !account.knows(streamId)) {
                account.idleFrame();
            } else {
                account.frame();
            }
            return super.onDataRead(ctx, streamId, data, padding, last);
        }

        @Override
        public void onHeadersRead(
                ChannelHandlerContext ctx, int streamId, Http2Headers headers, int padding, boolean last)
                throws Http2Exception {
            account.head(streamId, headers);
            super.onHeadersRead(ctx, streamId, headers, padding, last);
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
                boolean last)
                throws Http2Exception {
            account.head(streamId, headers);
            super.onHeadersRead(ctx, streamId, headers, dependency, weight, exclusive, padding, last);
        }

        @Override
        public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long error) throws Http2Exception {
            account.resetByClient();
            super.onRstStreamRead(ctx, streamId, error);
        }

        @Override
        public void onPriorityRead(
                ChannelHandlerContext ctx, int streamId, int dependency, short weight, boolean exclusive)
                throws Http2Exception {
            account.idleFrame();
            super.onPriorityRead(ctx, streamId, dependency, weight, exclusive);
        }

        @Override
        public void onSettingsAckRead(ChannelHandlerContext ctx) throws Http2Exception {
            account.idleFrame();
            super.onSettingsAckRead(ctx);
        }

        @Override
        public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) throws Http2Exception {
            account.idleFrame();
            try {
                super.onSettingsRead(ctx, settings);
            } catch (Http2Exception e) { // a window that is too large would cost the codec its stream alone
                throw Http2Exception.isStreamError(e)
                        ? Http2Exception.connectionError(e.error(), e, String.valueOf(e.getMessage()))
                        : e;
            }
        }

        @Override
        public void onPingRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
            account.idleFrame();
            super.onPingRead(ctx, data);
        }

        @Override
        public void onPingAckRead(ChannelHandlerContext ctx, long data) throws Http2Exception {
            account.idleFrame();
            super.onPingAckRead(ctx, data);
        }

        @Override
        public void onWindowUpdateRead(ChannelHandlerContext ctx, int streamId, int increment) throws Http2Exception {
            account.idleFrame();
            super.onWindowUpdateRead(ctx, streamId, increment);
        }

        @Override
        public void onUnknownFrame(
                ChannelHandlerContext ctx, byte type, int streamId, Http2Flags flags, ByteBuf payload)
                throws Http2Exception {
            account.idleFrame();
            super.onUnknownFrame(ctx, type, streamId, flags, payload);
        }

        @Override
        public void onGoAwayRead(ChannelHandlerContext ctx, int lastStreamId, long error, ByteBuf debugData)
                throws Http2Exception {
            account.idleFrame();
            super.onGoAwayRead(ctx, lastStreamId, error, debugData);
        }
    }
}
