package dev.baton.plugin.balancers;

import dev.baton.spi.Configured;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.ServerChoice;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The better of two servers that are drawn at random: the one where the request is likely to be answered first, by the
 * latency of the last answers, the requests in flight and the weight. All requests do not run to the server that is the
 * fastest just now, and none of the loops waits for another. Cost: O(1).
 */
final class TwoChoices implements Balancer {

    /** Makes one for each upstream. */
    static final class Factory implements Configured<NoKeys, Balancer> {
        @Override
        public Balancer create(NoKeys config) {
            return new TwoChoices();
        }
    }

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        BalancedServer[] all = servers.toArray(BalancedServer[]::new);
        return request -> {
            ThreadLocalRandom random = ThreadLocalRandom.current();
            int one = random.nextInt(all.length);
            int other = random.nextInt(all.length - 1);
            other += other >= one ? 1 : 0;
            return isBetter(all[one], all[other]) ? one : other;
        };
    }

    /** One of which nothing is known counts as fast as the other: it is to be found out, but not to be flooded. */
    static boolean isBetter(BalancedServer one, BalancedServer other) {
        long mine = one.latencyNanos();
        long theirs = other.latencyNanos();
        double here = mine == 0 ? Math.max(1, theirs) : mine;
        double there = theirs == 0 ? here : theirs;
        return here * (one.inFlight() + 1) * other.weight() < there * (other.inFlight() + 1) * one.weight();
    }
}
