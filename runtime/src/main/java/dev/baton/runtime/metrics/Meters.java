package dev.baton.runtime.metrics;

import dev.baton.runtime.metrics.Family.Kind;
import dev.baton.spi.metrics.Metrics;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of one Baton. They are read when somebody asks: counting touches nothing shared. Only {@link #scrape}
 * needs the library of Prometheus. Thread-safe.
 */
public final class Meters implements Metrics {
    private static final Pattern NAME = Pattern.compile("baton_[a-z0-9]+(_[a-z0-9]+)*");
    private static final Pattern LABEL = Pattern.compile("[a-zA-Z][a-zA-Z0-9_]*");
    static final String COUNTER_END = "_total";
    private static final String HISTOGRAM_END = "_seconds";

    private final ConcurrentMap<String, Family<LongSupplier>> values = new ConcurrentSkipListMap<>();
    private final ConcurrentMap<String, Family<StripedHistogram>> histograms = new ConcurrentSkipListMap<>();
    private volatile @Nullable ProcessFacts process;

    /** Without any metric yet. */
    public Meters() {}

    /**
     * What is told of the process.
     *
     * @param version Baton's
     * @param allocator the one that connections take their buffers from
     */
    record ProcessFacts(String version, ByteBufAllocator allocator) {}

    private static final class Adder extends LongAdder implements Counter, LongSupplier {
        private static final long serialVersionUID = 1L;

        @Override
        public void add(long amount) {
            if (amount < 0) {
                throw new IllegalArgumentException("a counter only goes up: " + amount);
            }
            super.add(amount);
        }

        @Override
        public long count() {
            return sum();
        }

        @Override
        public long getAsLong() {
            return sum();
        }
    }

    @Override
    public Counter counter(String name, String help, String... labels) {
        LabelSet set = check(name, labels);
        if (!name.endsWith(COUNTER_END)) {
            throw new IllegalArgumentException("counter " + name + ": its name must end in " + COUNTER_END);
        }
        Family<LongSupplier> family = family(Kind.COUNTER, name, help);
        LongSupplier known = family.find(set);
        LongSupplier counter = known != null ? known : family.make(set, Adder::new);
        if (counter instanceof Adder adder) {
            return adder;
        }
        throw new IllegalArgumentException("counter " + name + " with the labels " + set + " is kept by the runtime");
    }

    @Override
    public Histogram histogram(String name, String help, String... labels) {
        LabelSet set = check(name, labels);
        if (!name.endsWith(HISTOGRAM_END)) {
            throw new IllegalArgumentException("histogram " + name + ": its name must end in " + HISTOGRAM_END);
        }
        checkKind(name, values.get(name), Kind.HISTOGRAM);
        Family<StripedHistogram> family =
                histograms.computeIfAbsent(name, absent -> new Family<>(Kind.HISTOGRAM, name, help));
        StripedHistogram known = family.find(set);
        if (known != null) {
            return known;
        }
        family.checkKeys(set);
        return family.make(set, StripedHistogram::new);
    }

    /** What the histograms of a name have recorded, by their labels; empty if there are none. */
    public List<Series<Distribution>> histograms(String name) {
        Family<StripedHistogram> family = histograms.get(name);
        return family == null ? List.of() : family.read(StripedHistogram::read);
    }

    /** What the counters of a name have counted; empty if there are none. */
    public List<Series<Long>> counters(String name) {
        Family<LongSupplier> family = values.get(name);
        return family == null || family.kind() != Kind.COUNTER ? List.of() : family.read(LongSupplier::getAsLong);
    }

    /**
     * A counter that somebody else keeps: read when somebody asks. Replaces an older one of the same name and labels.
     *
     * @param value never goes down
     */
    public void counted(String name, String help, LongSupplier value, String... labels) {
        LabelSet set = check(name, labels);
        if (!name.endsWith(COUNTER_END)) {
            throw new IllegalArgumentException("counter " + name + ": its name must end in " + COUNTER_END);
        }
        family(Kind.COUNTER, name, help).put(set, value);
    }

    @Override
    public void forget(String name, String... labels) {
        LabelSet set = check(name, labels);
        Family<LongSupplier> of = values.get(name);
        if (of != null) {
            of.remove(set);
        }
        Family<StripedHistogram> recorded = histograms.get(name);
        if (recorded != null) {
            recorded.remove(set);
        }
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {
        LabelSet set = check(name, labels);
        family(Kind.GAUGE, name, help).put(set, value);
    }

    /**
     * Forgets the gauges whose code is of a class loader: that of a plugin's version which is not in use any longer.
     */
    public void forgetCodeOf(ClassLoader loader) {
        values.values()
                .forEach(family -> family.removeIf(value -> value.getClass().getClassLoader() == loader));
    }

    /** The gauges whose code is of a class loader: puts them back where others have taken their place. */
    public Runnable codeOf(ClassLoader loader) {
        List<Runnable> all = new ArrayList<>();
        values.values()
                .forEach(family -> family.each((labels, value) -> {
                    if (value.getClass().getClassLoader() == loader) {
                        all.add(() -> family.put(labels, value));
                    }
                }));
        return () -> all.forEach(Runnable::run);
    }

    private Family<LongSupplier> family(Kind kind, String name, String help) {
        checkKind(name, histograms.get(name), kind);
        // Prometheus takes the end of a counter for a part of its form, and the rest for its name.
        String sibling =
                kind == Kind.COUNTER ? name.substring(0, name.length() - COUNTER_END.length()) : name + COUNTER_END;
        if (values.containsKey(sibling) || histograms.containsKey(sibling)) {
            throw new IllegalArgumentException("metric " + name + ": there is " + sibling
                    + " already, and Prometheus takes the two for one; give it another name");
        }
        Family<LongSupplier> family = values.computeIfAbsent(name, absent -> new Family<>(kind, name, help));
        checkKind(name, family, kind);
        return family;
    }

    private static void checkKind(String name, @Nullable Family<?> known, Kind wanted) {
        if (known != null && known.kind() != wanted) {
            throw new IllegalArgumentException(
                    "metric " + name + " is a " + known.kind().noun() + " elsewhere, here a " + wanted.noun());
        }
    }

    /**
     * Adds the JVM, the process and the versions.
     *
     * @param version Baton's
     * @param allocator the one that connections take their buffers from
     */
    public void publishProcess(String version, ByteBufAllocator allocator) {
        process = new ProcessFacts(version, allocator);
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalStateException where the library of Prometheus is missing, as it may be in a program that embeds
     *     Baton
     */
    @Override
    public String scrape() {
        try {
            return PrometheusText.of(values.values(), histograms.values(), process);
        } catch (NoClassDefFoundError missing) {
            throw new IllegalStateException(
                    "metrics are written by io.prometheus:prometheus-metrics-exposition-textformats, which is not"
                            + " there: add it to the dependencies",
                    missing);
        }
    }

    private static LabelSet check(String name, String... labels) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "metric '" + name + "': must be words in lower case, joined by _," + " and begin with baton_");
        }
        if (labels.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "metric " + name + ": labels must be key, value, key, value; there are " + labels.length);
        }
        LabelSet set = LabelSet.of(labels);
        for (String key : set.keys()) {
            if (!LABEL.matcher(key).matches()) {
                throw new IllegalArgumentException("metric " + name + ": the label '" + key
                        + "' must have letters, digits and _ only, and begin with a letter");
            }
        }
        return set;
    }
}
