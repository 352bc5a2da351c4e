package dev.baton.testkit;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/**
 * The algorithm that Baton is a consequence of, kept as a permanent negative: the deletion of an fd by its last user as
 * HAProxy's commit 2c3f9818e has it, with a mask of the threads that run in the fd and a mask of those that may.
 * Written from its description, for one number.
 *
 * <pre>
 *   enter:   if thread has my bit: running |= me
 *   leave:   running &amp;= ~me; if that left 0, and thread is 0: close
 *   delete:  running |= me; thread = 0; then leave
 * </pre>
 *
 * <p>"Am I the last user of a deleted fd" is asked of two words with two reads, and so two threads can both be (row R02
 * of the list of races):
 *
 * <ol>
 *   <li>B leaves and finds that it left 0 in running; thread is not 0 yet;
 *   <li>A deletes: sets its bit, stores 0 in thread, clears its bit, finds 0 and closes;
 *   <li>B reads thread, finds 0 and closes again, by now perhaps somebody else's fd.
 * </ol>
 *
 * <p>A tool that does not find this here would not find it in Baton either.
 */
public final class TwoMaskTable {
    private final int number;
    private final IntConsumer close;
    private final AtomicLong running = new AtomicLong();
    private final AtomicLong thread = new AtomicLong();

    /**
     * A table of one fd, for all threads of a mask.
     *
     * @param threads one bit for each thread that may enter
     * @param close closes the number
     */
    public TwoMaskTable(int number, long threads, IntConsumer close) {
        this.number = number;
        this.close = close;
        thread.set(threads);
    }

    /** Enters: true if the thread may run in the fd; then it must leave. */
    public boolean enter(int me) {
        if ((thread.get() & (1L << me)) == 0) {
            return false;
        }
        set(1L << me);
        return true;
    }

    /** Leaves; the last one closes. */
    public void leave(int me) {
        if (clear(1L << me) == 0 && thread.get() == 0) {
            close.accept(number);
        }
    }

    /** Deletes; the last user closes. */
    public void delete(int me) {
        set(1L << me);
        thread.set(0);
        leave(me);
    }

    // By hand: there are model checkers that do not switch threads at getAndBitwiseOr.

    private void set(long bit) {
        long before;
        do {
            before = running.get();
        } while (!running.compareAndSet(before, before | bit));
    }

    private long clear(long bit) {
        long before;
        do {
            before = running.get();
        } while (!running.compareAndSet(before, before & ~bit));
        return before & ~bit;
    }
}
