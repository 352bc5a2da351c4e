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
 * <p>Callbacks run under the claim on the client's connection and must not block. Those of a class that is annotated
 * with {@link dev.baton.spi.threading.Blocking} run on workers instead, without a claim, and may block. So do those of
 * other classes for a while, if they were too slow too often ({@code budget} in {@link HttpFilterOptions}). On a worker
 * {@link dev.baton.spi.loop.Loops#current} is null.
 *
 * <p>Wherever they run, the filter's callbacks for one exchange come one at a time, {@link #end} included, and each
 * sees what those before it have written. Those for other exchanges run at the same time. So do, while a callback runs
 * on a worker, tasks of {@link HttpExchange#executor} and of {@link HttpStream#whenReady}, which are always on a loop.
 *
 * <p>A callback on a worker that takes longer than the {@code timeout} is left alone: the exchange ends, or continues
 * without the filter. What the callback then decides is ignored, and bytes that replace a body are released; it must
 * not change a head any more, so code that may take that long needs a shorter limit of its own. The filter's next and
 * last callback for the exchange is {@code end}.
 *
 * <p>A callback that throws costs its exchange: the client is answered 500, or cut if a response has begun; with
 * {@code on-failure: bypass} the exchange continues without the filter.
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
     * The exchange is over. Called once for each exchange whose {@link #request} was called, when no callback of the
     * filter runs for it: one that still runs on a worker is waited for. Itself under the claim on the client's
     * connection, also of a blocking filter: must not block.
     */
    @OnLoop
    default void end(HttpExchange exchange, HttpOutcome outcome) {}

    /** Gives everything back. No exchange uses it then. */
    @OffLoop
    default void close() {}
}
