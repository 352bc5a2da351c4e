package dev.baton.plugin.rescue;

import java.util.concurrent.TimeUnit;

/**
 * Decides how many spare loops serve: so many that as many loops work as are configured.
 *
 * <pre>
 *   call      when too few loops work. A blocked loop counts as not working after {@value #PATIENCE} detection times, or at once
 *             where no loop works at all: as long as another works, the connections of a loop that is blocked for a moment
 *             are rescued, and a spare loop would come for nothing
 *   dismiss   one, when no loop has been blocked for the rest, and the next after another rest
 *   rest      10 s; twice as long each time when a spare loop is called soon after one was dismissed, up to 10 min. So loops
 *             that block now and then do not make spare ones come and go
 * </pre>
 *
 * <p>Threading: one thread.
 */
final class SparePolicy {
    static final int PATIENCE = 4;
    static final long REST_MIN_NANOS = TimeUnit.SECONDS.toNanos(10);
    static final long REST_MAX_NANOS = TimeUnit.MINUTES.toNanos(10);
    /** A call within so many rests after a dismissal comes soon. */
    private static final int SOON = 10;

    private final int most;
    private long restNanos = REST_MIN_NANOS;
    private boolean hasDismissed;
    private long lastDismissed;
    private long lastBlocked;
    private int lacking;

    /**
     * Decides.
     *
     * @param most how many may serve
     * @param now the beginning
     */
    SparePolicy(int most, long now) {
        this.most = most;
        this.lastBlocked = now;
    }

    /**
     * What a round of the watchdog has seen.
     *
     * @param configured loops that are no spare ones
     * @param serving all that serve
     * @param blocked those of them that are blocked
     * @param blockedLong those that have been for {@value #PATIENCE} detection times
     * @param spares those that are spare ones
     * @param coming spare loops that were called and do not serve yet
     */
    record Seen(int configured, int serving, int blocked, int blockedLong, int spares, int coming) {}

    /** How many spare loops are to be called, negative if one is to be dismissed, or 0. */
    int round(long now, Seen seen) {
        if (seen.blocked > 0) {
            lastBlocked = now;
        }
        int down = seen.blocked == seen.serving ? seen.blocked : seen.blockedLong;
        int missing = seen.configured - (seen.serving - down) - seen.coming;
        int free = Math.max(0, most - seen.spares - seen.coming);
        lacking = Math.max(0, missing - free);
        if (missing > 0 && free > 0) {
            called(now);
            return Math.min(missing, free);
        }
        if (seen.spares > 0 && seen.coming == 0 && now - lastBlocked >= restNanos) {
            hasDismissed = true;
            lastDismissed = now;
            lastBlocked = now; // the next one has its rest too
            return -1;
        }
        return 0;
    }

    /** Further calls before the next dismissal belong to the first. */
    private void called(long now) {
        if (hasDismissed) {
            boolean soon = now - lastDismissed < SOON * restNanos;
            restNanos = soon ? Math.min(REST_MAX_NANOS, 2 * restNanos) : REST_MIN_NANOS;
            hasDismissed = false;
        }
    }

    /** How many more would have been called in the last round if more could serve. */
    int lacking() {
        return lacking;
    }

    /** How long no loop must have been blocked before a spare one is dismissed. */
    long restNanos() {
        return restNanos;
    }
}
