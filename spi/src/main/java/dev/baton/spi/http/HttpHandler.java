package dev.baton.spi.http;

import dev.baton.spi.threading.OffLoop;
import dev.baton.spi.threading.OnLoop;

/**
 * Answers requests itself: the end of a route that leads to no server. One instance for each {@code handler:} of the
 * configuration, shared by all its exchanges.
 *
 * <p>Callbacks run under the claim on the client's connection and must not block, unless the class is annotated with
 * {@link dev.baton.spi.threading.Blocking}. Where they run, and what runs at the same time, is as for an
 * {@link HttpFilter}: also those of other classes may run on workers for a while. One that throws costs its exchange:
 * the client is answered 500, or cut if the response has begun.
 */
public interface HttpHandler {
    /** What it wants of requests' bodies. Asked once. What it does not want is read and dropped. */
    default HttpBodyUse requestBodyUse() {
        return HttpBodyUse.NONE;
    }

    /**
     * The head of a request.
     *
     * @return {@link HttpVerdict#CONTINUE} to be called with the body, at least once: with an empty piece if there is
     *     none
     */
    @OnLoop
    HttpVerdict handle(HttpExchange exchange);

    /**
     * A piece of the body, or the whole of it: empty if the request has none. By the last piece the exchange has to be
     * answered, or to wait. A handler that streams its response already is called while the client takes that.
     */
    @OnLoop
    default HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
        return HttpVerdict.CONTINUE;
    }

    /**
     * The exchange is over. Called once for each exchange that was handled, when no callback of the handler runs for
     * it, under the claim on the client's connection: must not block.
     */
    @OnLoop
    default void end(HttpExchange exchange, HttpOutcome outcome) {}

    /** Gives everything back. No exchange uses it then. */
    @OffLoop
    default void close() {}
}
