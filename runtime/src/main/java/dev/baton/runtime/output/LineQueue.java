package dev.baton.runtime.output;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Lines on their way to a reader that may be slow or stand still. Only the queue's own thread waits for the reader:
 * when the queue is full, lines are dropped until it is empty, and one line then says how many.
 *
 * <pre>
 * TAKING    offer, and there is room        queued
 * TAKING    offer, and there is no room     dropped and counted; DROPPING
 * DROPPING  offer                           dropped and counted
 * DROPPING  the thread finds it empty       TAKING; says how many were dropped
 * </pre>
 *
 * <p>A line that is offered between the last two is counted after the queue takes lines again: it makes the queue
 * DROPPING once more, and is told by the next such line. So every dropped line is told once, where it is missing.
 *
 * <p>Threading: any thread offers; nothing there blocks or locks.
 */
final class LineQueue {
    /** What an entry costs beside its bytes; bounds the number of short ones. */
    private static final int ENTRY_BYTES = 64;
    /** How long a drain looks at a reader that has taken nothing since the last look. */
    private static final long LOOK_NANOS = 2_000_000;

    private final Queue<Entry> entries = new ConcurrentLinkedQueue<>();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong offered = new AtomicLong();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong untold = new AtomicLong();
    private final long bytesMax;
    private final Thread thread;
    private volatile boolean dropping;
    /** Where the last entry went: where something is missing is told there. Only the thread's. */
    private @Nullable OutputStream last;

    private static final class Entry {
        final OutputStream to;
        final byte[] text;

        Entry(OutputStream to, byte[] text) {
            this.to = to;
            this.text = text;
        }

        int cost() {
            return text.length + ENTRY_BYTES;
        }
    }

    /**
     * An empty queue with a thread of its own.
     *
     * @param name the thread's
     * @param bytesMax how much it holds
     */
    LineQueue(String name, long bytesMax) {
        this.bytesMax = bytesMax;
        thread = new Thread(this::write, name);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Queues some text that belongs together, or drops it.
     *
     * @param text whole lines, unless somebody flushes the beginning of one; not changed from here on
     */
    void offer(OutputStream to, byte[] text) {
        Entry entry = new Entry(to, text);
        if (dropping) {
            drop(text);
        } else if (bytes.addAndGet(entry.cost()) > bytesMax) {
            bytes.addAndGet(-entry.cost());
            drop(text);
        } else {
            offered.incrementAndGet(); // before it can be written
            entries.add(entry);
        }
        LockSupport.unpark(thread);
    }

    private void drop(byte[] text) {
        long lines = 0;
        for (byte each : text) {
            lines += each == '\n' ? 1 : 0;
        }
        lines = Math.max(1, lines);
        dropped.addAndGet(lines);
        untold.addAndGet(lines);
        dropping = true; // after it was counted: whoever tells it finds it
    }

    /** Lines that were dropped so far. */
    long dropped() {
        return dropped.get();
    }

    /**
     * Waits until everything that was queued before is written.
     *
     * @param still how long the reader may take nothing
     * @param limit how long this takes at most
     * @return whether all of it was
     */
    boolean drain(Duration still, Duration limit) {
        long wanted = offered.get();
        long begun = System.nanoTime();
        long moved = begun;
        long seen = written.get();
        while (written.get() < wanted || dropping) {
            long now = System.nanoTime();
            if (written.get() != seen) {
                seen = written.get();
                moved = now;
            }
            if (now - moved > still.toNanos() || now - begun > limit.toNanos()) {
                return false;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return true;
    }

    private void write() {
        while (true) {
            Entry next = entries.poll();
            if (next != null) {
                write(next.to, next.text);
                bytes.addAndGet(-next.cost());
                written.incrementAndGet();
                last = next.to;
            } else if (dropping) {
                dropping = false; // first: what is dropped from here on is told the next time
                tell(untold.getAndSet(0));
            } else {
                LockSupport.park(this);
            }
        }
    }

    private void tell(long lines) {
        OutputStream to = last;
        if (lines > 0 && to != null) {
            String text = "baton: " + lines + (lines == 1 ? " line" : " lines")
                    + " of output dropped here: the reader of standard output or error was too slow"
                    + System.lineSeparator();
            write(to, text.getBytes(Charset.defaultCharset()));
        }
    }

    private static void write(OutputStream to, byte[] text) {
        try {
            to.write(text);
            to.flush();
        } catch (IOException gone) {
            // The reader is gone, and there is nowhere to say so.
        }
    }
}
