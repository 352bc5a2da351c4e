package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;

/**
 * {@code memory:}, what all connections together may hold in requests that are not complete, bytes that wait for their
 * turn and bytes that wait to be sent. Above that the largest and oldest end.
 *
 * @param heap of the heap ({@code -Xmx})
 * @param direct of the direct memory ({@code -XX:MaxDirectMemorySize}, or as much as the heap)
 */
public record MemoryConfig(
        @Default("30%") @Range(min = "1%", max = "90%") Percent heap,
        @Default("50%") @Range(min = "1%", max = "90%") Percent direct) {}
