package dev.baton.runtime.upgrade;

import java.io.IOException;

/** The other process of a handoff is not what it should be, or does not do what it should, or is gone. */
public final class HandoffException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Says what it did, as one sentence without a full stop. */
    public HandoffException(String message) {
        super(message);
    }

    /** The same, with the cause. */
    public HandoffException(String message, Throwable cause) {
        super(message, cause);
    }
}
