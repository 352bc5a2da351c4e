package dev.baton.runtime.metrics;

import dev.baton.runtime.metrics.Family.Kind;
import dev.baton.runtime.metrics.Meters.ProcessFacts;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Metrics as Prometheus reads them. Of a histogram the many buckets inside become a few, of round bounds; an inner
 * bucket is counted where its middle belongs, so a bound is right to 4 percent.
 */
final class PrometheusText {
    private static final Logger LOG = LoggerFactory.getLogger(PrometheusText.class);
    /** Names whose trouble has been told. */
    private static final Set<String> UNREADABLE = ConcurrentHashMap.newKeySet();

    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Upper bounds of the buckets of {@code /metrics}, in seconds; infinity is added. */
    private static final double[] BOUNDS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, Double.POSITIVE_INFINITY
    };

    /** The first inner bucket that is beyond each bound. */
    private static final int[] ENDS = ends();

    private PrometheusText() {}

    private static int[] ends() {
        int[] ends = new int[BOUNDS.length];
        for (int i = 0; i < ends.length; i++) {
            int bucket = 0;
            while (bucket < Buckets.COUNT && Buckets.middle(bucket) <= BOUNDS[i] * NANOS) {
                bucket++;
            }
            ends[i] = bucket;
        }
        return ends;
    }

    /**
     * Everything, each metric under its name.
     *
     * @param process null for nothing of the process
     */
    static String of(
            Collection<Family<LongSupplier>> values,
            Collection<Family<StripedHistogram>> histograms,
            @Nullable ProcessFacts process) {
        List<MetricSnapshot> all = new ArrayList<>();
        for (Family<LongSupplier> each : values) {
            if (!each.isEmpty()) {
                all.add(each.kind() == Kind.COUNTER ? counter(each) : gauge(each));
            }
        }
        for (Family<StripedHistogram> each : histograms) {
            if (!each.isEmpty()) {
                all.add(histogram(each));
            }
        }
        if (process != null) {
            new ProcessMetrics(process.version(), process.allocator()).collect().forEach(all::add);
        }
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(text, new MetricSnapshots(all));
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private static Labels labels(LabelSet labels) {
        return Labels.of(labels.keys(), labels.values());
    }

    /** Is given a value. */
    @FunctionalInterface
    private interface Point {
        void add(Labels labels, long value);
    }

    /** Leaves out what cannot be read: one plugin's mistake must not cost the others' metrics. */
    private static void read(Family<LongSupplier> family, Point point) {
        family.forEach((labels, value) -> {
            long read;
            try {
                read = value.getAsLong();
            } catch (RuntimeException e) {
                if (UNREADABLE.add(family.name())) {
                    LOG.warn("metric {} with the labels {} cannot be read and is left out", family.name(), labels, e);
                }
                return;
            }
            point.add(labels(labels), family.kind() == Kind.COUNTER ? Math.max(0, read) : read);
        });
    }

    private static MetricSnapshot counter(Family<LongSupplier> family) {
        String name = family.name();
        CounterSnapshot.Builder snapshot = CounterSnapshot.builder()
                .name(name.substring(0, name.length() - Meters.COUNTER_END.length()))
                .help(family.help());
        read(family, (labels, value) -> snapshot.dataPoint(new CounterDataPointSnapshot(value, labels, null, 0)));
        return snapshot.build();
    }

    private static MetricSnapshot gauge(Family<LongSupplier> family) {
        GaugeSnapshot.Builder snapshot =
                GaugeSnapshot.builder().name(family.name()).help(family.help());
        read(family, (labels, value) -> snapshot.dataPoint(new GaugeDataPointSnapshot(value, labels, null)));
        return snapshot.build();
    }

    private static MetricSnapshot histogram(Family<StripedHistogram> family) {
        HistogramSnapshot.Builder snapshot =
                HistogramSnapshot.builder().name(family.name()).help(family.help());
        family.forEach((labels, histogram) -> snapshot.dataPoint(point(labels(labels), histogram.read())));
        return snapshot.build();
    }

    private static HistogramDataPointSnapshot point(Labels labels, Distribution counted) {
        long[] counts = new long[BOUNDS.length];
        long before = 0;
        for (int i = 0; i < counts.length; i++) {
            long upTo = counted.before(ENDS[i]);
            counts[i] = upTo - before;
            before = upTo;
        }
        return HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(ClassicHistogramBuckets.of(BOUNDS, counts))
                .sum(counted.sumNanos() / NANOS)
                .build();
    }
}
