package dev.baton.simulation;

/** What code that is not the runtime's may throw. */
enum Thrown {
    RUNTIME_EXCEPTION,
    CHECKED_EXCEPTION,
    ASSERTION_ERROR,
    OUT_OF_MEMORY,
    STACK_OVERFLOW,
    LINKAGE_ERROR;

    static final String MESSAGE = "planned";

    /** Throws it, declared or not. */
    void now() {
        sneak(
                switch (this) {
                    case RUNTIME_EXCEPTION -> new IllegalStateException(MESSAGE);
                    case CHECKED_EXCEPTION -> new Exception(MESSAGE);
                    case ASSERTION_ERROR -> new AssertionError(MESSAGE);
                    case OUT_OF_MEMORY -> new OutOfMemoryError(MESSAGE);
                    case STACK_OVERFLOW -> new StackOverflowError(MESSAGE);
                    case LINKAGE_ERROR -> new LinkageError(MESSAGE);
                });
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
