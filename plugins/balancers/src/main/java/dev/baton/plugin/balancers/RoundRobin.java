package dev.baton.plugin.balancers;

import dev.baton.spi.Configured;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.ServerChoice;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Each server in its turn, as often as its weight says. Cost: one atomic increment. */
final class RoundRobin implements Balancer {
    /** Lives as long as the upstream: whenever servers change, the first would get the next request otherwise. */
    private final AtomicInteger turn = new AtomicInteger();

    /** Makes one for each upstream. */
    static final class Factory implements Configured<NoKeys, Balancer> {
        @Override
        public Balancer create(NoKeys config) {
            return new RoundRobin();
        }
    }

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        Schedule schedule = Schedule.of(servers);
        return request -> schedule.at(turn.getAndIncrement());
    }
}
