package dev.baton.runtime.metrics;

import dev.baton.spi.metrics.Metrics.Histogram;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Counts durations in {@link Buckets}, in an array for each few threads, which is made when the first of them records.
 * Threads are told apart by their numbers; loops that are started one after the other have arrays of their own, so
 * their additions, which are atomic, do not meet. Reading adds the arrays up.
 *
 * <p>Any thread.
 */
final class StripedHistogram implements Histogram {
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);

    /** A power of two that is not below the processors, which bounds the memory: 4 KiB for each. */
    private static final int STRIPES =
            Math.min(16, Integer.highestOneBit(Runtime.getRuntime().availableProcessors() * 2 - 1));

    /** Keeps the ends of arrays that lie side by side in different cache lines: 128 bytes. */
    private static final int PAD = 16;

    private static final int SUM = PAD;
    private static final int FIRST_BUCKET = PAD + 1;
    private static final int LENGTH = FIRST_BUCKET + Buckets.COUNT + PAD;

    private final AtomicReferenceArray<long[]> stripes = new AtomicReferenceArray<>(STRIPES);

    @Override
    public void record(long nanos) {
        int number = (int) Thread.currentThread().getId() & (STRIPES - 1);
        long[] stripe = stripes.get(number);
        if (stripe == null) {
            stripe = made(number);
        }
        ELEMENT.getAndAdd(stripe, FIRST_BUCKET + Buckets.of(nanos), 1L);
        ELEMENT.getAndAdd(stripe, SUM, Math.max(0, nanos));
    }

    private long[] made(int number) {
        long[] fresh = new long[LENGTH];
        long[] other = stripes.compareAndExchange(number, null, fresh);
        return other == null ? fresh : other;
    }

    /** What was recorded so far. What is being recorded meanwhile may be in the counts and not yet in the sum. */
    Distribution read() {
        long[] counts = new long[Buckets.COUNT];
        long sum = 0;
        for (int i = 0; i < STRIPES; i++) {
            long[] stripe = stripes.get(i);
            if (stripe != null) {
                sum += (long) ELEMENT.getOpaque(stripe, SUM);
                for (int bucket = 0; bucket < Buckets.COUNT; bucket++) {
                    counts[bucket] += (long) ELEMENT.getOpaque(stripe, FIRST_BUCKET + bucket);
                }
            }
        }
        return Distribution.of(counts, sum);
    }
}
