package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;
import java.time.Duration;

/**
 * {@code eject:} of an upstream: when a server is left out for a while because of its answers; {@code off} for never.
 *
 * @param mode whether it is on
 * @param failures after how many requests in a row without an answer
 * @param errors after how many requests in a row with an error answer
 * @param time for how long the first time; doubled each time that it fails again
 * @param share how many of the servers may be left out at once; one at least
 */
@ShortForm("mode")
public record EjectConfig(
        @Default("on") Mode mode,
        @Default("2") @Range(min = "1", max = "1000") int failures,
        @Default("5") @Range(min = "1", max = "1000") int errors,
        @Default("1s") @Range(min = "10ms", max = "1h") Duration time,
        @Default("50%") @Range(min = "1%", max = "100%") Percent share) {

    /** What holds where the file says nothing. */
    public static final EjectConfig DEFAULT = new EjectConfig(Mode.ON, 2, 5, Duration.ofSeconds(1), new Percent(50));

    /** Whether servers are ejected. */
    public enum Mode {
        /** They are. */
        ON,
        /** They are not. */
        OFF
    }
}
