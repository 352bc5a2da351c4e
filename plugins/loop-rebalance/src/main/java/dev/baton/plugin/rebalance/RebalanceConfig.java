package dev.baton.plugin.rebalance;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.OnRequest;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.Rate;
import java.time.Duration;

/**
 * The section {@code loop-rebalance} of the configuration; without it nothing is moved. A loop's load is the share of
 * one processor that it has had.
 *
 * @param period how often the loops are looked at
 * @param window over which time loads are averaged
 * @param periods for so many looks one after the other the loads must be uneven until anything is moved
 * @param highWater uneven: the hottest loop's load is that much above the coldest one's
 * @param lowWater even enough, once something is being moved
 * @param floor a loop with less load than this has nothing taken from it: it has time to spare for all it has
 * @param moves takeovers a second, at most
 * @param rest how long a connection that was moved stays where it is
 */
@OnRequest
public record RebalanceConfig(
        @Default("1s") @Range(min = "50ms", max = "1m") Duration period,
        @Default("3s") @Range(min = "50ms", max = "10m") Duration window,
        @Default("3") @Range(min = "1", max = "1000") int periods,
        @Default("30%") @Range(min = "1%", max = "100%") Percent highWater,
        @Default("10%") @Range(min = "0%", max = "99%") Percent lowWater,
        @Default("50%") @Range(min = "1%", max = "100%") Percent floor,

        @Default("200/s") @Range(min = "1/s", max = "10000/s")
        Rate moves,

        @Default("30s") @Range(min = "0s", max = "1h") Duration rest) {

    /** Refuses what would move connections for ever, or on a single look. */
    public RebalanceConfig {
        if (lowWater.compareTo(highWater) >= 0) {
            throw new IllegalArgumentException(
                    "low-water must be less than high-water, and " + lowWater + " is not less than " + highWater);
        }
        if (window.compareTo(period) < 0) {
            throw new IllegalArgumentException("window must be at least one period, and " + window.toMillis()
                    + "ms is less than " + period.toMillis() + "ms");
        }
    }
}
