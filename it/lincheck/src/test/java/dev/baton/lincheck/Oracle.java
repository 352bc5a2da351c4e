package dev.baton.lincheck;

import org.jspecify.annotations.Nullable;

/**
 * What must be true whatever the table answers: who runs in which generation, and which were deleted. Under the model
 * checker one thread runs at a time and does not stop in here, so that plain fields are enough.
 */
final class Oracle {
    private static final int GENERATIONS_MAX = 32;

    private final boolean shared;
    private final int[] runners = new int[GENERATIONS_MAX];
    private final int[] deletes = new int[GENERATIONS_MAX];
    private int inserted;
    private int closed;
    private @Nullable String wrong;

    Oracle(boolean shared) {
        this.shared = shared;
    }

    /** A number was inserted as this generation, which is no old one. */
    void inserted(int generation) {
        check(generation == inserted, "inserted as generation " + generation + ", the next is " + inserted);
        inserted++;
    }

    /** Somebody got a claim. */
    void entered(int generation) {
        runners[generation]++;
        check((shared && generation == 0) || runners[generation] == 1, "two run in an fd that one loop owns");
        check(closed <= generation, "runs in what is closed");
    }

    /** Somebody is about to give its claim back. */
    void leaving(int generation) {
        runners[generation]--;
        check(closed <= generation, "ran in what is closed");
    }

    /** Somebody deleted it and was told that it did. */
    void deleted(int generation) {
        deletes[generation]++;
        check(deletes[generation] == 1, "deleted twice");
    }

    /** The number was closed; it named the generation that was inserted last. */
    void closing() {
        check(closed < inserted, "closed what is closed");
        check(runners[closed] == 0, "closed while somebody runs in it");
        closed++;
    }

    boolean isClosed(int generation) {
        return generation < closed;
    }

    /** All is quiet: nothing was wrong, and closed is what was deleted, once. */
    void quiet() {
        check(wrong == null, "earlier: " + wrong);
        for (int generation = 0; generation < inserted; generation++) {
            check(
                    deletes[generation] == (isClosed(generation) ? 1 : 0),
                    "generation " + generation + " deleted " + deletes[generation] + ", closed " + closed + " in all");
        }
    }

    /**
     * Remembers what went wrong: an operation that throws is an answer like others where no specification says more.
     */
    private void check(boolean truth, String otherwise) {
        if (!truth) {
            if (wrong == null) {
                wrong = otherwise;
            }
            throw new AssertionError(otherwise);
        }
    }
}
