package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.OwnAnswer;
import dev.baton.plugin.http.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameTypes;
import io.netty.handler.codec.http2.Http2HeadersEncoder;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Stream;

/** Writes the responses of a client's connection, as frames. Under the claim on it; flushing is the reader's. */
final class ResponseWriter {
    /** Bytes of a body up to which a response is written in one buffer. */
    private static final int WHOLE_BODY_MAX = 4096;
    /** Characters of the fields up to which it is: they fit one frame, however they are encoded. */
    private static final int WHOLE_HEAD_MAX = 8192;
    /** Bytes of most heads and of two frames' own. */
    private static final int WHOLE_HEAD_GUESS = 256;

    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;

    private final Http2Reader handler;
    private final Http2HeadersEncoder heads;
    private final FrameBudget budget;

    ResponseWriter(Http2Reader handler, Http2HeadersEncoder heads, FrameBudget budget) {
        this.handler = handler;
        this.heads = heads;
        this.budget = budget;
    }

    /** Writes a head, without a flush. */
    void write(Http2Stream stream, ResponseHead head, boolean last) {
        handler.encoder()
                .writeHeaders(
                        handler.context(),
                        stream.id(),
                        ResponseFields.of(head),
                        0,
                        last,
                        handler.context().newPromise());
    }

    /**
     * Writes a whole response in one buffer, without a flush, if it is small and the client's windows have room for it:
     * most are, and this spares the queue in which bodies wait for windows. The stream's end is left to
     * {@link #responseEnded}.
     *
     * @param in its next {@code count} bytes are the body; taken out if it is written
     * @return false: nothing is written
     */
    boolean writeWhole(Http2Stream stream, ResponseHead head, ByteBuf in, int count) {
        Http2RemoteFlowController windows = handler.encoder().flowController();
        Http2Stream all = handler.connection().connectionStream();
        ResponseFields fields = ResponseFields.of(head);
        if (count > WHOLE_BODY_MAX
                || fields.length() > WHOLE_HEAD_MAX
                || windows.hasFlowControlled(stream)
                || !windows.isWritable(stream)
                || windows.windowSize(stream) < count
                || windows.windowSize(all) < count) {
            return false;
        }
        int after = in.readerIndex() + count;
        ByteBuf out = handler.context().alloc().directBuffer(WHOLE_HEAD_GUESS + count);
        try {
            out.writerIndex(Http2CodecUtil.FRAME_HEADER_LENGTH);
            heads.encodeHeaders(stream.id(), fields, out);
            int length = out.writerIndex() - Http2CodecUtil.FRAME_HEADER_LENGTH;
            int flags = count == 0 ? END_STREAM | END_HEADERS : END_HEADERS;
            out.setMedium(0, length)
                    .setByte(3, Http2FrameTypes.HEADERS)
                    .setByte(4, flags)
                    .setInt(5, stream.id());
            if (count > 0) {
                out.writeMedium(count)
                        .writeByte(Http2FrameTypes.DATA)
                        .writeByte(END_STREAM)
                        .writeInt(stream.id())
                        .writeBytes(in, count);
                windows.incrementWindowSize(stream, -count);
                windows.incrementWindowSize(all, -count);
                budget.sent(count);
            }
        } catch (Exception
                | LinkageError
                | AssertionError
                | StackOverflowError e) { // the table of fields may have changed, unsent: all ends
            out.release();
            in.readerIndex(after);
            handler.onError(handler.context(), true, e);
            return true;
        }
        stream.headersSent(false);
        handler.context().write(out, handler.context().voidPromise());
        return true;
    }

    /** A response that was written whole is over: so is this side of its stream. */
    void responseEnded(Http2Stream stream) {
        handler.closeStreamLocal(stream, handler.context().newSucceededFuture());
    }

    /** Writes what follows a body, which ends the response. */
    void write(Http2Stream stream, HeaderFields trailers) {
        handler.encoder()
                .writeHeaders(
                        handler.context(),
                        stream.id(),
                        ResponseFields.ofTrailers(trailers),
                        0,
                        true,
                        handler.context().newPromise());
    }

    /** Writes a piece of a body, without a flush; taken out of the buffer. */
    void write(Http2Stream stream, ByteBuf in, int count, boolean last) {
        budget.sent(count);
        handler.encoder()
                .writeData(
                        handler.context(),
                        stream.id(),
                        in.readRetainedSlice(count),
                        0,
                        last,
                        handler.context().newPromise());
    }

    /** Writes a whole response of the service's own, without a flush. */
    void write(Http2Downstream to, OwnAnswer own, boolean toHead) {
        boolean empty = toHead || own.content().isEmpty();
        write(to.stream(), own.head(), empty);
        if (!empty) {
            byte[] body = own.bytes();
            write(to.stream(), Unpooled.wrappedBuffer(body), body.length, true);
        }
    }

    /** Resets a stream. What of it is not written yet is dropped. */
    void reset(Http2Stream stream, Http2Error error) {
        handler.encoder()
                .writeRstStream(
                        handler.context(),
                        stream.id(),
                        error.code(),
                        handler.context().newPromise());
        handler.flushSoon();
    }

    boolean isWritable(Http2Stream stream) {
        return handler.encoder().flowController().isWritable(stream);
    }
}
