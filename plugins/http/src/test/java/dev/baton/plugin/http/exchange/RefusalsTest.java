package dev.baton.plugin.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.metrics.Metrics;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

class RefusalsTest {
    private final Map<String, Count> counts = new HashMap<>();
    /** Close to where it wraps around. */
    private final AtomicLong clockNanos = new AtomicLong(Long.MAX_VALUE - 5);

    private final Refusals refusals = new Refusals("shop", new Counts(), clockNanos::get);

    private static final class Count implements Metrics.Counter {
        private long count;

        @Override
        public void increment() {
            count++;
        }

        @Override
        public long count() {
            return count;
        }
    }

    private final class Counts implements Metrics {
        @Override
        public Counter counter(String name, String help, String... labels) {
            return counts.computeIfAbsent(labels[3], reason -> new Count());
        }

        @Override
        public void gauge(String name, String help, LongSupplier value, String... labels) {
            throw new AssertionError("no gauges here");
        }

        @Override
        public String scrape() {
            throw new AssertionError("nobody asks");
        }
    }

    @Test
    void shouldLogAKindOnceAMinuteAndCountEachTime() {
        Refusal first = Refusal.CONNECT_FAILED;
        Refusal second = Refusal.CONNECT_TIMEOUT;

        assertThat(refusals.countAndAsk(first)).isTrue();
        assertThat(refusals.countAndAsk(first)).isFalse();
        assertThat(refusals.countAndAsk(second)).isTrue();

        clockNanos.addAndGet(TimeUnit.MINUTES.toNanos(1) - 1);
        assertThat(refusals.countAndAsk(first)).isFalse();
        clockNanos.addAndGet(1);
        assertThat(refusals.countAndAsk(first)).isTrue();
        assertThat(refusals.countAndAsk(first)).isFalse();

        assertThat(counts)
                .extractingByKey(first.label())
                .extracting(Count::count)
                .isEqualTo(5L);
        assertThat(counts)
                .extractingByKey(second.label())
                .extracting(Count::count)
                .isEqualTo(1L);
    }
}
