package dev.baton.spi.http;

import dev.baton.spi.threading.AnyThread;
import io.netty.buffer.ByteBuf;

/** The body of a response that a handler writes piece by piece. One thread at a time. */
@AnyThread
public interface HttpStream {
    /**
     * Writes a piece; the reference that the caller has goes over. After the end of the exchange it is only released.
     *
     * @return false if the client has enough for now: write no more before {@link #whenReady}. What is written all the
     *     same is kept in memory
     */
    boolean write(ByteBuf bytes);

    /**
     * Runs a task once when the client takes more, under the claim on its connection: at once if it does already. The
     * end of the exchange drops it.
     */
    void whenReady(Runnable task);

    /** Ends the response. */
    void end();

    /** Ends the response so that the client sees that it is not complete. */
    void abort();
}
