/** Counts as Prometheus metrics: the only user of the Prometheus library. */
@NullMarked
package dev.baton.runtime.metrics;

import org.jspecify.annotations.NullMarked;
