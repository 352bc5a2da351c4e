package dev.baton.spi.metrics;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.function.LongSupplier;

/**
 * Where counts become metrics. Names start with {@code baton_}; those of counters end in {@code _total}, those of
 * histograms in {@code _seconds}.
 *
 * <p>A name has at most {@value #SERIES_MAX} sets of label values. What is asked for beyond that is counted together,
 * in one series whose label values are all {@code other}; the log says so once. So a label may be something that the
 * configuration names, but not something that a client sends.
 */
@ByBaton
@AnyThread
public interface Metrics {
    /** Sets of label values that a counter or histogram may have, besides {@code other}. */
    int SERIES_MAX = 500;

    /**
     * A counter; the same name and labels give the same counter. Look it up once, not on the hot path.
     *
     * @param name for example {@code baton_accepted_total}
     * @param help one sentence
     * @param labels key, value, key, value and so on
     * @throws IllegalArgumentException if the name is not allowed or the labels are not pairs
     */
    Counter counter(String name, String help, String... labels);

    /**
     * A histogram of durations; the same name and labels give the same histogram. Look it up once, not on the hot path.
     * Where there are no histograms, as in some tests, what is recorded is dropped.
     *
     * @param name for example {@code baton_http_request_seconds}
     * @param help one sentence
     * @param labels key, value, key, value and so on; the same keys for all of this name
     * @throws IllegalArgumentException if the name is not allowed, the labels are not pairs, or an older one of this
     *     name has other keys
     */
    default Histogram histogram(String name, String help, String... labels) {
        return nanos -> {};
    }

    /** A value that is read when metrics are asked for; replaces an older one of the same name and labels. */
    void gauge(String name, String help, LongSupplier value, String... labels);

    /**
     * Stops writing a counter, gauge or histogram, because what its labels name is gone. One of the same name and
     * labels begins at 0 afterwards. Harmless if there is none.
     */
    default void forget(String name, String... labels) {}

    /** Everything as Prometheus text. */
    String scrape();

    /** Counts up. */
    interface Counter {
        /** Adds one. Cost: a few nanoseconds, without contention between loops. */
        void increment();

        /**
         * Adds more than one at a time. Cost: as {@link #increment}, unless the implementation has only that.
         *
         * @param amount 0 or more
         */
        default void add(long amount) {
            for (long i = 0; i < amount; i++) {
                increment();
            }
        }

        /** What was counted so far. */
        long count();
    }

    /** How long things took. Quantiles of it are right to 4 percent, above a microsecond. */
    @FunctionalInterface
    interface Histogram {
        /**
         * Takes one in. Cost: about ten nanoseconds, without contention between loops; no allocation.
         *
         * @param nanos how long it took; less than 0 counts as 0, and more than 36 minutes as 36 minutes, except in the
         *     sum
         */
        void record(long nanos);
    }
}
