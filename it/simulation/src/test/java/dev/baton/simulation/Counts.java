package dev.baton.simulation;

import dev.baton.spi.metrics.Metrics;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Metrics of one run. */
final class Counts implements Metrics {
    private final Map<String, One> counters = new HashMap<>();

    private static final class One implements Counter {
        private long count;

        @Override
        public void increment() {
            count++;
        }

        @Override
        public long count() {
            return count;
        }
    }

    @Override
    public Counter counter(String name, String help, String... labels) {
        return counters.computeIfAbsent(name + String.join(",", labels), absent -> new One());
    }

    /** What was counted under a name and labels, the latter as they were given. */
    long of(String name, String... labels) {
        Counter counter = counters.get(name + String.join(",", labels));
        return counter == null ? 0 : counter.count();
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {}

    @Override
    public String scrape() {
        return "";
    }
}
