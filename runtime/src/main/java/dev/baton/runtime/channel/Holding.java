package dev.baton.runtime.channel;

import dev.baton.runtime.channel.MemoryBudget.Kind;

/**
 * What one connection holds of the process's memory, as it is counted in the {@link MemoryBudget}: in whole pages, so
 * that what comes and goes within one costs nothing.
 *
 * <pre>
 * event                               holding
 * something is held, none before      made, counted
 * more or less is held                counted by the difference
 * nothing is left                     counted back, dropped
 * the channel closes                  counted back, dropped; nothing is counted afterwards
 * </pre>
 *
 * <p>It belongs to its channel and moves with it: a takeover changes nothing here. Only the channel's holder writes; a
 * search reads without order, which is good enough to find the largest.
 */
final class Holding {
    /** Bytes of a page. Also what the least of things costs: a buffer, and what stands around it. */
    private static final int PAGE_BYTES = 4096;

    /** Bytes from which on a connection ends by itself when there is no room: the small ones are not what fills it. */
    private static final int LARGE_BYTES = 4 * PAGE_BYTES;

    private final MemoryBudget budget;
    /** When it began to hold something. */
    final long sinceNanos;

    private long heap;
    private long input;
    private long output;

    /** Its connection has been told to end. */
    volatile boolean evicted;

    Holding(MemoryBudget budget, long sinceNanos) {
        this.budget = budget;
        this.sinceNanos = sinceNanos;
    }

    /**
     * What the connection's service holds. False: that is more than there is room for, and the connection is to end
     * now.
     */
    boolean service(long heapBytes, long directBytes) {
        long heapBefore = heap;
        heap = pages(heapBytes);
        boolean room = count(Kind.HEAP, heap - heapBefore);
        long inputBefore = input;
        input = pages(directBytes);
        boolean directRoom = count(Kind.DIRECT, input - inputBefore);
        if ((room && directRoom) || evicted || heap + input < LARGE_BYTES) {
            return true;
        }
        evicted = true;
        budget.noRoom(room ? Kind.DIRECT : Kind.HEAP);
        return false;
    }

    /** What waits to be sent. */
    void output(long bytes) {
        long before = output;
        output = pages(bytes);
        count(Kind.DIRECT, output - before);
    }

    private boolean count(Kind kind, long difference) {
        return difference == 0 || budget.count(kind, difference);
    }

    private static long pages(long bytes) {
        return (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
    }

    boolean isNothing() {
        return (heap | input | output) == 0;
    }

    void giveBack() {
        service(0, 0);
        output(0);
    }

    /** Bytes held now. Any thread; without order. */
    long bytes(Kind kind) {
        return kind == Kind.HEAP ? heap : input + output;
    }
}
