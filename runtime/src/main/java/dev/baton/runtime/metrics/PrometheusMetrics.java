package dev.baton.runtime.metrics;

import dev.baton.spi.metrics.Metrics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.buffer.ByteBufAllocator;
import io.prometheus.metrics.model.snapshots.Label;
import io.prometheus.metrics.model.snapshots.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics on Micrometer's Prometheus registry. Counters and histograms are our own and are read when somebody asks:
 * counting touches nothing shared. Thread-safe.
 */
public final class PrometheusMetrics implements Metrics {
    private static final Pattern NAME = Pattern.compile("baton_[a-z0-9]+(_[a-z0-9]+)*");
    private static final String COUNTER_END = "_total";
    private static final String HISTOGRAM_END = "_seconds";
    private static final String OTHER = "other";
    private static final Logger LOG = LoggerFactory.getLogger(PrometheusMetrics.class);

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final ConcurrentMap<Meter.Id, Adder> counters = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, HistogramFamily> histograms = new ConcurrentHashMap<>();
    /** How many counters there are of a name. */
    private final ConcurrentMap<String, AtomicInteger> series = new ConcurrentHashMap<>();
    /** Names of which there are too many. */
    private final Set<String> crowded = ConcurrentHashMap.newKeySet();

    /**
     * Micrometer holds what it counts weakly: what nothing else holds would stand still after a collection of garbage.
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
        Adder known = counters.get(new Meter.Id(name, tags, null, help, Meter.Type.COUNTER));
        if (known != null) {
            return known;
        }
        AtomicInteger count = series.computeIfAbsent(name, first -> new AtomicInteger());
        boolean room = count.getAndIncrement() < SERIES_MAX;
        if (!room) {
            count.decrementAndGet(); // only those that have room give it back
        }
        Tags bounded = room ? tags : others(name, tags);
        Meter.Id id = new Meter.Id(name, bounded, null, help, Meter.Type.COUNTER);
        return counters.computeIfAbsent(id, absent -> {
            Adder adder = new Adder();
            FunctionCounter.builder(name, adder, LongAdder::sum)
                    .tags(bounded)
                    .description(help)
                    .register(registry);
            return adder;
        });
    }

    @Override
    public Histogram histogram(String name, String help, String... labels) {
        Tags tags = check(name, labels);
        if (!name.endsWith(HISTOGRAM_END)) {
            throw new IllegalArgumentException("histogram " + name + ": its name must end in " + HISTOGRAM_END);
        }
        HistogramFamily family = histograms.computeIfAbsent(name, absent -> {
            HistogramFamily made = new HistogramFamily(name, help);
            registry.getPrometheusRegistry().register(made);
            return made;
        });
        StripedHistogram known = family.find(labels(tags));
        return known != null ? known : family.make(labels(family.size() < SERIES_MAX ? tags : others(name, tags)));
    }

    /** The same keys, with values that say that they stand for many; says once that a name has too many. */
    private Tags others(String name, Tags tags) {
        if (crowded.add(name)) {
            LOG.warn(
                    "metric {} has {} sets of label values, which is the limit: others are counted as \"{}\", among"
                            + " them {}",
                    name,
                    SERIES_MAX,
                    OTHER,
                    tags);
        }
        return Tags.of(tags.stream().map(tag -> Tag.of(tag.getKey(), OTHER)).toList());
    }

    private static Labels labels(Tags tags) {
        return Labels.of(
                tags.stream().map(Tag::getKey).toList(),
                tags.stream().map(Tag::getValue).toList());
    }

    static Map<String, String> map(Labels labels) {
        return labels.stream().collect(Collectors.toUnmodifiableMap(Label::getName, Label::getValue));
    }

    /** What the histograms of a name have recorded, by their labels; empty if there are none. */
    public List<Series<Distribution>> histograms(String name) {
        HistogramFamily family = histograms.get(name);
        return family == null ? List.of() : family.read();
    }

    /** What the counters of a name have counted; empty if there are none. Cost: O(all counters). */
    public List<Series<Long>> counters(String name) {
        List<Series<Long>> found = new ArrayList<>();
        counters.forEach((id, adder) -> {
            if (id.getName().equals(name)) {
                found.add(new Series<>(
                        id.getTags().stream().collect(Collectors.toUnmodifiableMap(Tag::getKey, Tag::getValue)),
                        adder.sum()));
            }
        });
        return found;
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

    @Override
    public void forget(String name, String... labels) {
        Tags tags = check(name, labels);
        if (counters.remove(new Meter.Id(name, tags, null, null, Meter.Type.COUNTER)) != null) {
            AtomicInteger count = series.get(name);
            if (count != null) {
                count.decrementAndGet();
            }
        }
        for (Meter.Type type : List.of(Meter.Type.COUNTER, Meter.Type.GAUGE)) {
            Meter.Id id = new Meter.Id(name, tags, null, null, type);
            held.remove(id);
            registry.remove(id);
        }
        HistogramFamily family = histograms.get(name);
        if (family != null) {
            family.remove(labels(tags));
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

    /**
     * Adds the JVM, the process and the versions.
     *
     * @param version Baton's
     * @param allocator the one that connections take their buffers from
     */
    public void publishProcess(String version, ByteBufAllocator allocator) {
        registry.getPrometheusRegistry().register(new ProcessMetrics(version, allocator));
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
