package dev.baton.spi.http;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** A piece of a body, or the whole of it, in a callback. It is the callback's until that returns, or resumes. */
public interface HttpBody {
    /**
     * The bytes, from the reader index on. To keep them, copy or retain them. What is not replaced is passed on whole,
     * wherever the reader index stands afterwards.
     */
    ByteBuf bytes();

    /** No piece follows. The last one may be empty. */
    boolean isLast();

    /** Fields behind the body; null if there are none. Known with the last piece. */
    @Nullable
    HttpFields trailers();

    /**
     * Puts other bytes in the place of this piece.
     *
     * @param bytes readable bytes, perhaps none; the reference that the caller has goes over
     * @throws IllegalStateException if the body use is neither {@link HttpBodyUse.Kind#TRANSFORM} nor
     *     {@link HttpBodyUse.Kind#WHOLE}, or if the exchange waits for the filter no longer; the bytes are released
     */
    void replace(ByteBuf bytes);
}
