package dev.baton.runtime.upstream;

import dev.baton.runtime.upstream.Backoff.Cause;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import java.util.List;

/**
 * How often a server was ejected.
 *
 * @param unanswered because several requests in a row had no answer
 * @param errors because several requests in a row had an error answer
 */
record Ejections(Counter unanswered, Counter errors) {

    private static final String NAME = "baton_upstream_ejections_total";
    private static final String NO_ANSWER = "no_answer";
    private static final String ERRORS = "errors";

    static Ejections of(String upstream, String server, Metrics metrics) {
        return new Ejections(counter(upstream, server, NO_ANSWER, metrics), counter(upstream, server, ERRORS, metrics));
    }

    private static Counter counter(String upstream, String server, String reason, Metrics metrics) {
        return metrics.counter(
                NAME,
                "Times that a server was left out for a while because requests to it failed.",
                "upstream",
                upstream,
                "server",
                server,
                "reason",
                reason);
    }

    /** Stops writing them. */
    static void forget(String upstream, String server, Metrics metrics) {
        for (String reason : List.of(NO_ANSWER, ERRORS)) {
            metrics.forget(NAME, "upstream", upstream, "server", server, "reason", reason);
        }
    }

    /** Those for one reason. */
    Counter of(Cause cause) {
        return cause == Cause.ERRORS ? errors : unanswered;
    }
}
