package dev.baton.runtime.tls;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.tls.TlsVersion;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;

/** Counts handshakes with the servers of one upstream, and what goes wrong in and after them. */
final class ClientTlsCounters {
    private final Map<ClientTlsFailure, Counter> failures = new EnumMap<>(ClientTlsFailure.class);
    private final Map<String, Counter> handshakes = new HashMap<>();
    private final Counter resumed;

    ClientTlsCounters(String upstream, Metrics metrics) {
        for (ClientTlsFailure each : ClientTlsFailure.values()) {
            failures.put(
                    each,
                    metrics.counter(
                            "baton_upstream_tls_failures_total",
                            "Connections to servers whose TLS failed, in the handshake or later.",
                            "upstream",
                            upstream,
                            "reason",
                            each.label()));
        }
        for (TlsVersion each : TlsVersion.values()) {
            handshakes.put(
                    each.toString(),
                    metrics.counter(
                            "baton_upstream_tls_handshakes_total",
                            "TLS handshakes with servers that were completed.",
                            "upstream",
                            upstream,
                            "version",
                            each.toString()));
        }
        resumed = metrics.counter(
                "baton_upstream_tls_resumptions_total",
                "TLS handshakes with servers that have resumed a session.",
                "upstream",
                upstream);
    }

    void failed(ClientTlsFailure failure) {
        Counter counter = failures.get(failure);
        if (counter != null) {
            counter.increment();
        }
    }

    void completed(String version, boolean hasResumed) {
        Counter counter = handshakes.get(version);
        if (counter != null) {
            counter.increment();
        }
        if (hasResumed) {
            resumed.increment();
        }
    }
}
