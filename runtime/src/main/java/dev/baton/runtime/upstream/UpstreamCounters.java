package dev.baton.runtime.upstream;

import dev.baton.spi.admin.Metrics;
import dev.baton.spi.admin.Metrics.Counter;

/** What is counted of one upstream. */
record UpstreamCounters(Counter connects, Counter connectFailures, Counter reusesLocal, Counter reusesTakeover) {

    private static final String REUSES = "baton_upstream_reuses_total";
    private static final String REUSES_HELP =
            "Idle upstream connections that were used again, by the loop that had it last"
                    + " (local) or by another (takeover).";

    static UpstreamCounters of(String upstream, Metrics metrics) {
        return new UpstreamCounters(
                metrics.counter("baton_upstream_connects_total", "Upstream connections opened.", "upstream", upstream),
                metrics.counter(
                        "baton_upstream_connect_failures_total",
                        "Upstream connections that could not be opened.",
                        "upstream",
                        upstream),
                metrics.counter(REUSES, REUSES_HELP, "upstream", upstream, "how", "local"),
                metrics.counter(REUSES, REUSES_HELP, "upstream", upstream, "how", "takeover"));
    }
}
