package dev.baton.plugin.chaos;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.time.Duration;

/**
 * A service of type {@code chaos}.
 *
 * @param maxTime the longest {@code /block/MS} and {@code /spin/MS}
 */
public record ChaosConfig(
        @Default("60s") @Range(min = "0s", max = "1h") Duration maxTime) {}
