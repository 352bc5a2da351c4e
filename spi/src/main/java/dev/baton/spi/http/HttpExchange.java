package dev.baton.spi.http;

import dev.baton.spi.ByBaton;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.threading.AnyThread;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.EventExecutor;
import org.jspecify.annotations.Nullable;

/**
 * One request and its response. It begins when the request's head has been read and its route is known, and has exactly
 * one end.
 *
 * <p>It belongs to the callback that runs, on a loop or on a worker ({@link HttpFilter} says which). While a filter or
 * handler waits, one thread at a time may use the exchange, until it calls {@link #resume} or {@link #answer}. Others,
 * such as tasks of {@link #executor} while a callback runs on a worker, may use what is marked for any thread.
 */
@ByBaton
public interface HttpExchange {
    /** The head of the request. */
    HttpRequest request();

    /**
     * The head of the response.
     *
     * @throws IllegalStateException if there is none, or not yet
     */
    HttpResponse response();

    /**
     * There is a response: always in a callback of one, and at the end if the client was answered or begun to be
     * answered.
     */
    boolean hasResponse();

    /** Who asks whom, as connection filters and trusted proxies say. */
    ConnectionFacts facts();

    /** Name of the service. */
    String service();

    /** Name of the route: the one that is configured, or made of what it matches. */
    String route();

    /** Address of the server that was asked last; null if none was. */
    @Nullable
    String server();

    /** Servers and connections that were tried before the one that answered. */
    int retries();

    /** The times of what has happened so far. */
    HttpTimings timings();

    /** Bytes of the request's body that came, and of the response's that were written. */
    long requestBytes();

    /** Bytes of the response's body that were written. */
    long responseBytes();

    /** What a plugin keeps here; null if it keeps nothing. */
    @AnyThread
    <T> @Nullable T get(HttpAttribute<T> key);

    /** Keeps something until the end of the exchange; null: no more. */
    @AnyThread
    <T> void set(HttpAttribute<T> key, @Nullable T value);

    /** In the callback of a head: the filter that is called does not want the body of this message after all. */
    void skipBody();

    /**
     * Continues after a {@link HttpVerdict#WAIT} of the filter that was given this object. May be called before the
     * callback has returned. What comes too late, when the filter's time is over, does nothing.
     */
    @AnyThread
    void resume();

    /**
     * Answers the request. In a callback, which then returns {@link HttpVerdict#ANSWERED}, or while a filter or handler
     * waits, which ends the wait. In the callback of a response's head it takes the place of that response. Filters
     * that have seen the request and come before this one see the answer as they would a server's.
     *
     * @throws IllegalArgumentException if a field is not allowed
     * @throws IllegalStateException if the head of a response has been written already
     */
    @AnyThread
    void answer(HttpAnswer answer);

    /**
     * Begins a response whose body comes piece by piece. For handlers, where {@link #answer} could be called. The
     * callback returns {@link HttpVerdict#ANSWERED}, or, to read the request's body while it responds,
     * {@link HttpVerdict#CONTINUE}: then it gets further pieces only while the client takes the response. What is
     * written before the callback has returned waits until then.
     *
     * @param head status and fields; its body, if there is one, is the first piece
     */
    @AnyThread
    default HttpStream stream(HttpAnswer head) {
        return stream(head, -1);
    }

    /**
     * As {@link #stream(HttpAnswer)}, for a body of a known length. Writing more, or ending before, aborts the
     * response.
     *
     * @param length in bytes, with the first piece; -1: not known. For HEAD, what it would be
     */
    @AnyThread
    HttpStream stream(HttpAnswer head, long length);

    /**
     * Runs tasks and timers under the claim on the client's connection, on whichever loop owns it by then: never on a
     * worker, so they must not block, and they may run at the same time as a callback on one. What a task throws closes
     * the connection. Cancel a timer that is no longer needed, in {@code end} at the latest.
     */
    @AnyThread
    EventExecutor executor();

    /** Where buffers for bodies are taken from. */
    @AnyThread
    ByteBufAllocator allocator();
}
