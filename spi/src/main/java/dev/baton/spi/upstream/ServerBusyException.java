package dev.baton.spi.upstream;

import java.io.IOException;

/**
 * As many connections to the server are open as {@code max-connections} allows, and none became free for this connect.
 * The server is not to blame, and nothing was sent to it: an HTTP service answers 503 with {@code Retry-After}.
 */
public final class ServerBusyException extends IOException {
    private static final long serialVersionUID = 1;

    /** Why it did not wait longer. */
    public enum Reason {
        /** It has waited for {@code queue-timeout}. */
        TIMEOUT,
        /** As many waited as {@code queue} allows. */
        FULL
    }

    private final Reason reason;

    /**
     * Makes one.
     *
     * @param message which server, which limit
     */
    public ServerBusyException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Why it did not wait longer. */
    public Reason reason() {
        return reason;
    }
}
