package dev.baton.runtime.metrics;

import java.util.Arrays;

/** What a histogram had counted at one moment, or between two of them. Immutable. */
public final class Distribution {
    /** Nothing. */
    public static final Distribution EMPTY = new Distribution(0, new long[0], 0);

    /** The bucket of the first of {@link #counts}; those before it and behind the last are empty. */
    private final int first;

    private final long[] counts;
    private final long sumNanos;
    private final long count;

    private Distribution(int first, long[] counts, long sumNanos) {
        this.first = first;
        this.counts = counts;
        this.sumNanos = sumNanos;
        long all = 0;
        for (long each : counts) {
            all += each;
        }
        this.count = all;
    }

    /**
     * Of the counts of all buckets.
     *
     * @param all not kept
     */
    static Distribution of(long[] all, long sumNanos) {
        int from = 0;
        while (from < all.length && all[from] == 0) {
            from++;
        }
        int to = all.length;
        while (to > from && all[to - 1] == 0) {
            to--;
        }
        return new Distribution(from, Arrays.copyOfRange(all, from, to), sumNanos);
    }

    /** How many durations. */
    public long count() {
        return count;
    }

    /** All durations together, in nanoseconds. */
    public long sumNanos() {
        return sumNanos;
    }

    /**
     * The duration that a share of all did not exceed.
     *
     * @param share from 0 to 1: 0.99 for the 99th percentile
     * @return in nanoseconds; 0 if there is none
     */
    public long quantileNanos(double share) {
        long rank = Math.max(1, (long) Math.ceil(share * count));
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= rank) {
                return Buckets.middle(first + i);
            }
        }
        return 0;
    }

    /** What came since an earlier moment of the same histogram. */
    public Distribution since(Distribution earlier) {
        if (earlier.count == 0) {
            return this;
        }
        long[] all = new long[Buckets.COUNT];
        System.arraycopy(counts, 0, all, first, counts.length);
        for (int i = 0; i < earlier.counts.length; i++) {
            all[earlier.first + i] -= earlier.counts[i];
        }
        return of(all, sumNanos - earlier.sumNanos);
    }

    /** How many durations are in the buckets before one. */
    long before(int bucket) {
        long all = 0;
        for (int i = 0; i < counts.length && first + i < bucket; i++) {
            all += counts[i];
        }
        return all;
    }
}
