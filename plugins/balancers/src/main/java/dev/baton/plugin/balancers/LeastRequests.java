package dev.baton.plugin.balancers;

import dev.baton.spi.Configured;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.ServerChoice;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The server with the fewest requests in flight for its weight; of those with equally few, each in its turn. Cost:
 * O(servers).
 *
 * <p>Two loops that choose at the same moment may choose the same server, because a request counts only when it has its
 * connection. The next choice evens that out.
 */
final class LeastRequests implements Balancer {
    private final AtomicInteger turn = new AtomicInteger();

    /** Makes one for each upstream. */
    static final class Factory implements Configured<NoKeys, Balancer> {
        @Override
        public Balancer create(NoKeys config) {
            return new LeastRequests();
        }
    }

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        Schedule schedule = Schedule.of(servers);
        BalancedServer[] all = servers.toArray(BalancedServer[]::new);
        return request -> least(all, schedule.at(turn.getAndIncrement()));
    }

    private static int least(BalancedServer[] all, int first) {
        int least = first;
        long requests = all[first].inFlight();
        for (int i = 1; i < all.length && requests > 0; i++) {
            int index = (first + i) % all.length;
            long here = all[index].inFlight();
            if (here * all[least].weight() < requests * all[index].weight()) {
                least = index;
                requests = here;
            }
        }
        return least;
    }
}
