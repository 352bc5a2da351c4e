package dev.baton.embed;

import org.jspecify.annotations.Nullable;

/** Baton cannot start, listen, or end a listener; the message says why, and what to do. */
public final class BatonException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BatonException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
