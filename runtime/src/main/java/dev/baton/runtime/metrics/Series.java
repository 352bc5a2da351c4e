package dev.baton.runtime.metrics;

import java.util.Map;

/**
 * One of the series of a metric.
 *
 * @param labels its label values by their keys
 * @param value what was counted when it was read
 */
public record Series<T>(Map<String, String> labels, T value) {}
