package dev.baton.plugin.httpproxy;

import dev.baton.spi.admin.Metrics;
import dev.baton.spi.admin.Metrics.Counter;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts the refusals of one service, and logs the first of each kind. */
final class Refusals {
    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);
    private static final int DETAIL_LIMIT_CHARS = 200;

    private final String service;
    private final Map<Refusal, Counter> counters = new EnumMap<>(Refusal.class);
    private final Set<Refusal> logged = ConcurrentHashMap.newKeySet();

    Refusals(String service, Metrics metrics) {
        this.service = service;
        for (Refusal refusal : Refusal.values()) {
            counters.put(
                    refusal,
                    metrics.counter(
                            "baton_http_refusals_total",
                            "Exchanges that did not get their server's answer.",
                            "service",
                            service,
                            "reason",
                            refusal.label()));
        }
    }

    /**
     * Counts one.
     *
     * @param peer who caused it
     * @param detail more words; may hold bytes of the peer's, which are made harmless
     */
    void count(Refusal refusal, String peer, @Nullable String detail) {
        Counter counter = counters.get(refusal);
        if (counter != null) {
            counter.increment();
        }
        if (logged.add(refusal)) {
            LOG.warn(
                    "service {}: {}, {}{} (logged once; counted in baton_http_refusals_total{reason=\"{}\"})",
                    service,
                    refusal.words(),
                    peer,
                    detail == null ? "" : ": " + harmless(detail),
                    refusal.label());
        }
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
