package dev.baton.spi.config;

/**
 * How many bytes in a time, in the configuration: {@code 240B/s}, {@code 64KiB/s}.
 *
 * @param perSecond bytes a second, 0 or more
 */
public record ByteRate(long perSecond) implements Comparable<ByteRate> {

    /** Checks the range. */
    public ByteRate {
        if (perSecond < 0) {
            throw new IllegalArgumentException("rate below 0: " + perSecond);
        }
    }

    @Override
    public int compareTo(ByteRate other) {
        return Long.compare(perSecond, other.perSecond);
    }

    @Override
    public String toString() {
        return new ByteSize(perSecond) + "/s";
    }
}
