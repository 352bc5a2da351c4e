package dev.baton.plugin.rescue;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.time.Duration;
import java.util.Optional;

/**
 * The section {@code rescue} of the configuration.
 *
 * @param detect how long a loop may be inside one callback until it counts as blocked
 * @param settle how long after the start a loop is said to be blocked only after ten times {@code detect}: code runs
 *     for the first time then, and classes are loaded. Its connections are taken over after {@code detect} all the same
 * @param takeOver false if a blocked loop is only reported, and keeps its connections: for development, where it may
 *     stand at a breakpoint
 * @param spares how many loops may serve in place of blocked ones; by default as many as are configured
 */
public record RescueConfig(
        @Default("50ms") @Range(min = "10ms", max = "1m") Duration detect,
        @Default("3s") @Range(min = "0s", max = "10m") Duration settle,
        @Default("true") boolean takeOver,
        @Range(min = "0", max = "1024") Optional<Integer> spares) {}
