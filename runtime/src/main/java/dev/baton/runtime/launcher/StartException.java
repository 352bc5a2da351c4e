package dev.baton.runtime.launcher;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why a process cannot start: every reason that was found, and the exit code that says what kind they are of. */
public final class StartException extends Exception {
    private final int exitCode;

    StartException(int exitCode, List<String> reasons) {
        super(String.join(System.lineSeparator(), reasons));
        this.exitCode = exitCode;
    }

    StartException(int exitCode, String reason, @Nullable Throwable cause) {
        super(reason, cause);
        this.exitCode = exitCode;
    }

    /** One of {@link ExitCode}. */
    public int exitCode() {
        return exitCode;
    }
}
