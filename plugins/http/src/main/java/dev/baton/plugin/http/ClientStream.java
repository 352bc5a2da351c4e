package dev.baton.plugin.http;

import dev.baton.spi.channel.MovableChannel;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/**
 * The side of an exchange that speaks to its client, in the client's version of HTTP. HTTP/1 has one for a connection,
 * whose exchanges follow one another.
 *
 * <p>It finds the requests and gives them to its {@link Downstream}, and is told by that what to write. Everything runs
 * under the claim on the client's connection.
 */
interface ClientStream {
    MovableChannel channel();

    ChannelHandlerContext context();

    // ---- the request ------------------------------------------------------------------------------------------------

    /** The body of the request can be used now: a client that waits for it is told to send it. */
    void askForBody(Exchange current);

    /** The body of the request can be used as it comes. */
    void takeBody(Exchange current);

    /** More of the body of the request can be used. */
    void resumeBody();

    /** Bytes of the request's body so far. */
    long bodyBytes();

    /** Reads what had to wait, and what comes after it. */
    void readOn();

    // ---- the response -----------------------------------------------------------------------------------------------

    /** Writes a head before the response's, without a flush. */
    void informational(Exchange current, ResponseHead head);

    /**
     * Begins the response, without a flush.
     *
     * @param in its next {@code count} bytes are the first of the body; taken out
     * @param last they are all of it
     */
    void respond(
            Exchange current, ResponseHead head, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers);

    /** Writes more of the body, without a flush; taken out of the buffer. */
    void respondBody(Exchange current, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers);

    /** Writes a whole response of the service's own, without a flush. */
    void respond(Exchange current, OwnAnswer own);

    /** The head of the response is written. */
    boolean isAnswering();

    /** The client takes more of the response. */
    boolean isWritable();

    void flush();

    // ---- the end ----------------------------------------------------------------------------------------------------

    /**
     * The response is complete: the next exchange can begin.
     *
     * @param flush what was written must go out now; else the caller sees to that
     */
    void ended(Exchange current, boolean flush);

    /** The response stays unfinished, and must not look complete. */
    void cutShort(Exchange current);

    /** Nothing can be said to the client any more. */
    void reset();

    // ---- time -------------------------------------------------------------------------------------------------------

    /** By the clock of the loops, in nanoseconds. */
    long nanoTime();

    /** When something came or went last; costs no call of a clock. */
    long lastProgress();

    /** Something came or went: whoever is silent is so from now on. */
    void progress();
}
