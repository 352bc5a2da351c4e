package dev.baton.runtime.upstream;

import dev.baton.runtime.health.ServerCheck;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.upstream.ServerState;
import java.util.List;
import java.util.Locale;

/** The metrics of one server, which are no longer written when it is forgotten. Any thread. */
final class ServerMetrics {
    private static final String LEFT_OUT = "baton_upstream_left_out_total";
    private static final String WAITS = "baton_upstream_waits_total";
    private static final String TIMEOUTS = "baton_upstream_wait_timeouts_total";
    private static final String REFUSALS = "baton_upstream_wait_refusals_total";
    private static final String WAITING = "baton_upstream_waiting";
    private static final String STATE = "baton_upstream_server_state";
    private static final String WEIGHT = "baton_upstream_server_weight";

    private final Metrics metrics;
    private final String upstream;
    private final String server;
    private final String[] labels;

    ServerMetrics(Metrics metrics, String upstream, String server) {
        this.metrics = metrics;
        this.upstream = upstream;
        this.server = server;
        this.labels = new String[] {"upstream", upstream, "server", server};
    }

    Counter leftOut() {
        return metrics.counter(
                LEFT_OUT, "Times that a server was left out for a while because it could not be connected to.", labels);
    }

    Counter waits() {
        return metrics.counter(WAITS, "Requests that waited because of max-connections.", labels);
    }

    Counter timeouts() {
        return metrics.counter(TIMEOUTS, "Requests that waited for queue-timeout in vain.", labels);
    }

    Counter refusals() {
        return metrics.counter(
                REFUSALS, "Requests that could not wait because as many waited as queue allows.", labels);
    }

    void waiting(ServerQueue<?> queue) {
        metrics.gauge(WAITING, "Requests that wait now because of max-connections.", queue::waiting, labels);
    }

    /** What an operator can change. */
    void show(LiveServer live) {
        for (ServerState each : ServerState.values()) {
            metrics.gauge(
                    STATE,
                    "1 for the state that the server is in, 0 for the others.",
                    () -> live.state() == each ? 1 : 0,
                    labels(each));
        }
        metrics.gauge(WEIGHT, "The weight of the server.", live::weight, labels);
    }

    private String[] labels(ServerState state) {
        return new String[] {
            "upstream", upstream, "server", server, "state", state.name().toLowerCase(Locale.ROOT)
        };
    }

    /** No other server has this address: nothing of it is written from here on. */
    void forget() {
        for (String each : List.of(LEFT_OUT, WAITS, TIMEOUTS, REFUSALS, WAITING, WEIGHT)) {
            metrics.forget(each, labels);
        }
        Ejections.forget(upstream, server, metrics);
        for (ServerState each : ServerState.values()) {
            metrics.forget(STATE, labels(each));
        }
        ServerCheck.forget(metrics, upstream, server);
    }
}
