package dev.baton.spi.config;

/**
 * How often something may happen, in the configuration: {@code 500/s}, {@code 30/m}, {@code 1/h}.
 *
 * @param perSecond how many a second on the average, more than 0
 */
public record Rate(double perSecond) implements Comparable<Rate> {

    /** Checks the range. */
    public Rate {
        if (!(perSecond > 0) || Double.isInfinite(perSecond)) {
            throw new IllegalArgumentException("rate must be more than 0 and not infinite: " + perSecond);
        }
    }

    @Override
    public int compareTo(Rate other) {
        return Double.compare(perSecond, other.perSecond);
    }

    @Override
    public String toString() {
        long each = 1;
        for (String unit : new String[] {"s", "m", "h"}) {
            double amount = perSecond * each;
            if (amount == Math.rint(amount) && amount >= 1) {
                return (long) amount + "/" + unit;
            }
            each *= 60;
        }
        return perSecond + "/s";
    }
}
