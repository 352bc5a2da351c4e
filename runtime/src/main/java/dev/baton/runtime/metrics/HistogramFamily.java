package dev.baton.runtime.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * All histograms of one name, as Prometheus wants them: the many buckets inside become a few, of round bounds. An inner
 * bucket is counted where its middle belongs, so a bound is right to 4 percent.
 */
final class HistogramFamily implements Collector {
    private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Upper bounds of the buckets of {@code /metrics}, in seconds; infinity is added. */
    private static final double[] BOUNDS = {
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, Double.POSITIVE_INFINITY
    };

    /** The first inner bucket that is beyond each bound. */
    private static final int[] ENDS = ends();

    private final String name;
    private final String help;
    private final ConcurrentMap<Labels, StripedHistogram> all = new ConcurrentSkipListMap<>();

    HistogramFamily(String name, String help) {
        this.name = name;
        this.help = help;
    }

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

    /** The one with these labels; null if there is none. */
    @Nullable
    StripedHistogram find(Labels labels) {
        return all.get(labels);
    }

    int size() {
        return all.size();
    }

    /**
     * The one with these labels, which is made if there is none.
     *
     * @throws IllegalArgumentException if others have other keys
     */
    StripedHistogram make(Labels labels) {
        Labels any = all.isEmpty() ? labels : all.keySet().iterator().next();
        if (!any.hasSameNames(labels)) {
            throw new IllegalArgumentException(
                    "histogram " + name + ": its labels are " + any + " elsewhere, here " + labels);
        }
        return all.computeIfAbsent(labels, absent -> new StripedHistogram());
    }

    /** Forgets the one with these labels, if there is one. */
    void remove(Labels labels) {
        all.remove(labels);
    }

    /** What each has counted. */
    List<Series<Distribution>> read() {
        List<Series<Distribution>> series = new ArrayList<>();
        all.forEach((labels, histogram) -> series.add(new Series<>(PrometheusMetrics.map(labels), histogram.read())));
        return series;
    }

    @Override
    public MetricSnapshot collect() {
        HistogramSnapshot.Builder snapshot =
                HistogramSnapshot.builder().name(name).help(help);
        all.forEach((labels, histogram) -> snapshot.dataPoint(point(labels, histogram.read())));
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
