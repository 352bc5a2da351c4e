package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.metrics.Metrics.Histogram;
import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.traffic.TrafficMetrics;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Counts the exchanges of one route, and those of its servers: one for each route, made with the service. Each exchange
 * is told once, by {@link #ended}; if it was cut short, by {@link #aborted} as well; if it is watched, by
 * {@link #report}.
 *
 * <p>Any thread. Allocates nothing, except for a server that is new.
 */
final class RouteMetrics {
    private static final String[] STATUSES = {"none", "1xx", "2xx", "3xx", "4xx", TrafficMetrics.SERVER_ERROR};

    private final String service;
    private final String route;
    private final ServerSeries servers;
    private final Histogram total;
    private final Histogram firstByte;
    private final Counter[] responses = new Counter[STATUSES.length];
    private final Map<HttpOutcome.Kind, Counter> aborts = new EnumMap<>(HttpOutcome.Kind.class);
    private final Counter received;
    private final Counter sent;
    private final Counter retries;

    RouteMetrics(Metrics metrics, String service, String route, ServerSeries servers) {
        this.servers = servers;
        this.service = service;
        this.route = route;
        String[] labels = {TrafficMetrics.SERVICE, service, TrafficMetrics.ROUTE, route};
        this.total = metrics.histogram(
                TrafficMetrics.REQUEST_SECONDS, "From a request's head to the last byte of its response.", labels);
        this.firstByte = metrics.histogram(
                TrafficMetrics.FIRST_BYTE_SECONDS, "From a request's head to the head of its response.", labels);
        for (int i = 0; i < STATUSES.length; i++) {
            responses[i] = metrics.counter(
                    TrafficMetrics.RESPONSES,
                    "Exchanges that have ended, by the class of their status.",
                    with(labels, TrafficMetrics.STATUS, STATUSES[i]));
        }
        for (HttpOutcome.Kind kind : HttpOutcome.Kind.values()) {
            if (kind != HttpOutcome.Kind.COMPLETE) {
                aborts.put(
                        kind,
                        metrics.counter(
                                "baton_http_aborts_total",
                                "Exchanges that ended before their response was whole.",
                                with(labels, "how", kind.name().toLowerCase(Locale.ROOT))));
            }
        }
        String bytes = "baton_http_body_bytes_total";
        String bytesHelp = "Bytes of bodies, of requests (in) and of responses (out).";
        this.received = metrics.counter(bytes, bytesHelp, with(labels, "direction", "in"));
        this.sent = metrics.counter(bytes, bytesHelp, with(labels, "direction", "out"));
        this.retries = metrics.counter(
                "baton_http_retries_total", "Requests sent once more because no response came.", labels);
    }

    private static String[] with(String[] labels, String key, String value) {
        String[] more = Arrays.copyOf(labels, labels.length + 2);
        more[labels.length] = key;
        more[labels.length + 1] = value;
        return more;
    }

    /**
     * An exchange has ended, in whatever way.
     *
     * @param status of the response; 0 if none was written
     * @param firstByteNanos from the request's head to the response's; less than 0 if there was none
     * @param totalNanos from the request's head to the end
     * @param bytesIn of the request's body
     * @param bytesOut of the response's body
     * @param server the one that was asked last; null if none was
     */
    void ended(int status, long firstByteNanos, long totalNanos, long bytesIn, long bytesOut, @Nullable String server) {
        int group = status / 100;
        responses[group < STATUSES.length ? group : 0].increment();
        total.record(totalNanos);
        if (firstByteNanos >= 0) {
            firstByte.record(firstByteNanos);
        }
        if (bytesIn > 0) {
            received.add(bytesIn);
        }
        if (bytesOut > 0) {
            sent.add(bytesOut);
        }
        if (server != null) {
            ServerSeries.OfServer asked = servers.of(server);
            if (firstByteNanos >= 0) {
                asked.firstByte().record(firstByteNanos);
            }
            if (group == 5) {
                asked.failures().increment();
            }
        }
    }

    /**
     * An exchange was cut short.
     *
     * @param kind how; {@link HttpOutcome.Kind#COMPLETE} counts nothing
     * @param server the one that was asked last; null if none was
     */
    void aborted(HttpOutcome.Kind kind, @Nullable String server) {
        Counter counter = aborts.get(kind);
        if (counter == null) {
            return;
        }
        counter.increment();
        if (kind == HttpOutcome.Kind.SERVER_ABORTED && server != null) {
            servers.of(server).failures().increment();
        }
    }

    /**
     * Tells those who watch of an exchange that has ended. Ask first whether there are any ({@link Traffic#isWatched}):
     * this allocates. The parameters are those of {@link #ended}.
     *
     * @param target of the request; its query is left out, because it may hold what is secret
     * @param client address of the client; null if it is not known
     */
    void report(
            Traffic traffic,
            String method,
            String target,
            int status,
            long firstByteNanos,
            long totalNanos,
            long bytesIn,
            long bytesOut,
            @Nullable String server,
            @Nullable String client,
            HttpOutcome.Kind kind) {
        int query = target.indexOf('?');
        traffic.ended(new FinishedExchange(
                service,
                route,
                server,
                client,
                method,
                query < 0 ? target : target.substring(0, query),
                status,
                bytesIn,
                bytesOut,
                Math.max(-1, firstByteNanos),
                totalNanos,
                kind.name().toLowerCase(Locale.ROOT).replace('_', '-')));
    }

    /** A request is sent once more. */
    void retried() {
        retries.increment();
    }
}
