package dev.baton.runtime.upstream;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An exponentially weighted moving average of times that fades: a quarter of each new value counts, and what is known
 * is halved every {@value #HALF_LIFE_MILLIS} ms. One word, so that value and age always belong together:
 *
 * <pre>
 *   bits 63..32   the average in microseconds, 1 or more; 0: nothing is known
 *   bits 31..0    when it was last updated, in milliseconds of the loops' clock, modulo 2^32 (49 days)
 * </pre>
 *
 * <p>Threading: any thread. An update that collides with another one is dropped: it is one sample of many, and a loop
 * must not spin for it.
 */
final class Latency {
    static final long HALF_LIFE_MILLIS = 10_000;
    private static final long MICROS_MAX = 0xFFFF_FFFFL;
    private static final int FIELD_BITS = 32;
    /** After so many halvings nothing of any value is left. */
    private static final int HALVINGS_MAX = 32;

    private final AtomicLong word = new AtomicLong();

    /** One more value. */
    void add(long nanos, long nowNanos) {
        long before = word.get();
        long sample = Math.min(MICROS_MAX, Math.max(1, TimeUnit.NANOSECONDS.toMicros(nanos)));
        long average = micros(before, nowNanos);
        // Rounded away from the old value: an average must be able to reach a value that is one less.
        long next = average == 0 ? sample : average + (sample - average + (sample > average ? 3 : -3)) / 4;
        word.compareAndSet(before, next << FIELD_BITS | millis(nowNanos));
    }

    /** The average as it has faded by now, in nanoseconds; 0 if nothing is known. */
    long nanos(long nowNanos) {
        return TimeUnit.MICROSECONDS.toNanos(micros(word.get(), nowNanos));
    }

    private static long micros(long word, long nowNanos) {
        long age = millis(nowNanos) - (word & MICROS_MAX) & MICROS_MAX;
        long halvings = Math.min(HALVINGS_MAX, age / HALF_LIFE_MILLIS);
        long average = word >>> FIELD_BITS >>> halvings;
        return word != 0 && average == 0 ? 1 : average;
    }

    private static long millis(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(nanos) & MICROS_MAX;
    }
}
