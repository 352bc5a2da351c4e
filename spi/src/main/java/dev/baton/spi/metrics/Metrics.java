package dev.baton.spi.metrics;

import dev.baton.spi.threading.AnyThread;
import java.util.function.LongSupplier;

/** Where counts become metrics. Names start with {@code baton_}, counters end in {@code _total}. */
@AnyThread
public interface Metrics {

    /**
     * A counter; the same name and labels give the same counter. Look it up once, not on the hot path.
     *
     * @param name for example {@code baton_accepted_total}
     * @param help one sentence
     * @param labels key, value, key, value and so on
     * @throws IllegalArgumentException if the name is not allowed or the labels are not pairs
     */
    Counter counter(String name, String help, String... labels);

    /** A value that is read when somebody asks; replaces an older one of the same name and labels. */
    void gauge(String name, String help, LongSupplier value, String... labels);

    /** Everything as Prometheus text. */
    String scrape();

    /** Counts up. */
    interface Counter {
        /** Adds one. Cost: a few nanoseconds, without contention between loops. */
        void increment();

        /** What was counted so far. */
        long count();
    }
}
