package dev.baton.plugin.http.exchange;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts the refusals of one service, and logs the first of each kind in a minute: a server that is down must not fill
 * the log, and one that fails again a day later must not be silent. Any thread.
 */
public final class Refusals {
    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
    private static final int DETAIL_LIMIT_CHARS = 200;

    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final String service;
    private final LongSupplier clockNanos;
    private final Map<Refusal, Tally> tallies = new EnumMap<>(Refusal.class);

    /** One kind's. */
    private static final class Tally {
        final Counter counter;
        /** From when on the next one is logged. */
        final AtomicLong dueNanos;

        Tally(Counter counter, long dueNanos) {
            this.counter = counter;
            this.dueNanos = new AtomicLong(dueNanos);
        }
    }

    Refusals(String service, Metrics metrics) {
        this(service, metrics, System::nanoTime);
    }

    Refusals(String service, Metrics metrics, LongSupplier clockNanos) {
        this.service = service;
        this.clockNanos = clockNanos;
        long now = clockNanos.getAsLong();
        for (Refusal refusal : Refusal.values()) {
            tallies.put(
                    refusal,
                    new Tally(
                            metrics.counter(
                                    "baton_http_refusals_total",
                                    "Exchanges that did not get their server's answer.",
                                    "service",
                                    service,
                                    "reason",
                                    refusal.label()),
                            now));
        }
    }

    /**
     * Counts one.
     *
     * @param peer who caused it
     * @param detail more words; may hold bytes of the peer's, which are made harmless
     */
    public void count(Refusal refusal, String peer, @Nullable String detail) {
        if (countAndAsk(refusal)) {
            LOG.warn(
                    "service {}: {}, {}{} (logged once a minute; counted in baton_http_refusals_total{reason=\"{}\"})",
                    service,
                    refusal.words(),
                    peer,
                    detail == null ? "" : ": " + harmless(detail),
                    refusal.label());
        }
    }

    /** Counts one; true if it is to be logged. */
    boolean countAndAsk(Refusal refusal) {
        Tally tally = tallies.get(refusal);
        if (tally == null) {
            throw new AssertionError(refusal);
        }
        tally.counter.increment();
        long now = clockNanos.getAsLong();
        long due = tally.dueNanos.get();
        return now - due >= 0 && tally.dueNanos.compareAndSet(due, now + QUIET_NANOS);
    }

    /** Printable ASCII only, and not too much: a peer must not write lines of its own into the log. */
    private static String harmless(String detail) {
        StringBuilder kept = new StringBuilder();
        for (int i = 0; i < detail.length() && i < DETAIL_LIMIT_CHARS; i++) {
            char c = detail.charAt(i);
            kept.append(c >= ' ' && c < 0x7f ? c : '?');
        }
        return kept.toString();
    }
}
