package dev.baton.spi.http;

/** What happens to an exchange after a callback. */
public enum HttpVerdict {
    /**
     * It continues to the next filter, or to where the route leads. Of a handler: to the request's body, also after it
     * has begun to {@link HttpExchange#stream} its response.
     */
    CONTINUE,
    /**
     * It waits for a call of {@link HttpExchange#resume} or {@link HttpExchange#answer}, from any thread, which may
     * have come already. Nothing is read for the exchange meanwhile.
     */
    WAIT,
    /** The callback has called {@link HttpExchange#answer} or {@link HttpExchange#stream}. */
    ANSWERED
}
