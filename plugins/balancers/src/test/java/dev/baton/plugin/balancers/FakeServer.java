package dev.baton.plugin.balancers;

import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.UpstreamServer;

/** A server whose figures a test sets. */
final class FakeServer implements BalancedServer {
    private final UpstreamServer server;
    private final int weight;
    int inFlight;
    long latencyNanos;

    FakeServer(int index, int weight) {
        this.server = new UpstreamServer("10.0.0." + index + ":80", index);
        this.weight = weight;
    }

    @Override
    public UpstreamServer server() {
        return server;
    }

    @Override
    public int weight() {
        return weight;
    }

    @Override
    public int inFlight() {
        return inFlight;
    }

    @Override
    public long latencyNanos() {
        return latencyNanos;
    }
}
