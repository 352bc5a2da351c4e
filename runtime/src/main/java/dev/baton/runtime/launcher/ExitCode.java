package dev.baton.runtime.launcher;

import dev.baton.runtime.server.StartException;

/** What the process answers to its caller; the numbers are part of the interface. */
public final class ExitCode {
    /** All is well. */
    public static final int FINE = 0;
    /** What was asked for could not be done. */
    public static final int FAILED = 1;
    /** The command line is wrong. */
    public static final int USAGE = 2;
    /** An address cannot be bound. */
    public static final int CANNOT_BIND = 3;
    /** A hard stop cut work. */
    public static final int CUT = 4;
    /** The configuration is wrong ({@code EX_CONFIG} of sysexits.h). */
    public static final int CONFIG = 78;

    private ExitCode() {}

    /** The code of a start that failed. */
    public static int of(StartException.Kind kind) {
        return switch (kind) {
            case CONFIGURATION -> CONFIG;
            case CANNOT_BIND -> CANNOT_BIND;
            case FAILED -> FAILED;
        };
    }

    /**
     * The code of a command whose process has ended with a code of its own: only what that says of the start is passed
     * on.
     */
    public static int ofFailedStart(int code) {
        return code == CONFIG || code == CANNOT_BIND ? code : FAILED;
    }
}
