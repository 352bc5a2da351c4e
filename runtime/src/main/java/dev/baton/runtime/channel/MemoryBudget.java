package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdTable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How much memory all connections of the process may hold together, in heads that are not complete, bytes that wait for
 * their turn and bytes that wait to be sent. When it is more, the largest and oldest of them are told to end, before an
 * allocation fails.
 *
 * <p>Connections count only what stays when they have done all they can now ({@link Holding}): one whose requests and
 * answers come and go whole never touches the counters. Nothing is kept in order of size; who holds most is looked up
 * in the fd table when it matters. A search ends so many connections that {@value #KEPT_EIGHTHS} eighths of the budget
 * remain, so the next is that far away; those that were told to end and have not yet are counted as gone, and no search
 * begins before the sum has grown by another sixteenth. If their loops are slower than the growth, a connection that
 * wants to hold more beyond a quarter of the budget ends itself. So the cost of a search is spread over a good part of
 * the budget.
 *
 * <p>Thread-safe. A search runs on the thread that went over the budget, takes no claim and does not wait.
 */
public final class MemoryBudget {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryBudget.class);

    private static final int KEPT_EIGHTHS = 7;
    /**
     * Of the budget: by how much the sum has to grow before connections that have been told to end are not waited for.
     */
    private static final int STEP = 16;
    /** Of the budget: by how much it may be exceeded while connections that have been told to end have not yet. */
    private static final int OVERDRAFT = 4;

    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final long MIB = 1 << 20;

    /** What kind of memory. */
    public enum Kind {
        /** Objects and arrays of Java. */
        HEAP,
        /** Netty's buffers. */
        DIRECT;

        /** For metrics and configuration. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final FdTable table;
    private final Sum heap = new Sum(Kind.HEAP);
    private final Sum direct = new Sum(Kind.DIRECT);
    private final LongAdder failures = new LongAdder();
    private final AtomicLong failureLogNanos = new AtomicLong(System.nanoTime());

    /** One kind of memory. */
    private static final class Sum {
        final Kind kind;
        final AtomicLong held = new AtomicLong();
        final AtomicBoolean searching = new AtomicBoolean();
        final LongAdder evictions = new LongAdder();
        /** In bytes. */
        volatile long limit = Long.MAX_VALUE;
        /**
         * Above which the next search begins: the limit, or more while connections that were told to end have not yet.
         */
        volatile long searchAbove = Long.MAX_VALUE;
        /** By the searching thread: from when on the next search is logged. */
        long logNanos = System.nanoTime();

        Sum(Kind kind) {
            this.kind = kind;
        }
    }

    private record Candidate(CountedChannel channel, Holding holding, int sizeClass) {}

    /** Largest first, by powers of two; among like ones the oldest. */
    private static final Comparator<Candidate> ORDER = Comparator.comparingInt(Candidate::sizeClass)
            .reversed()
            .thenComparing((a, b) -> Long.signum(a.holding.sinceNanos - b.holding.sinceNanos));

    /**
     * Without a limit, until there is one.
     *
     * @param table where the connections are
     */
    public MemoryBudget(FdTable table) {
        this.table = table;
    }

    /** Sets the limits, in bytes. Before there are connections, or whenever they change. */
    public void limit(long heapBytes, long directBytes) {
        limit(heap, heapBytes);
        limit(direct, directBytes);
    }

    private static void limit(Sum sum, long bytes) {
        sum.limit = bytes;
        sum.searchAbove = bytes;
    }

    /** Bytes that all connections hold. */
    public long held(Kind kind) {
        return sum(kind).held.get();
    }

    /** Bytes that they may hold. */
    public long limit(Kind kind) {
        return sum(kind).limit;
    }

    /** Connections that were told to end. */
    public long evictions(Kind kind) {
        return sum(kind).evictions.sum();
    }

    /** Connections that were closed because there was no direct memory for a buffer. */
    public long allocationFailures() {
        return failures.sum();
    }

    private Sum sum(Kind kind) {
        return kind == Kind.HEAP ? heap : direct;
    }

    /**
     * A connection holds that much more, or less. False: it is so much more that there is no time to wait for others.
     */
    boolean count(Kind kind, long difference) {
        Sum sum = sum(kind);
        long now = sum.held.addAndGet(difference);
        if (difference > 0) {
            if (now > sum.searchAbove) {
                search(sum, keep(sum.limit));
            }
            return now <= sum.limit || now - sum.limit <= sum.limit / OVERDRAFT;
        }
        if (now <= sum.limit && sum.searchAbove != sum.limit) {
            sum.searchAbove = sum.limit;
        }
        return true;
    }

    /** A connection ends itself because there is no room. */
    void noRoom(Kind kind) {
        sum(kind).evictions.increment();
    }

    private static long keep(long bytes) {
        return bytes / 8 * KEPT_EIGHTHS;
    }

    /**
     * There was no direct memory for a buffer of some connection, which is closed for that. Others hold more.
     *
     * @return true if it should be logged
     */
    boolean allocationFailed() {
        failures.increment();
        search(direct, keep(Math.min(direct.limit, direct.held.get())));
        long now = System.nanoTime();
        long due = failureLogNanos.get();
        return now - due >= 0 && failureLogNanos.compareAndSet(due, now + QUIET_NANOS);
    }

    private void search(Sum sum, long keep) {
        if (!sum.searching.compareAndSet(false, true)) {
            return; // another thread does
        }
        try {
            evict(sum, keep);
            sum.searchAbove = Math.max(sum.limit, sum.held.get() + sum.limit / STEP);
        } finally {
            sum.searching.set(false);
        }
    }

    /**
     * Ends connections until those that were not told to end hold {@code keep} bytes. What the dying hold is not
     * theirs.
     */
    private void evict(Sum sum, long keep) {
        List<Candidate> candidates = new ArrayList<>();
        long[] staying = new long[1];
        table.forEach(state -> {
            if (state.handler() instanceof CountedChannel channel) {
                Holding holding = channel.holding();
                long bytes = holding == null ? 0 : holding.bytes(sum.kind);
                if (holding != null && bytes > 0 && !holding.evicted) {
                    staying[0] += bytes;
                    candidates.add(new Candidate(channel, holding, Long.SIZE - Long.numberOfLeadingZeros(bytes)));
                }
            }
        });
        candidates.sort(ORDER);
        long left = staying[0] - keep;
        int ended = 0;
        for (Candidate each : candidates) {
            if (left <= 0) {
                break;
            }
            left -= each.holding.bytes(sum.kind);
            each.holding.evicted = true;
            each.channel.evict();
            ended++;
        }
        sum.evictions.add(ended);
        if (ended > 0) {
            log(sum, ended);
        }
    }

    private void log(Sum sum, int ended) {
        long now = System.nanoTime();
        if (now - sum.logNanos >= 0) {
            sum.logNanos = now + QUIET_NANOS;
            LOG.warn(
                    "connections hold {} MiB of {} memory in unfinished requests and unsent bytes, and may hold {} MiB"
                            + " (memory: {}): ending {} of them, the largest and oldest first (logged once a minute;"
                            + " counted in baton_memory_evictions_total)",
                    sum.held.get() / MIB,
                    sum.kind.label(),
                    sum.limit / MIB,
                    sum.kind.label(),
                    ended);
        }
    }
}
