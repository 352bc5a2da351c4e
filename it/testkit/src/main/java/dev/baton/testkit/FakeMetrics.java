package dev.baton.testkit;

import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.metrics.Metrics;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;

/**
 * Metrics that a test can read. They keep the rules of the runtime's: a name or labels that those refuse are refused
 * here, in the same words. Thread-safe.
 *
 * <pre>{@code
 * FakeMetrics metrics = new FakeMetrics();
 * Quota quota = new Quota(metrics);
 * quota.take("alice");
 * assertThat(metrics.count("baton_quota_taken_total", "user", "alice")).isEqualTo(1);
 * }</pre>
 */
public final class FakeMetrics implements Metrics {
    private final Meters meters = new Meters();
    private final Map<Key, LongSupplier> gauges = new ConcurrentHashMap<>();
    private final Map<Key, List<Long>> recorded = new ConcurrentHashMap<>();

    /** Without any metric yet. */
    public FakeMetrics() {}

    private record Key(String name, Map<String, String> labels) {
        static Key of(String name, String... labels) {
            if (labels.length % 2 != 0) {
                throw new IllegalArgumentException("labels must be key, value, key, value: " + Arrays.toString(labels));
            }
            Map<String, String> sorted = new TreeMap<>();
            for (int i = 0; i < labels.length; i += 2) {
                sorted.put(labels[i], labels[i + 1]);
            }
            return new Key(name, new LinkedHashMap<>(sorted));
        }
    }

    // ---- for the code under test ----------------------------------------------------------------------------------

    @Override
    public Counter counter(String name, String help, String... labels) {
        return meters.counter(name, help, labels);
    }

    @Override
    public Histogram histogram(String name, String help, String... labels) {
        Histogram real = meters.histogram(name, help, labels);
        List<Long> all = recorded.computeIfAbsent(Key.of(name, labels), absent -> new CopyOnWriteArrayList<>());
        return nanos -> {
            real.record(nanos);
            all.add(nanos);
        };
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {
        meters.gauge(name, help, value, labels);
        gauges.put(Key.of(name, labels), value);
    }

    @Override
    public void forget(String name, String... labels) {
        meters.forget(name, labels);
        gauges.remove(Key.of(name, labels));
        recorded.remove(Key.of(name, labels));
    }

    @Override
    public String scrape() {
        return meters.scrape();
    }

    // ---- for the test ---------------------------------------------------------------------------------------------

    /** What a counter has counted; 0 if there is none of this name with these labels. */
    public long count(String name, String... labels) {
        Map<String, String> wanted = Key.of(name, labels).labels();
        return meters.counters(name).stream()
                .filter(series -> series.labels().equals(wanted))
                .mapToLong(series -> series.value())
                .sum();
    }

    /**
     * What a gauge says now.
     *
     * @throws AssertionError if there is none of this name with these labels
     */
    public long gauge(String name, String... labels) {
        LongSupplier value = gauges.get(Key.of(name, labels));
        if (value == null) {
            throw new AssertionError("no gauge " + Key.of(name, labels) + "; there are " + gauges.keySet());
        }
        return value.getAsLong();
    }

    /** What a histogram was given, in nanoseconds and in order; empty if there is none. */
    public List<Long> recorded(String name, String... labels) {
        return List.copyOf(recorded.getOrDefault(Key.of(name, labels), List.of()));
    }
}
