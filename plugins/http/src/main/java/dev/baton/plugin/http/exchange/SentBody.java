package dev.baton.plugin.http.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * What has been sent of a request's body, for a server that refuses it unread: such a request may be sent again,
 * whatever it is. A longer body is not kept. Under the claim on the client's connection.
 */
final class SentBody {
    /** Most calls of gRPC and most forms are smaller. */
    private static final int KEPT_MAX = 16 * 1024;

    private @Nullable ByteBuf kept;
    private @Nullable HeaderFields trailers;
    private boolean complete;
    private boolean tooLong;

    /** A piece is about to be sent: the next {@code count} bytes of a buffer. */
    void add(ByteBufAllocator alloc, ByteBuf in, int count, boolean last, @Nullable HeaderFields fields) {
        int before = kept == null ? 0 : kept.readableBytes();
        if (tooLong || before + count > KEPT_MAX) {
            tooLong = true;
            release();
            return;
        }
        complete = last;
        trailers = fields;
        if (count > 0) {
            ByteBuf to = kept == null ? alloc.directBuffer(count) : kept;
            kept = to.writeBytes(in, in.readerIndex(), count);
        }
    }

    /** All that was sent is here. */
    boolean isWhole() {
        return !tooLong;
    }

    /** Nothing was sent. */
    boolean isEmpty() {
        return kept == null && !complete;
    }

    /** It is all of the body. */
    boolean isComplete() {
        return complete;
    }

    @Nullable
    HeaderFields trailers() {
        return trailers;
    }

    /** What is kept; null: nothing. Stays this object's. */
    @Nullable
    ByteBuf bytes() {
        return kept;
    }

    /** Bytes of memory that it takes. */
    int heldBytes() {
        return kept == null ? 0 : kept.capacity();
    }

    /** The server has it: it is not sent again. */
    void release() {
        if (kept != null) {
            kept.release();
            kept = null;
        }
    }
}
