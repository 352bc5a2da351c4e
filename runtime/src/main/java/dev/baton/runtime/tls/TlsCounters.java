package dev.baton.runtime.tls;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.tls.TlsVersion;
import java.util.EnumMap;
import java.util.Map;

/** Counts handshakes with clients, and what goes wrong in and after them. */
final class TlsCounters {
    private final Map<TlsFailure, Counter> failures = new EnumMap<>(TlsFailure.class);
    private final Map<String, Counter> handshakes;

    TlsCounters(Metrics metrics) {
        for (TlsFailure each : TlsFailure.values()) {
            failures.put(
                    each,
                    metrics.counter(
                            "baton_tls_failures_total",
                            "Clients whose TLS failed, in the handshake or later.",
                            "reason",
                            each.label()));
        }
        handshakes = Map.of(
                TlsVersion.TLS_1_2.toString(),
                handshakes(metrics, TlsVersion.TLS_1_2),
                TlsVersion.TLS_1_3.toString(),
                handshakes(metrics, TlsVersion.TLS_1_3));
    }

    private static Counter handshakes(Metrics metrics, TlsVersion version) {
        return metrics.counter(
                "baton_tls_handshakes_total",
                "TLS handshakes with clients that were completed.",
                "version",
                version.toString());
    }

    void failed(TlsFailure failure) {
        Counter counter = failures.get(failure);
        if (counter != null) {
            counter.increment();
        }
    }

    void completed(String version) {
        Counter counter = handshakes.get(version);
        if (counter != null) {
            counter.increment();
        }
    }
}
