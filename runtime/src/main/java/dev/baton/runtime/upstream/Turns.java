package dev.baton.runtime.upstream;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whose turn it is among the servers of an upstream, of which those are left out that could not be connected to. Any
 * thread.
 */
final class Turns {
    private static final Logger LOG = LoggerFactory.getLogger(Turns.class);

    private final String upstream;
    private final List<UpstreamServer> servers;
    private final List<Backoff> backoffs = new ArrayList<>();
    private final List<Counter> leftOut = new ArrayList<>();
    private final LongSupplier clockNanos;
    private final AtomicInteger turn = new AtomicInteger();
    /** Who gets the turn of one that is left out: not always the next in order, who would get the share of both. */
    private final AtomicInteger standIn = new AtomicInteger();

    Turns(String upstream, List<UpstreamServer> servers, LongSupplier clockNanos, Metrics metrics) {
        this.upstream = upstream;
        this.servers = servers;
        this.clockNanos = clockNanos;
        for (UpstreamServer server : servers) {
            backoffs.add(new Backoff());
            leftOut.add(metrics.counter(
                    "baton_upstream_left_out_total",
                    "Times that a server was left out for a while because it could not be connected to.",
                    "upstream",
                    upstream,
                    "server",
                    server.address()));
        }
    }

    /** The next server in turn that is in use; if none is, the one whose turn it is. */
    UpstreamServer next() {
        int first = Math.floorMod(turn.getAndIncrement(), servers.size());
        if (!backoffs.get(first).isLeftOut()) {
            return servers.get(first);
        }
        long now = clockNanos.getAsLong();
        if (backoffs.get(first).admits(now)) {
            return servers.get(first);
        }
        int others = servers.size() - 1;
        int offset = standIn.getAndIncrement();
        for (int i = 0; i < others; i++) {
            int index = (first + 1 + Math.floorMod(offset + i, others)) % servers.size();
            if (backoffs.get(index).admits(now)) {
                return servers.get(index);
            }
        }
        return servers.get(first);
    }

    /** The next server in order that is in use; if none is, the one that has failed longest ago. */
    UpstreamServer nextAfter(UpstreamServer failed) {
        int count = servers.size();
        long now = clockNanos.getAsLong();
        int oldest = failed.index();
        for (int i = 1; i < count; i++) {
            int index = (failed.index() + i) % count;
            if (backoffs.get(index).admits(now)) {
                return servers.get(index);
            }
            if (oldest == failed.index() || backoffs.get(index).compareLastFailure(backoffs.get(oldest)) < 0) {
                oldest = index;
            }
        }
        return servers.get(oldest);
    }

    void connected(UpstreamServer server) {
        if (backoffs.get(server.index()).connected()) {
            LOG.info("upstream {}: server {} can be connected to again", upstream, server.address());
        }
    }

    /**
     * A connect has failed.
     *
     * @param startedNanos when it began
     */
    void failed(UpstreamServer server, long startedNanos, Throwable cause) {
        if (servers.size() == 1 || !Backoff.isTheServers(cause)) {
            return;
        }
        if (backoffs.get(server.index()).failed(startedNanos, clockNanos.getAsLong())) {
            leftOut.get(server.index()).increment();
            LOG.warn(
                    "upstream {}: server {} is left out; it is tried again after {} s, then less often, up to every {} s: {}",
                    upstream,
                    server.address(),
                    TimeUnit.NANOSECONDS.toSeconds(Backoff.FIRST_DELAY_NANOS),
                    TimeUnit.NANOSECONDS.toSeconds(Backoff.LONGEST_DELAY_NANOS),
                    cause.getMessage());
        }
    }
}
