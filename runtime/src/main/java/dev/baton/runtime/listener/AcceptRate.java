package dev.baton.runtime.listener;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * How many connections a listener may accept a second: a bucket that holds the tokens of a tenth of a second, at least
 * one.
 *
 * <p>The bucket is one number, the time at which it would be full again: taking a token moves it on by the time that
 * one token needs, and there is a token as long as it is not further away than the bucket is large. Any thread.
 */
final class AcceptRate {
    /** No limit, at no cost. */
    static final AcceptRate UNLIMITED = new AcceptRate(Double.POSITIVE_INFINITY, () -> 0);

    /**
     * The shortest wait for tokens, if the bucket holds that many: a timer for every connection would cost more than
     * it.
     */
    private static final long WAIT_MIN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private static final int BURSTS_A_SECOND = 10;

    private final LongSupplier clock;
    private final long tokenNanos;
    /** What the bucket holds beyond the token that is taken. */
    private final long reserveNanos;

    private final AtomicLong full;

    /**
     * A full bucket.
     *
     * @param perSecond how many tokens come a second, more than 0; infinity for no limit
     * @param clock {@link System#nanoTime} or a test's
     */
    AcceptRate(double perSecond, LongSupplier clock) {
        assert perSecond > 0 : perSecond;
        this.clock = clock;
        this.tokenNanos =
                Double.isInfinite(perSecond) ? 0 : Math.max(1, Math.round(TimeUnit.SECONDS.toNanos(1) / perSecond));
        long burst = Double.isInfinite(perSecond) ? 1 : Math.max(1, (long) (perSecond / BURSTS_A_SECOND));
        this.reserveNanos = (burst - 1) * tokenNanos;
        this.full = new AtomicLong(clock.getAsLong());
    }

    /** Takes a token and answers 0; or takes none, and answers in how many nanoseconds to ask again. */
    long take() {
        if (tokenNanos == 0) {
            return 0;
        }
        while (true) {
            long now = clock.getAsLong();
            long seen = full.get();
            long behind = seen - now;
            if (behind > reserveNanos) {
                return Math.max(behind - reserveNanos, Math.min(WAIT_MIN_NANOS, reserveNanos));
            }
            if (full.compareAndSet(seen, Math.max(behind, 0) + now + tokenNanos)) {
                return 0;
            }
        }
    }

    /** Puts a token back that was not used. */
    void giveBack() {
        if (tokenNanos != 0) {
            full.getAndAdd(-tokenNanos);
        }
    }
}
