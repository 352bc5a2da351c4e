package dev.baton.runtime.health;

import org.jspecify.annotations.Nullable;

/**
 * Makes the results of a server's checks its health: one result alone may be an accident.
 *
 * <pre>
 *   state     a check passes                  a check fails
 *   UNKNOWN   UP                              DOWN if it is the fall-th in a row
 *   UP        -                               DOWN if it is the fall-th in a row
 *   DOWN      UP if it is the rise-th in a    -
 *             row
 * </pre>
 *
 * <p>Threading: one result at a time; {@link #status} and {@link #assume} from any thread.
 */
final class RiseAndFall {
    private final int rise;
    private final int fall;
    /** Results in a row that speak against the state. */
    private int inARow;

    private volatile HealthStatus status;
    /** What another process has found out, until there is a result of one's own; null if there is nothing. */
    private volatile @Nullable HealthStatus assumed;

    RiseAndFall(int rise, int fall, long nowNanos) {
        this.rise = rise;
        this.fall = fall;
        this.status = new HealthStatus(Health.UNKNOWN, nowNanos, "");
    }

    HealthStatus status() {
        HealthStatus now = status;
        HealthStatus before = assumed;
        return now.health() == Health.UNKNOWN && before != null ? before : now;
    }

    /** Takes over what another process has found out, unless something is known already. Any thread. */
    void assume(HealthStatus of) {
        assumed = of;
    }

    /**
     * One more result.
     *
     * @param failure why it has failed; null if it has passed
     * @return true if the server is usable where it was not, or the other way round
     */
    boolean result(@Nullable String failure, long nowNanos) {
        HealthStatus before = status();
        boolean takesOver = assumed != null;
        assumed = null;
        boolean passed = failure == null;
        boolean against = passed == (before.health() == Health.DOWN);
        inARow = against ? inARow + 1 : 0;
        Health after = before.health();
        if (passed) {
            if (before.health() == Health.UNKNOWN || inARow >= rise) {
                after = Health.UP;
            }
        } else if (inARow >= fall) {
            after = Health.DOWN;
        }
        boolean changes = after != before.health();
        if (changes) {
            inARow = 0;
        }
        if (changes || !passed || takesOver) {
            status = new HealthStatus(
                    after, changes ? nowNanos : before.sinceNanos(), failure == null ? before.lastFailure() : failure);
        }
        return changes && (after == Health.DOWN || before.health() == Health.DOWN);
    }

    /** Nothing is known any longer. */
    void forget(long nowNanos) {
        assumed = null;
        if (status.health() != Health.UNKNOWN) {
            status = new HealthStatus(Health.UNKNOWN, nowNanos, "");
        }
        inARow = 0;
    }
}
