package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.util.Optional;

/**
 * {@code workers:}, where code of plugins that may block runs. The numbers are for each plugin, which has its own.
 *
 * @param threads how many pieces of work run at once; empty for what suits the JDK
 * @param queue how many more wait; others are refused
 */
public record WorkersConfig(
        @Range(min = "1", max = "100000") Optional<Integer> threads,

        @Default("1024") @Range(min = "0", max = "1000000") int queue) {}
