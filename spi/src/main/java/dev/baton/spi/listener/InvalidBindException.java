package dev.baton.spi.listener;

/** A {@code bind} of the configuration cannot be used. The message says why, as one sentence without a full stop. */
public final class InvalidBindException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final String problem;

    /**
     * Refuses a {@code bind}.
     *
     * @param problem what is wrong with it, as one sentence without a full stop
     */
    public InvalidBindException(String problem) {
        super(problem);
        this.problem = problem;
    }

    /** What is wrong with it, as one sentence without a full stop. */
    public String problem() {
        return problem;
    }
}
