package dev.baton.spi.http;

import org.jspecify.annotations.Nullable;

/**
 * How an exchange ended.
 *
 * @param kind what happened
 * @param reason the label of {@code baton_http_refusals_total} if the service has refused, failed or cut the exchange;
 *     else null
 */
public record HttpOutcome(Kind kind, @Nullable String reason) {
    /** What happened. */
    public enum Kind {
        /** A whole response was written: a server's, a handler's, or one that says what went wrong. */
        COMPLETE,
        /** The client went away before that. */
        CLIENT_ABORTED,
        /** The server ended its connection in the middle of the response. */
        SERVER_ABORTED,
        /** The service cut the exchange: a timeout, too little memory, the end of the process. */
        CUT
    }
}
