package dev.baton.runtime.upstream;

import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.ServerChoice;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Each server in its turn, whatever its weight: what replaces a balancer that fails, and what tests need no plugin for.
 */
public final class InTurn implements Balancer {
    private final AtomicInteger turn = new AtomicInteger();

    /** The first server is the first. */
    public InTurn() {}

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        int count = servers.size();
        return request -> Math.floorMod(turn.getAndIncrement(), count);
    }
}
