package __package__;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.ServerChoice;
import java.util.List;

/**
 * The first server that has room; the last one if none has. One for each upstream. Cost: O(servers).
 */
final class __Name__Balancer implements Balancer {
    private final Keys keys;

    /**
     * The keys of the configuration.
     *
     * @param requests how many requests in flight fill a server
     */
    record Keys(@Default("10") @Range(min = "1", max = "1000000") int requests) {}

    /** Makes one for each upstream. */
    static final class Factory implements Configured<Keys, Balancer> {
        @Override
        public Balancer create(Keys keys) {
            return new __Name__Balancer(keys);
        }
    }

    __Name__Balancer(Keys keys) {
        this.keys = keys;
    }

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        BalancedServer[] all = servers.toArray(BalancedServer[]::new);
        return request -> firstWithRoom(all);
    }

    private int firstWithRoom(BalancedServer[] all) {
        int index = 0;
        while (index < all.length - 1 && all[index].inFlight() >= keys.requests()) {
            index++;
        }
        return index;
    }
}
