package dev.baton.runtime.server;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why a process cannot start: every problem that was found, and what kind they are of. */
public final class StartException extends Exception {
    private final Kind kind;

    /** What has to be changed before the next try. */
    public enum Kind {
        /** The configuration. */
        CONFIGURATION,
        /** An address that is taken or not allowed. */
        CANNOT_BIND,
        /** Something else, which the message names. */
        FAILED
    }

    StartException(Kind kind, List<String> problems) {
        super(String.join(System.lineSeparator(), problems));
        this.kind = kind;
    }

    /** One problem, with what has caused it, if anything has. */
    public StartException(Kind kind, String problem, @Nullable Throwable cause) {
        super(problem, cause);
        this.kind = kind;
    }

    /** What kind of problem it is. */
    public Kind kind() {
        return kind;
    }
}
