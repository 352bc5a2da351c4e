package dev.baton.spi.config;

/**
 * A size in the configuration: {@code 512B}, {@code 64KiB}, {@code 8MiB}, {@code 1GiB}.
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) {

    /** Checks the range. */
    public ByteSize {
        if (bytes < 0) {
            throw new IllegalArgumentException("size below 0: " + bytes);
        }
    }

    @Override
    public String toString() {
        String[] units = {"B", "KiB", "MiB", "GiB"};
        long value = bytes;
        int unit = 0;
        while (unit < units.length - 1 && value != 0 && value % 1024 == 0) {
            value /= 1024;
            unit++;
        }
        return value + units[unit];
    }
}
