package dev.baton.spi.http;

/** How an exchange goes on after a callback. */
public enum HttpVerdict {
    /**
     * To the next filter, or to where the route leads. Of a handler: to the request's body, also after it has begun to
     * {@link HttpExchange#stream} its response.
     */
    CONTINUE,
    /**
     * Not before {@link HttpExchange#resume} or {@link HttpExchange#answer} was called, from any thread, perhaps
     * already. Nothing is read for the exchange meanwhile.
     */
    WAIT,
    /** The callback has called {@link HttpExchange#answer} or {@link HttpExchange#stream}. */
    ANSWERED
}
