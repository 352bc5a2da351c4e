package dev.baton.plugin.http.exchange;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps a filter away from its loops that blocks them again and again: {@value #STRIKES} callbacks over the budget
 * within ten seconds, and it is not called for half a minute. Any thread; a race between loops may lose a strike.
 */
final class Quarantine {
    private static final int STRIKES = 10;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long QUARANTINE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final long budgetNanos;
    private final AtomicLong windowBegan = new AtomicLong();
    private volatile int strikes;
    private volatile boolean closed;
    private volatile long untilNanos;

    Quarantine(long budgetNanos) {
        this.budgetNanos = budgetNanos;
    }

    /** It is not to be called now. */
    boolean holds(long nowNanos) {
        if (!closed) {
            return false;
        }
        if (nowNanos - untilNanos < 0) {
            return true;
        }
        closed = false;
        return false;
    }

    /**
     * A callback took some time.
     *
     * @return true if that was one too many: the quarantine begins
     */
    boolean took(long nanos, long nowNanos) {
        return nanos > budgetNanos && strike(nowNanos);
    }

    private boolean strike(long now) {
        long began = windowBegan.get();
        if (strikes == 0 || now - began > WINDOW_NANOS) {
            if (windowBegan.compareAndSet(began, now)) {
                strikes = 1;
            }
            return false;
        }
        int count = strikes + 1;
        strikes = count;
        if (count < STRIKES || closed) {
            return false;
        }
        strikes = 0;
        untilNanos = now + QUARANTINE_NANOS;
        closed = true;
        return true;
    }
}
