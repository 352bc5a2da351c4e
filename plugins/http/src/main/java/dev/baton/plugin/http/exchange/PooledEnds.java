package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;

/** Ends that are a whole connection each, which the upstream keeps between two exchanges. */
public final class PooledEnds implements UpstreamEnds {
    /** From this attempt on the connection is a new one: the idle ones may all be dead. */
    private static final int FRESH_ATTEMPT = 2;

    private final UpstreamConnections connections;

    /** Those of one upstream, whose handler is an {@link UpstreamEnd}. */
    public PooledEnds(UpstreamConnections connections) {
        this.connections = connections;
    }

    @Override
    public UpstreamConnections connections() {
        return connections;
    }

    @Override
    public void ask(Exchange exchange, UpstreamServer server, Loop loop, Taker taker) {
        while (exchange.attempts < FRESH_ATTEMPT && exchange.retries == 0) {
            MovableChannel idle = connections.take(server, loop);
            if (idle == null) {
                break;
            }
            try {
                UpstreamEnd taken = Forwarder.endOf(idle);
                if (taken != null && taker.begin(exchange, taken, true)) {
                    return;
                }
                exchange.attempts++;
            } finally {
                idle.leave();
            }
        }
        connections.connect(server, loop, exchange.downstream().channel(), exchange);
    }
}
