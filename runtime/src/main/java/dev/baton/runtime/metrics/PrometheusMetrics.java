package dev.baton.runtime.metrics;

import dev.baton.spi.metrics.Metrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;

/**
 * Metrics on Micrometer's Prometheus registry. Counters are adders of our own, which Micrometer reads when somebody
 * asks: counting touches nothing shared. Thread-safe.
 */
public final class PrometheusMetrics implements Metrics {
    private static final Pattern NAME = Pattern.compile("baton_[a-z0-9]+(_[a-z0-9]+)*");
    private static final String COUNTER_END = "_total";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ConcurrentMap<Meter.Id, Adder> counters = new ConcurrentHashMap<>();
    /**
     * Micrometer holds what it counts weakly: what nobody else holds would stand still after a collection of garbage.
     */
    private final ConcurrentMap<Meter.Id, LongSupplier> held = new ConcurrentHashMap<>();

    /** Without any metric yet. */
    public PrometheusMetrics() {}

    private static final class Adder extends LongAdder implements Counter {
        private static final long serialVersionUID = 1L;

        @Override
        public long count() {
            return sum();
        }
    }

    @Override
    public Counter counter(String name, String help, String... labels) {
        Tags tags = check(name, labels);
        if (!name.endsWith(COUNTER_END)) {
            throw new IllegalArgumentException("counter " + name + ": its name must end in " + COUNTER_END);
        }
        Meter.Id id = new Meter.Id(name, tags, null, help, Meter.Type.COUNTER);
        return counters.computeIfAbsent(id, absent -> {
            Adder adder = new Adder();
            FunctionCounter.builder(name, adder, LongAdder::sum)
                    .tags(tags)
                    .description(help)
                    .register(registry);
            return adder;
        });
    }

    /**
     * A counter that somebody else keeps: read when somebody asks.
     *
     * @param value never goes down
     */
    public void counted(String name, String help, LongSupplier value, String... labels) {
        Tags tags = check(name, labels);
        held.put(new Meter.Id(name, tags, null, help, Meter.Type.COUNTER), value);
        FunctionCounter.builder(name, value, LongSupplier::getAsLong)
                .tags(tags)
                .description(help)
                .register(registry);
    }

    /** Forgets what {@link #counted} or {@link #gauge} made, with these labels. */
    public void forget(String name, String... labels) {
        Tags tags = check(name, labels);
        for (Meter.Type type : List.of(Meter.Type.COUNTER, Meter.Type.GAUGE)) {
            Meter.Id id = new Meter.Id(name, tags, null, null, type);
            held.remove(id);
            registry.remove(id);
        }
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {
        Tags tags = check(name, labels);
        registry.remove(new Meter.Id(name, tags, null, help, Meter.Type.GAUGE));
        Gauge.builder(name, value, LongSupplier::getAsLong)
                .tags(tags)
                .description(help)
                .strongReference(true)
                .register(registry);
    }

    @Override
    public String scrape() {
        return registry.scrape();
    }

    private static Tags check(String name, String... labels) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "metric '" + name + "': must be words in lower case, joined by _," + " and begin with baton_");
        }
        if (labels.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "metric " + name + ": labels must be key, value, key, value; there are " + labels.length);
        }
        return Tags.of(labels);
    }
}
