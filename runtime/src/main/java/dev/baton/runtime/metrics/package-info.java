/** Counts as Prometheus metrics: the only user of Micrometer. */
@NullMarked
package dev.baton.runtime.metrics;

import org.jspecify.annotations.NullMarked;
