package dev.baton.runtime.upstream;

import dev.baton.runtime.upstream.Backoff.Cause;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;

/**
 * How often a server was ejected.
 *
 * @param unanswered because several requests in a row had no answer
 * @param errors because several requests in a row had an error answer
 */
record Ejections(Counter unanswered, Counter errors) {

    static Ejections of(String upstream, String server, Metrics metrics) {
        return new Ejections(
                counter(upstream, server, "no_answer", metrics), counter(upstream, server, "errors", metrics));
    }

    private static Counter counter(String upstream, String server, String reason, Metrics metrics) {
        return metrics.counter(
                "baton_upstream_ejections_total",
                "Times that a server was left out for a while because requests to it failed.",
                "upstream",
                upstream,
                "server",
                server,
                "reason",
                reason);
    }

    /** Those for one reason. */
    Counter of(Cause cause) {
        return cause == Cause.ERRORS ? errors : unanswered;
    }
}
