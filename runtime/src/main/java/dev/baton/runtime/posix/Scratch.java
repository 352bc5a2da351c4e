package dev.baton.runtime.posix;

import dev.baton.spi.posix.NativeMemory;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Small blocks of native memory for the arguments of one system call: an address, an option, a message header.
 *
 * <p>A few blocks are kept in slots that threads swap in and out, and a call that finds none allocates its own. This
 * instead of a block a thread, because nothing frees the memory of a thread that ended, and instead of a block a call,
 * because allocating costs more than the call.
 *
 * <pre>
 *    0  address           128 bytes
 *  128  length of address   4 bytes, 4 unused
 *  136  value              16 bytes: an option, linger, rlimit, epoll_event
 *  152  iovec              16 bytes
 *  168  msghdr             56 bytes
 *  224  control data     1032 bytes: one header and 253 fds
 * </pre>
 */
final class Scratch {
    static final int ADDRESS = 0;
    static final int ADDRESS_LENGTH = 128;
    static final int VALUE = 136;
    static final int IOVEC = 152;
    static final int MESSAGE = 168;
    static final int CONTROL = 224;
    static final int SIZE = CONTROL + ControlMessages.SPACE_MAX;

    /** A power of two; more than the loops and helpers that call at one moment on most machines. */
    private static final int SLOTS = 64;

    /** Slots are not probed further than this, so that a miss stays cheap. */
    private static final int PROBES = 4;

    private final AtomicReferenceArray<NativeMemory> slots = new AtomicReferenceArray<>(SLOTS);

    /** Takes a block that only the caller uses until it gives it back; its contents are arbitrary. */
    NativeMemory take() {
        int start = start();
        for (int i = 0; i < PROBES; i++) {
            NativeMemory block = slots.getAndSet((start + i) & (SLOTS - 1), null);
            if (block != null) {
                return block;
            }
        }
        return NativeMemory.allocate(SIZE);
    }

    /** Gives a block back. */
    void give(NativeMemory block) {
        int start = start();
        for (int i = 0; i < PROBES; i++) {
            if (slots.compareAndSet((start + i) & (SLOTS - 1), null, block)) {
                return;
            }
        }
        block.close();
    }

    /** Where a thread looks first; four apart, so that threads with neighbouring ids do not share a cache line. */
    private static int start() {
        return (int) Thread.currentThread().getId() * PROBES;
    }
}
