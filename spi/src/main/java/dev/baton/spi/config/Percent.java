package dev.baton.spi.config;

/**
 * A share, in the configuration: {@code 25%}.
 *
 * @param hundredths 0 to 100, whole
 */
public record Percent(int hundredths) implements Comparable<Percent> {

    /** Checks the range. */
    public Percent {
        if (hundredths < 0 || hundredths > 100) {
            throw new IllegalArgumentException("percent must be 0 to 100: " + hundredths);
        }
    }

    /** The share of 1, from 0 to 1. */
    public double share() {
        return hundredths / 100.0;
    }

    @Override
    public int compareTo(Percent other) {
        return Integer.compare(hundredths, other.hundredths);
    }

    @Override
    public String toString() {
        return hundredths + "%";
    }
}
