package dev.baton.plugin.balancers;

import dev.baton.spi.Configured;
import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The same server for the same key, as long as that server may be asked; when servers come or go, only the keys that
 * they get or had move. Each server has a score for each key, and the highest wins (rendezvous hashing, Thaler and
 * Ravishankar 1998), so that shares are as even as the hash, and there is no table to rebuild. Scores depend on the
 * servers' addresses only: every process of one configuration chooses alike. Requests without the key go to the servers
 * in turn. Cost: O(servers).
 */
final class ConsistentHash implements Balancer {
    private static final double UNIT = 0x1p-53;
    private static final long FNV_BASIS = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private final Key key;
    private final AtomicInteger turn = new AtomicInteger();

    private static final long NO_KEY = 0;

    /** What of a request decides. */
    @FunctionalInterface
    private interface Key {
        /** Its hash; {@link #NO_KEY} if the request has none. */
        long of(RequestFacts request);
    }

    private ConsistentHash(Key key) {
        this.key = key;
    }

    /** By the client's address, whatever its port. */
    static final class ByClient implements Configured<NoKeys, Balancer> {
        @Override
        public Balancer create(NoKeys config) {
            return new ConsistentHash(request ->
                    request.clientAddress() instanceof InetSocketAddress client && client.getAddress() != null
                            ? hash(client.getAddress())
                            : NO_KEY);
        }
    }

    /** By a field of the request's header. */
    static final class ByField implements Configured<FieldKeys, Balancer> {
        @Override
        public Balancer create(FieldKeys config) {
            return new ConsistentHash(request -> hash(request.field(config.field())));
        }
    }

    /** By a cookie. */
    static final class ByCookie implements Configured<CookieKeys, Balancer> {
        @Override
        public Balancer create(CookieKeys config) {
            return new ConsistentHash(request -> hash(request.cookie(config.cookie())));
        }
    }

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        long[] hashes = new long[servers.size()];
        int[] weights = new int[servers.size()];
        boolean alike = true;
        for (int i = 0; i < hashes.length; i++) {
            BalancedServer each = servers.get(i);
            hashes[i] = hash(each.server().address());
            weights[i] = each.weight();
            alike &= weights[i] == weights[0];
        }
        Schedule schedule = Schedule.of(servers);
        boolean even = alike;
        return request -> {
            long hash = key.of(request);
            if (hash == NO_KEY) {
                return schedule.at(turn.getAndIncrement());
            }
            return even ? highest(hash, hashes) : highest(hash, hashes, weights);
        };
    }

    private static int highest(long key, long[] servers) {
        int winner = 0;
        long highest = mix(key ^ servers[0]);
        for (int i = 1; i < servers.length; i++) {
            long score = mix(key ^ servers[i]);
            if (Long.compareUnsigned(score, highest) > 0) {
                winner = i;
                highest = score;
            }
        }
        return winner;
    }

    /**
     * As above with all weights alike: -weight / ln(x) rises with x, and its highest is i's with a chance of its share.
     */
    private static int highest(long key, long[] servers, int[] weights) {
        int winner = 0;
        double highest = 0;
        for (int i = 0; i < servers.length; i++) {
            double uniform = ((mix(key ^ servers[i]) >>> 11) + 0.5) * UNIT;
            double score = -weights[i] / Math.log(uniform);
            if (score > highest) {
                winner = i;
                highest = score;
            }
        }
        return winner;
    }

    /** FNV-1a over the characters, mixed: its own high bits are poor for short texts. */
    private static long hash(@Nullable String text) {
        if (text == null) {
            return NO_KEY;
        }
        long hash = FNV_BASIS;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * FNV_PRIME;
        }
        return mix(hash) | 1;
    }

    private static long hash(InetAddress address) {
        if (address instanceof Inet4Address) {
            return mix(address.hashCode()) | 1; // its 32 bits, without a copy
        }
        long hash = FNV_BASIS;
        for (byte each : address.getAddress()) {
            hash = (hash ^ each) * FNV_PRIME;
        }
        return mix(hash) | 1;
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long bits) {
        long mixed = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
