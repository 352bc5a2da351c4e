package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;

/**
 * {@code lane:} of a service: loops of its own while it takes too much.
 *
 * @param loops how many
 * @param cpu above which share of the processor time it takes too much: of the time that the loops can have which serve
 *     every service
 * @param nice how much the kernel prefers other threads to those loops
 */
public record LaneConfig(
        @Default("1") @Range(min = "1", max = "64") int loops,
        @Default("50%") @Range(min = "5%", max = "95%") Percent cpu,
        @Default("10") @Range(min = "0", max = "19") int nice) {}
