package dev.baton.spi.http;

import dev.baton.spi.threading.OffLoop;
import dev.baton.spi.threading.OnLoop;

/**
 * Stands in the way of requests and their responses: one instance for each use in {@code filters:} of a service or
 * route, shared by all its exchanges. What belongs to one exchange is kept there ({@link HttpExchange#set}).
 *
 * <p>Requests meet the filters in the order of the configuration, the service's before the route's; responses meet them
 * in the reverse order. A filter that answers ends the request's way: neither the filters behind it nor the server sees
 * the exchange. Every filter whose {@link #request} was called sees the {@link #end}, once.
 *
 * <p>Callbacks run under the claim on the client's connection and must not block, unless the class is annotated with
 * {@link dev.baton.spi.threading.Blocking}. A callback that throws costs its exchange: the client is answered 500, or
 * cut if a response has begun; with {@code on-failure: bypass} the exchange continues without the filter.
 */
public interface HttpFilter {
    /** What it wants of requests' bodies. Asked once. */
    default HttpBodyUse requestBodyUse() {
        return HttpBodyUse.NONE;
    }

    /** What it wants of responses' bodies. Asked once. */
    default HttpBodyUse responseBodyUse() {
        return HttpBodyUse.NONE;
    }

    /** The head of a request. */
    @OnLoop
    default HttpVerdict request(HttpExchange exchange) {
        return HttpVerdict.CONTINUE;
    }

    /** A piece of a request's body, or the whole of it. Not called for a request without one. */
    @OnLoop
    default HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
        return HttpVerdict.CONTINUE;
    }

    /** The head of the response, a server's or Baton's own. */
    @OnLoop
    default HttpVerdict response(HttpExchange exchange) {
        return HttpVerdict.CONTINUE;
    }

    /**
     * A piece of the response's body, or the whole of it. Not called for a response without one. It is too late to
     * answer: {@link HttpVerdict#ANSWERED} is an error.
     */
    @OnLoop
    default HttpVerdict responseBody(HttpExchange exchange, HttpBody body) {
        return HttpVerdict.CONTINUE;
    }

    /**
     * The exchange is over. Called once for each exchange whose {@link #request} was called, of a blocking filter
     * perhaps while a callback still runs that took too long; must not block.
     */
    @OnLoop
    default void end(HttpExchange exchange, HttpOutcome outcome) {}

    /** Gives everything back. No exchange uses it then. */
    @OffLoop
    default void close() {}
}
