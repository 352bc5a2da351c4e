package dev.baton.plugin.rebalance;

import dev.baton.spi.metrics.Metrics;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** What was counted, by name and labels. */
final class Counts implements Metrics {
    private final Map<String, Long> counters = new HashMap<>();

    @Override
    public Counter counter(String name, String help, String... labels) {
        String key = name + String.join(",", labels);
        return new Counter() {
            @Override
            public void increment() {
                counters.merge(key, 1L, Long::sum);
            }

            @Override
            public long count() {
                return of(key);
            }
        };
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {}

    @Override
    public String scrape() {
        return "";
    }

    long of(String key) {
        return counters.getOrDefault(key, 0L);
    }
}
