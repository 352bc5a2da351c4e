package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The side of an exchange that speaks to a server, in the server's version of HTTP. In HTTP/1 it is the whole
 * connection, which carries one exchange at a time.
 *
 * <p>It runs under the claim on the server's connection, and the {@link Downstream} end of the exchange, to which it
 * hands the response, under that on the client's. A piece is handed over directly where this thread can enter the other
 * connection, else it is posted, and its sender reads no more until all pieces of that read were taken: a queue has no
 * limit. Every message names its exchange, and what is not of the current one is dropped.
 */
public interface UpstreamEnd {
    MovableChannel channel();

    /** It has carried an exchange: the server may have closed it since. */
    boolean hasServed();

    // ---- under the claim on its connection --------------------------------------------------------------------------

    /**
     * Begins an exchange: sends the request's head.
     *
     * @return false: the connection is dead and nothing was sent
     */
    boolean begin(Exchange next);

    /**
     * A piece of the request's body.
     *
     * @param in its next {@code count} bytes; taken out in any case
     */
    void requestBody(Exchange named, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers);

    /** A piece that was posted; released. */
    void postedRequestBody(Exchange named, ByteBuf data, boolean last, @Nullable HeaderFields trailers);

    /** False: send no more before {@link Downstream#resumeRequest}. */
    boolean takesMoreRequest(Exchange named);

    void flushRequest(Exchange named);

    /** All that was posted of the request's body has arrived here: flushes it and asks for more. */
    void caughtUpWithRequest(Exchange named);

    /** The answer is not waited for, or cannot be delivered: closes the connection. */
    void abort();

    /** Gives a new connection to the pool, because its exchange does not need it. */
    void giveBack(Exchange unused);

    // ---- without a claim --------------------------------------------------------------------------------------------

    /** The client's end can take more of the answer. False: this end is gone. */
    boolean resumeAnswer(Exchange named);

    /** The client has ended its side of the tunnel. */
    void endTunnel(Exchange named);

    /** Ends an exchange that is no longer waited for. */
    void abortSoon(Exchange named);
}
