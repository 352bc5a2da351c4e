package dev.baton.runtime.upstream;

import dev.baton.runtime.channel.Input;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;

/** What is counted of one upstream. */
record UpstreamCounters(
        Counter connects,
        Counter connectFailures,
        Counter reusesLocal,
        Counter reusesTakeover,
        Counter discardedBytes,
        Counter discardedEnded,
        Counter discardedReset,
        Counter evictions) {

    private static final String REUSES = "baton_upstream_reuses_total";
    private static final String REUSES_HELP =
            "Idle upstream connections that were used again, by the loop that had it last"
                    + " (local) or by another (takeover).";
    private static final String DISCARDS = "baton_upstream_discards_total";
    private static final String DISCARDS_HELP =
            "Idle upstream connections that were closed when a request was to use them, because the server had sent"
                    + " something out of turn (bytes), had ended them (end) or had reset them (reset).";

    static UpstreamCounters of(String upstream, Metrics metrics) {
        return new UpstreamCounters(
                metrics.counter("baton_upstream_connects_total", "Upstream connections opened.", "upstream", upstream),
                metrics.counter(
                        "baton_upstream_connect_failures_total",
                        "Upstream connections that could not be opened.",
                        "upstream",
                        upstream),
                metrics.counter(REUSES, REUSES_HELP, "upstream", upstream, "how", "local"),
                metrics.counter(REUSES, REUSES_HELP, "upstream", upstream, "how", "takeover"),
                metrics.counter(DISCARDS, DISCARDS_HELP, "upstream", upstream, "reason", "bytes"),
                metrics.counter(DISCARDS, DISCARDS_HELP, "upstream", upstream, "reason", "end"),
                metrics.counter(DISCARDS, DISCARDS_HELP, "upstream", upstream, "reason", "reset"),
                metrics.counter(
                        "baton_upstream_evictions_total",
                        "Idle upstream connections that were closed because a client or a request needed the fd, or a request"
                                + " the place.",
                        "upstream",
                        upstream));
    }

    /** Connections that were not used because of what there was to be read. */
    Counter discarded(Input input) {
        return switch (input) {
            case BYTES -> discardedBytes;
            case END -> discardedEnded;
            case ERROR -> discardedReset;
            case NOTHING -> throw new AssertionError("nothing to be read is no reason to discard a connection");
        };
    }
}
