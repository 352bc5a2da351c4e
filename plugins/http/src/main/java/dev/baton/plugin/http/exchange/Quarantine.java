package dev.baton.plugin.http.exchange;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keeps code away from the loops that holds them up again and again: {@value #STRIKES} strikes within ten seconds. A
 * callback over the budget is one, and up to {@value #STRIKES_A_CALL} if it takes so many times the budget.
 *
 * <pre>
 *   its callbacks run            until
 *   on loops                     the last of those strikes
 *   on workers of its plugin     its term is over: half a minute, then twice as long each time, up to half an hour
 *   not at all                   the same. This is for code that computes: on any thread it would take the loops' processors
 *   on loops, on trial           one strike: its next term begins; or ten seconds without one: it is trusted again
 * </pre>
 *
 * <p>Any thread; a race between loops may lose a strike, or have one more of them held up.
 */
final class Quarantine {
    static final int STRIKES = 10;
    static final int STRIKES_A_CALL = 3;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    static final long TERM_MIN_NANOS = TimeUnit.SECONDS.toNanos(30);
    static final long TERM_MAX_NANOS = TimeUnit.MINUTES.toNanos(30);

    /** The processor time of a callback that is not known. */
    static final long UNKNOWN = -1;

    /** Where callbacks run. */
    enum Place {
        LOOP,
        WORKERS,
        NOWHERE
    }

    private final long budgetNanos;
    private final AtomicLong windowBegan = new AtomicLong();
    private volatile Place place = Place.LOOP;
    private volatile int strikes;
    private volatile long untilNanos;
    private volatile long termNanos = TERM_MIN_NANOS;
    private volatile boolean trial;
    private volatile long trialBegan;
    /** Of the strikes whose processor time is known. */
    private final AtomicLong struckNanos = new AtomicLong();

    private final AtomicLong struckCpuNanos = new AtomicLong();

    Quarantine(long budgetNanos) {
        this.budgetNanos = budgetNanos;
    }

    /** Where a callback is to run now. */
    Place place(long nowNanos) {
        Place now = place;
        if (now == Place.LOOP || nowNanos - untilNanos < 0) {
            return now;
        }
        trialBegan = nowNanos;
        trial = true;
        place = Place.LOOP;
        return Place.LOOP;
    }

    /** True if {@link #took} wants to know of processor time. */
    boolean isSuspicious() {
        return strikes > 0 || trial;
    }

    /** How long the term is that has begun last. */
    long termNanos() {
        return termNanos;
    }

    /**
     * A callback on a loop took some time.
     *
     * @param cpuNanos what it had of a processor meanwhile, or {@link #UNKNOWN}
     * @return where it is to run from now on, if that was one too many; else null
     */
    @Nullable
    Place took(long nanos, long cpuNanos, long nowNanos) {
        if (nanos <= budgetNanos) {
            if (trial && nowNanos - trialBegan > WINDOW_NANOS) {
                trial = false;
                termNanos = TERM_MIN_NANOS;
            }
            return null;
        }
        if (cpuNanos != UNKNOWN) {
            struckNanos.addAndGet(nanos);
            struckCpuNanos.addAndGet(cpuNanos);
        }
        if (trial) {
            termNanos = Math.min(TERM_MAX_NANOS, 2 * termNanos);
            return begin(nowNanos);
        }
        int count = (int) Math.min(STRIKES_A_CALL, nanos / budgetNanos);
        return strike(count, nowNanos) ? begin(nowNanos) : null;
    }

    private boolean strike(int more, long now) {
        long began = windowBegan.get();
        if (strikes == 0 || now - began > WINDOW_NANOS) {
            if (windowBegan.compareAndSet(began, now)) {
                strikes = more;
            }
            return false;
        }
        int count = strikes + more;
        strikes = count;
        return count >= STRIKES && place == Place.LOOP;
    }

    private Place begin(long now) {
        Place next = struckCpuNanos.get() * 2 > struckNanos.get() ? Place.NOWHERE : Place.WORKERS;
        strikes = 0;
        struckNanos.set(0);
        struckCpuNanos.set(0);
        trial = false;
        untilNanos = now + termNanos;
        place = next;
        return next;
    }
}
