package dev.baton.runtime.metrics;

import dev.baton.spi.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All series of one metric.
 *
 * <p>Threading: any, without a lock: a counter may be looked up wherever an fd may be deleted.
 *
 * @param <T> what a series is: a value that is read when somebody asks, or a histogram
 */
final class Family<T> {
    private static final String OTHER = "other";
    private static final Logger LOG = LoggerFactory.getLogger(Family.class);

    /** What a metric is. */
    enum Kind {
        COUNTER,
        GAUGE,
        HISTOGRAM;

        String noun() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Kind kind;
    private final String name;
    private final String help;
    private final ConcurrentMap<LabelSet, T> all = new ConcurrentSkipListMap<>();
    /** How many {@link #make} has made, or is about to. */
    private final AtomicInteger counted = new AtomicInteger();

    private final AtomicBoolean crowded = new AtomicBoolean();

    /** Without any series. */
    Family(Kind kind, String name, String help) {
        this.kind = kind;
        this.name = name;
        this.help = help;
    }

    Kind kind() {
        return kind;
    }

    String name() {
        return name;
    }

    String help() {
        return help;
    }

    /** Tells of each series. */
    void each(BiConsumer<LabelSet, ? super T> action) {
        all.forEach(action);
    }

    /** Removes series by what they are. */
    void removeIf(Predicate<? super T> unwanted) {
        all.values().removeIf(unwanted);
    }

    /** The one with these labels; null if there is none. */
    @Nullable
    T find(LabelSet labels) {
        return all.get(labels);
    }

    /**
     * The one with these labels, which is made if there is none; beyond {@link Metrics#SERIES_MAX} of them one that
     * stands for all the others.
     */
    T make(LabelSet labels, Supplier<? extends T> made) {
        T known = all.get(labels);
        if (known != null) {
            return known;
        }
        if (counted.getAndIncrement() >= Metrics.SERIES_MAX) {
            counted.decrementAndGet();
            return add(others(labels), made.get());
        }
        T fresh = made.get();
        T first = add(labels, fresh);
        if (first != fresh) {
            counted.decrementAndGet();
        }
        return first;
    }

    private T add(LabelSet labels, T fresh) {
        T first = all.putIfAbsent(labels, fresh);
        return first == null ? fresh : first;
    }

    /** The same keys, with values that say that they stand for many; says once that a name has too many. */
    private LabelSet others(LabelSet labels) {
        if (crowded.compareAndSet(false, true)) {
            LOG.warn(
                    "metric {} has {} sets of label values, which is the limit: others are counted as \"{}\", among"
                            + " them {}",
                    name,
                    Metrics.SERIES_MAX,
                    OTHER,
                    labels);
        }
        return labels.all(OTHER);
    }

    /** Instead of one of the same labels, if there is one. */
    void put(LabelSet labels, T series) {
        all.put(labels, series);
    }

    /**
     * Refuses other keys than those of the others.
     *
     * @throws IllegalArgumentException if there are others, and they have other keys
     */
    void checkKeys(LabelSet labels) {
        all.keySet().stream()
                .findFirst()
                .filter(any -> !any.keys().equals(labels.keys()))
                .ifPresent(any -> {
                    throw new IllegalArgumentException(kind.noun() + " " + name + ": its labels are " + any.keys()
                            + " elsewhere, here " + labels.keys());
                });
    }

    /** Forgets the one with these labels, if there is one. */
    void remove(LabelSet labels) {
        if (all.remove(labels) != null && !labels.equals(labels.all(OTHER))) {
            counted.updateAndGet(count -> Math.max(0, count - 1)); // those that were put were not counted
        }
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    void forEach(BiConsumer<LabelSet, T> action) {
        all.forEach(action);
    }

    /** What each has counted. */
    <V> List<Series<V>> read(Function<? super T, V> value) {
        List<Series<V>> series = new ArrayList<>();
        all.forEach((labels, each) -> series.add(new Series<>(labels.toMap(), value.apply(each))));
        return series;
    }
}
