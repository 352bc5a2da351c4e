package dev.baton.plugin.httpfilters.log;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;

/**
 * Lines on their way from many threads to one, in a ring of bytes. Nothing waits: a line for which there is no room is
 * refused. A line takes whole slots of 32 bytes, in one piece; the first of its slots has a head:
 *
 * <pre>
 * head      means
 * 0         free, or claimed and not written yet: the reader stops here
 * n &gt; 0     a line of n bytes begins here
 * n &lt; 0     -n slots up to the end of the ring are left out
 * </pre>
 *
 * <p>A writer claims slots by moving {@code tail} (one CAS), copies its line, and sets the head last. The reader gives
 * slots back by moving {@code read} behind them, after it has set their heads to 0.
 */
final class LineRing {
    private static final int SLOT_BYTES = 32;

    private static final VarHandle TAIL;
    private static final VarHandle READ;
    private static final VarHandle HEADS = MethodHandles.arrayElementVarHandle(int[].class);

    static {
        try {
            TAIL = MethodHandles.lookup().findVarHandle(LineRing.class, "tail", long.class);
            READ = MethodHandles.lookup().findVarHandle(LineRing.class, "read", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int slots;
    private final int[] heads;
    private final byte[] bytes;

    /** Slots that were claimed since the beginning. */
    @SuppressWarnings("unused") // by its handle
    private long tail;
    /** Slots that were given back since the beginning; written by the reader. */
    @SuppressWarnings("unused") // by its handle
    private long read;

    /**
     * An empty ring.
     *
     * @param size in bytes, a power of two of at least 64
     */
    LineRing(int size) {
        assert Integer.bitCount(size) == 1 && size >= 2 * SLOT_BYTES : size;
        slots = size / SLOT_BYTES;
        heads = new int[slots];
        bytes = new byte[size];
    }

    private static int slotsFor(int length) {
        return (length + SLOT_BYTES - 1) / SLOT_BYTES;
    }

    /**
     * Adds a line. Any thread.
     *
     * @param length from 1 on
     * @return false if there is no room
     */
    boolean offer(byte[] line, int length) {
        long claim = claim(length);
        if (claim < 0) {
            return false;
        }
        commit(claim, line, length);
        return true;
    }

    /** The first half of {@link #offer}: what was claimed holds up the reader. Returns -1 if there is no room. */
    long claim(int length) {
        int wanted = slotsFor(length);
        while (true) {
            long claimed = (long) TAIL.getVolatile(this);
            int index = (int) (claimed & (slots - 1));
            int skipped = wanted > slots - index ? slots - index : 0;
            long end = claimed + skipped + wanted;
            // A line has to leave half of the ring to others; `read` may be old: then there is more room than it says.
            if (wanted > slots / 2 || end - (long) READ.getAcquire(this) > slots) {
                return -1;
            }
            if (TAIL.compareAndSet(this, claimed, end)) {
                if (skipped > 0) {
                    HEADS.setVolatile(heads, index, -skipped);
                }
                return claimed + skipped;
            }
        }
    }

    /** The second half of {@link #offer}. */
    void commit(long claim, byte[] line, int length) {
        int index = (int) (claim & (slots - 1));
        System.arraycopy(line, 0, bytes, index * SLOT_BYTES, length);
        // Volatile, not release: LogFile.wake looks next whether the writer sleeps, which looks here before it does.
        HEADS.setVolatile(heads, index, length);
    }

    /** True if there is no line to be read. The reader's thread. */
    boolean isEmpty() {
        return (int) HEADS.getVolatile(heads, (int) ((long) READ.get(this) & (slots - 1))) == 0;
    }

    /**
     * Moves lines into a buffer, in the order of their claims, for as long as whole ones fit. The reader's thread.
     *
     * @return how many
     */
    int drain(ByteBuffer batch) {
        long at = (long) READ.get(this);
        int lines = 0;
        while (true) {
            int index = (int) (at & (slots - 1));
            int head = (int) HEADS.getAcquire(heads, index);
            if (head == 0 || head > batch.remaining()) {
                break;
            }
            HEADS.set(heads, index, 0);
            if (head < 0) {
                at -= head;
            } else {
                batch.put(bytes, index * SLOT_BYTES, head);
                at += slotsFor(head);
                lines++;
            }
        }
        READ.setRelease(this, at);
        return lines;
    }
}
