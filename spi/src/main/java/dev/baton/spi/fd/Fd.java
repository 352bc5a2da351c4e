package dev.baton.spi.fd;

import org.jspecify.annotations.Nullable;

/**
 * Names one registration of a file descriptor: the kernel's number and how often that number was recycled.
 *
 * <p>A bare number names whatever the kernel has put there meanwhile; a pair names one registration for ever. Every
 * operation on an fd carries the pair, and one that comes late is refused instead of hitting a stranger.
 *
 * @param number the kernel's number, 0 to 1,048,575
 * @param generation how often the slot of this number was recycled; compared for equality only, it wraps around after
 *     2<sup>32</sup> registrations of one number
 */
public record Fd(int number, int generation) {

    /** The pair in one {@code long}, the form in which event data carries it: generation in the upper half. */
    public long key() {
        return key(number, generation);
    }

    /** {@link #key()} without an instance. */
    public static long key(int number, int generation) {
        return ((long) generation << 32) | (number & 0xFFFF_FFFFL);
    }

    /** Written out: to link that of a record takes a start some milliseconds. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Fd fd && number == fd.number && generation == fd.generation;
    }

    @Override
    public int hashCode() {
        return 31 * number + generation;
    }

    @Override
    public String toString() {
        return "fd " + number + "/" + Integer.toUnsignedString(generation);
    }
}
