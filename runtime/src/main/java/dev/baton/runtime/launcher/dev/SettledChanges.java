package dev.baton.runtime.launcher.dev;

/**
 * Tells a change once it has settled: compilers write one file after the other, and what they have written half is not
 * to be loaded. For one thread.
 */
final class SettledChanges {
    private final long quietNanos;
    private Object last;
    private long changedAt;
    private boolean pending;

    /**
     * Nothing has changed yet.
     *
     * @param first what is there now
     * @param quietNanos for how long nothing more must change
     */
    SettledChanges(Object first, long quietNanos) {
        this.last = first;
        this.quietNanos = quietNanos;
    }

    /**
     * Looks again.
     *
     * @param state what is there now
     * @return true, once for each change, if it has changed and is as it is for long enough
     */
    boolean look(Object state, long now) {
        if (!state.equals(last)) {
            last = state;
            changedAt = now;
            pending = true;
            return false;
        }
        boolean settled = pending && now - changedAt >= quietNanos;
        if (settled) {
            pending = false;
        }
        return settled;
    }
}
