package dev.baton.runtime.fd;

import dev.baton.spi.admin.Move;
import dev.baton.spi.admin.Move.Cause;
import dev.baton.spi.admin.MoveCount;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Counts which loop takes how much over from which, only while somebody looks: it is there to be drawn, and what is
 * measured has {@link FdCounters}.
 *
 * <p>Cost of a takeover: one volatile read while nobody looks. For each who looks, a look-up by the two ids and an
 * atomic add, which allocate nothing and wait for nobody.
 *
 * <p>Why an fd was taken over only the code above the table knows, so it says that afterwards ({@link #because}); until
 * then the takeover counts as one of {@link Cause#USE}.
 *
 * <p>Any thread.
 */
public final class Moves {
    private static final Count[] NONE = {};
    private static final Set<Cause> EXPLAINED = EnumSet.complementOf(EnumSet.of(Cause.USE));

    /** Replaced under the lock, never changed. */
    private volatile Count[] counts = NONE;

    Moves() {}

    /** A takeover. By the thief. */
    void taken(int victim, int thief) {
        for (Count each : counts) {
            each.add(victim, thief, Cause.USE);
        }
    }

    /** A takeover that the table has told of already was no ordinary one. */
    public void because(Cause cause, int victim, int thief) {
        for (Count each : counts) {
            each.add(victim, thief, cause);
        }
    }

    /** Begins to count. */
    public synchronized MoveCount begin() {
        Count begun = new Count();
        Count[] more = Arrays.copyOf(counts, counts.length + 1);
        more[counts.length] = begun;
        counts = more;
        return begun;
    }

    private synchronized void end(Count ended) {
        counts = Arrays.stream(counts).filter(each -> each != ended).toArray(Count[]::new);
    }

    /**
     * The counts of one who looks: a hash table that never grows.
     *
     * <pre>
     *   keys [slot]   0: free; else victim:14 | thief:14, plus 1; written once, by CAS
     *   sums [slot]   of each cause; that of USE has all takeovers
     * </pre>
     */
    private final class Count implements MoveCount {
        /** A power of two: every pair of 64 loops. With their counts 150 KiB, while somebody looks. */
        private static final int SLOTS = 4_096;
        /** Slots that are tried for a pair; one that finds none is not counted. */
        private static final int PROBES_MAX = 64;

        private static final int ID_BITS = 14;
        private static final int ID_MASK = (1 << ID_BITS) - 1;
        /** Spreads ids that follow each other. */
        private static final int SPREAD = 0x9E3779B1;

        private final AtomicIntegerArray keys = new AtomicIntegerArray(SLOTS);
        private final Map<Cause, AtomicLongArray> sums = new EnumMap<>(Cause.class);

        Count() {
            for (Cause cause : Cause.values()) {
                sums.put(cause, new AtomicLongArray(SLOTS));
            }
        }

        void add(int victim, int thief, Cause cause) {
            int key = ((victim & ID_MASK) << ID_BITS | (thief & ID_MASK)) + 1;
            int slot = (key * SPREAD) >>> (Integer.SIZE - Integer.numberOfTrailingZeros(SLOTS));
            for (int i = 0; i < PROBES_MAX; i++) {
                int at = (slot + i) & (SLOTS - 1);
                int there = keys.get(at);
                if (there == key || (there == 0 && (keys.compareAndSet(at, 0, key) || keys.get(at) == key))) {
                    Objects.requireNonNull(sums.get(cause)).getAndIncrement(at);
                    return;
                }
            }
        }

        @Override
        public List<Move> moves() {
            List<Move> moves = new ArrayList<>();
            for (int slot = 0; slot < SLOTS; slot++) {
                int key = keys.get(slot) - 1;
                if (key >= 0) {
                    read(key >>> ID_BITS, key & ID_MASK, slot, moves);
                }
            }
            moves.sort(Comparator.comparingInt(Move::from)
                    .thenComparingInt(Move::to)
                    .thenComparing(Move::cause));
            return moves;
        }

        private void read(int from, int to, int slot, List<Move> moves) {
            long explained = 0;
            // Before all takeovers: of one in between, which is told of twice, nothing becomes negative.
            for (Cause cause : EXPLAINED) {
                long count = of(cause, slot);
                explained += count;
                add(new Move(from, to, cause, count), moves);
            }
            add(new Move(from, to, Cause.USE, of(Cause.USE, slot) - explained), moves);
        }

        private long of(Cause cause, int slot) {
            return Objects.requireNonNull(sums.get(cause)).get(slot);
        }

        private void add(Move move, List<Move> moves) {
            if (move.count() > 0) {
                moves.add(move);
            }
        }

        @Override
        public void close() {
            end(this);
        }
    }
}
