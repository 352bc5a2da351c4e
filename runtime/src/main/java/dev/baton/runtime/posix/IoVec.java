package dev.baton.runtime.posix;

import dev.baton.spi.posix.NativeMemory;

/**
 * {@code struct iovec}, of which {@link Posix#sendGather} takes an array: the address of a piece of memory and its
 * length, two longs on every 64-bit machine.
 */
public final class IoVec {
    /** Bytes from one entry to the next. */
    public static final int SIZE = 16;

    /** Where the address (a long) is, in bytes from the start of the entry. */
    public static final int BASE_OFFSET = 0;

    /** Where the length (a long) is, in bytes from the start of the entry. */
    public static final int LENGTH_OFFSET = 8;

    /** How many entries one call takes (UIO_MAXIOV). */
    public static final int COUNT_MAX = 1024;

    private IoVec() {}

    /**
     * Writes one entry.
     *
     * @param array the memory that holds the array
     * @param index which entry, from 0
     * @param address where the piece of memory is
     * @param length how many bytes it has
     */
    public static void put(NativeMemory array, int index, long address, int length) {
        array.putLong(index * SIZE + BASE_OFFSET, address);
        array.putLong(index * SIZE + LENGTH_OFFSET, length);
    }
}
