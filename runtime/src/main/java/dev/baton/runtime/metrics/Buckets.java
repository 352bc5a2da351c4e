package dev.baton.runtime.metrics;

/**
 * The buckets of a histogram: linear up to a microsecond, then sixteen to each power of two.
 *
 * <pre>
 *   bucket   0     1     ..   15     16     17    ..   31     32     33    ..   511
 *   from     0     64 ns      960    1024   1088       1984   2048   2176       2,130,303,778,816 ns
 *   width    64 ns                   64                       128               68,719,476,736 ns
 * </pre>
 *
 * <p>From a microsecond on the middle of a bucket differs from every duration in it by 1/32 at most.
 */
final class Buckets {
    /** How many there are. The last one takes everything above it, too. */
    static final int COUNT = 512;
    /** Buckets to a power of two. */
    private static final int PARTS = 16;

    private static final int PARTS_BITS = 4;
    /** 64 ns. */
    private static final int UNIT_BITS = 6;

    private Buckets() {}

    /** The bucket of a duration. */
    static int of(long nanos) {
        if (nanos < (long) PARTS << UNIT_BITS) {
            return nanos < 0 ? 0 : (int) (nanos >>> UNIT_BITS);
        }
        int power = Long.SIZE - 1 - Long.numberOfLeadingZeros(nanos) - PARTS_BITS;
        int bucket = PARTS * (power - UNIT_BITS) + (int) (nanos >>> power);
        return Math.min(bucket, COUNT - 1);
    }

    /** The least duration of a bucket, in nanoseconds; of {@link #COUNT}, where the last one ends. */
    static long from(int bucket) {
        if (bucket < PARTS) {
            return (long) bucket << UNIT_BITS;
        }
        int power = bucket / PARTS - 1;
        return (long) (bucket % PARTS + PARTS) << (power + UNIT_BITS);
    }

    /** What stands for the durations of a bucket, in nanoseconds. */
    static long middle(int bucket) {
        return (from(bucket) + from(bucket + 1)) / 2;
    }
}
