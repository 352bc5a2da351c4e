package dev.baton.plugin.http.exchange;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.metrics.Metrics.Histogram;
import dev.baton.spi.traffic.TrafficMetrics;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What is counted of each server that a service asks. It is let go of with the server: an upstream tells when no server
 * has its address any longer. What is counted later, and of servers beyond a limit, is counted for {@code other}: their
 * names may come from DNS.
 *
 * <p>Any thread. Allocates nothing, except for a server that is new.
 */
final class ServerSeries {
    private static final int SERVERS_MAX = 200;
    private static final String OTHER = "other";

    private final Metrics metrics;
    private final String service;
    private final List<Upstream> upstreams = new CopyOnWriteArrayList<>();
    private final Map<String, OfServer> servers = new ConcurrentHashMap<>();

    /**
     * One server's.
     *
     * @param firstByte from a request's head to the head of its response
     * @param failures exchanges in which it failed
     */
    record OfServer(Histogram firstByte, Counter failures) {}

    ServerSeries(Metrics metrics, String service) {
        this.metrics = metrics;
        this.service = service;
    }

    /** The service asks the servers of this upstream; call it once for each. */
    void add(Upstream upstream) {
        upstreams.add(upstream);
        upstream.whenForgotten(this::forget);
    }

    /** On a loop: a server is not forgotten while that is in the callback in which it was seen in the list. */
    OfServer of(String address) {
        OfServer known = servers.get(address);
        if (known != null) {
            return known;
        }
        boolean own = servers.size() < SERVERS_MAX && (address.equals(UpstreamServer.NONE.address()) || has(address));
        return servers.computeIfAbsent(own ? address : OTHER, this::make);
    }

    private boolean has(String address) {
        for (Upstream upstream : upstreams) {
            for (UpstreamServer each : upstream.servers()) {
                if (each.address().equals(address)) {
                    return true;
                }
            }
        }
        return false;
    }

    private OfServer make(String name) {
        return new OfServer(
                metrics.histogram(
                        TrafficMetrics.SERVER_SECONDS,
                        "From a request's head to the head of a server's response.",
                        labels(name)),
                metrics.counter(TrafficMetrics.SERVER_FAILURES, "Exchanges in which a server failed.", labels(name)));
    }

    private String[] labels(String name) {
        return new String[] {TrafficMetrics.SERVICE, service, TrafficMetrics.SERVER, name};
    }

    private void forget(String address) {
        if (!has(address) && servers.remove(address) != null) {
            metrics.forget(TrafficMetrics.SERVER_SECONDS, labels(address));
            metrics.forget(TrafficMetrics.SERVER_FAILURES, labels(address));
        }
    }
}
