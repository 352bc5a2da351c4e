/** Counters, gauges and histograms of a plugin's own, beside the runtime's in {@code /metrics}. */
@NullMarked
package dev.baton.spi.metrics;

import org.jspecify.annotations.NullMarked;
