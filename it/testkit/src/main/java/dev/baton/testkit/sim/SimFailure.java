package dev.baton.testkit.sim;

/** A run went wrong: says what, which schedule it was and what happened. */
public final class SimFailure extends AssertionError {
    private static final long serialVersionUID = 1L;

    SimFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
