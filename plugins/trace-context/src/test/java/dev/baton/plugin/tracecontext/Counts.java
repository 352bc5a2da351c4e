package dev.baton.plugin.tracecontext;

import dev.baton.spi.metrics.Metrics;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Counters, by the values of their labels. */
final class Counts implements Metrics {
    private final Map<String, AtomicLong> counters = new ConcurrentHashMap<>();

    @Override
    public Counter counter(String name, String help, String... labels) {
        AtomicLong count = counters.computeIfAbsent(labels[1], each -> new AtomicLong());
        return new Counter() {
            @Override
            public void increment() {
                count.incrementAndGet();
            }

            @Override
            public long count() {
                return count.get();
            }
        };
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {}

    @Override
    public String scrape() {
        return counters.toString();
    }
}
