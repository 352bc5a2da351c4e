package dev.baton.plugin.http.exchange;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keeps code away from the loops that holds them up again and again: {@value #STRIKES} strikes within ten seconds. A
 * callback over the budget is one, and up to {@value #STRIKES_A_CALL} if it takes so many times the budget.
 *
 * <pre>
 *   its callbacks run            until
 *   on loops                     the last of those strikes
 *   on workers of its plugin     its term is over: half a minute at first
 *   not at all                   the same. This is for code that computes: on any thread it would take the loops' processors
 *   as before, one on trial      {@value #TRIALS} in a row were within the budget: on loops again; or one was not: the next term
 * </pre>
 *
 * <p>Trials run on a loop, one at a time, so code that still blocks holds up one loop and not all of them. The next
 * term is twice as long, up to half an hour, and so is one that begins within ten seconds of the last trial. Trials are
 * few, so a pause of the JVM seldom falls into one; if it does, that costs one term.
 *
 * <p>Any thread; a race between loops may lose a strike.
 */
final class Quarantine {
    static final int STRIKES = 10;
    static final int STRIKES_A_CALL = 3;
    static final int TRIALS = 10;
    private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(10);
    static final long TERM_MIN_NANOS = TimeUnit.SECONDS.toNanos(30);
    static final long TERM_MAX_NANOS = TimeUnit.MINUTES.toNanos(30);

    /** The processor time of a callback that is not known. */
    static final long UNKNOWN = -1;

    /** Where a callback runs. */
    enum Place {
        LOOP,
        /** On a loop, as the only one. Whoever gets this answer says afterwards how it {@link #took}. */
        TRIAL,
        WORKERS,
        NOWHERE
    }

    private final long budgetNanos;
    /** Never TRIAL. Written last: who reads it reads what belongs to it. */
    private volatile Place place = Place.LOOP;

    private volatile long untilNanos;
    private volatile long termNanos;

    /** A callback is on trial, or a term begins: whoever has set it may write what both change. */
    private final AtomicBoolean trying = new AtomicBoolean();

    /** Trials in a row that were within the budget. */
    private volatile int passed;
    /** When the last trial was; means something if {@link #termNanos} is not 0. */
    private volatile long trustedNanos;

    private final AtomicLong windowBegan = new AtomicLong();
    private volatile int strikes;
    /** Of the strikes whose processor time is known. */
    private final AtomicLong struckNanos = new AtomicLong();

    private final AtomicLong struckCpuNanos = new AtomicLong();

    Quarantine(long budgetNanos) {
        this.budgetNanos = budgetNanos;
    }

    /** Where a callback is to run now. */
    Place place(long nowNanos) {
        Place now = place;
        if (now == Place.LOOP || !isOver(nowNanos) || !trying.compareAndSet(false, true)) {
            return now;
        }
        now = place; // the trial before may have ended in between
        if (now != Place.LOOP && isOver(nowNanos)) {
            return Place.TRIAL;
        }
        trying.set(false);
        return now;
    }

    private boolean isOver(long nowNanos) {
        return nowNanos - untilNanos >= 0;
    }

    /** True if {@link #took} wants to know the processor time of a callback that runs there: it costs system calls. */
    boolean isSuspicious(Place where, long nowNanos) {
        return where == Place.TRIAL || (strikes > 0 && nowNanos - windowBegan.get() <= WINDOW_NANOS);
    }

    /** How long the term is that has begun last. */
    long termNanos() {
        return termNanos;
    }

    /**
     * A callback on a loop took some time, whether it returned or threw.
     *
     * @param where LOOP or TRIAL, as it was told
     * @param cpuNanos what it had of a processor meanwhile, or {@link #UNKNOWN}
     * @return where others are to run from now on, if that was one too many; else null
     */
    @Nullable
    Place took(Place where, long nanos, long cpuNanos, long nowNanos) {
        if (where == Place.TRIAL) {
            try {
                return tried(nanos, cpuNanos, nowNanos);
            } finally {
                trying.set(false);
            }
        }
        if (nanos <= budgetNanos || place != Place.LOOP) { // the term has begun while it ran
            return null;
        }
        int count = (int) Math.min(STRIKES_A_CALL, nanos / budgetNanos);
        return strike(count, nanos, cpuNanos, nowNanos) ? begin(nowNanos) : null;
    }

    private @Nullable Place tried(long nanos, long cpuNanos, long now) {
        if (nanos > budgetNanos) {
            passed = 0;
            termNanos = Math.min(TERM_MAX_NANOS, 2 * termNanos);
            untilNanos = now + termNanos;
            Place next = placeOf(nanos, cpuNanos == UNKNOWN ? 0 : cpuNanos);
            place = next;
            return next;
        }
        int count = passed + 1;
        passed = count;
        if (count == TRIALS) {
            passed = 0;
            strikes = 0;
            trustedNanos = now;
            place = Place.LOOP;
        }
        return null;
    }

    private boolean strike(int more, long nanos, long cpuNanos, long now) {
        long began = windowBegan.get();
        if (strikes == 0 || now - began > WINDOW_NANOS) {
            if (!windowBegan.compareAndSet(began, now)) {
                return false;
            }
            struckNanos.set(0);
            struckCpuNanos.set(0);
            strikes = more;
        } else {
            int count = strikes + more;
            strikes = count;
        }
        if (cpuNanos != UNKNOWN) {
            struckNanos.addAndGet(nanos);
            struckCpuNanos.addAndGet(cpuNanos);
        }
        return strikes >= STRIKES;
    }

    /** The first term of a series, or the next one if the code has just been trusted again. Null: it has begun. */
    private @Nullable Place begin(long now) {
        if (!trying.compareAndSet(false, true)) {
            return null; // another does the same
        }
        try {
            if (place != Place.LOOP) {
                return null;
            }
            boolean again = termNanos != 0 && now - trustedNanos <= WINDOW_NANOS;
            long term = again ? Math.min(TERM_MAX_NANOS, 2 * termNanos) : TERM_MIN_NANOS;
            Place next = placeOf(struckNanos.get(), struckCpuNanos.get());
            strikes = 0;
            termNanos = term;
            untilNanos = now + term;
            place = next;
            return next;
        } finally {
            trying.set(false);
        }
    }

    private static Place placeOf(long nanos, long cpuNanos) {
        return cpuNanos * 2 > nanos ? Place.NOWHERE : Place.WORKERS;
    }
}
