package dev.baton.spi.http;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import io.netty.buffer.ByteBuf;

/**
 * The body of a response that a handler writes piece by piece. May be used from the callback that begins it on, by one
 * thread at a time. Under the claim on the client's connection a call costs least; from elsewhere it is a posted task.
 *
 * <p>A handler keeps to the client's pace:
 *
 * <pre>
 * void send(HttpStream stream, Source source) {
 *     boolean more = true;
 *     while (more &amp;&amp; source.hasNext()) {
 *         more = stream.write(source.next());
 *     }
 *     if (source.hasNext()) {
 *         stream.whenReady(() -> send(stream, source));
 *     } else {
 *         stream.end();
 *     }
 * }
 * </pre>
 *
 * <p>A stream to which nothing is written for the handler's {@code timeout}, while the client takes more, is cut. For
 * events that come rarely the configuration gives the handler a long one.
 */
@ByBaton
@AnyThread
public interface HttpStream {
    /**
     * Writes a piece; the reference that the caller has goes over.
     *
     * @return false if the client has enough for now: write no more before {@link #whenReady} has run its task. What is
     *     written all the same is kept in memory. Also false after the end of the response or of the exchange, when the
     *     piece is only released
     */
    boolean write(ByteBuf bytes);

    /**
     * Runs a task once, under the claim on the client's connection, when the client takes more: at once if it does
     * already. It runs on a loop, even if the handler's callbacks run on workers, and must not block. The end of the
     * exchange drops it. What it throws aborts the response. A second task takes the place of one that has not run.
     */
    void whenReady(Runnable task);

    /** Ends the response. */
    void end();

    /**
     * Ends the response with fields behind the body. A client of a protocol or of a length that knows none gets none.
     *
     * @param trailers copied before this returns
     */
    void end(HttpFields trailers);

    /** Ends the response so that the client sees that it is not complete. */
    void abort();
}
