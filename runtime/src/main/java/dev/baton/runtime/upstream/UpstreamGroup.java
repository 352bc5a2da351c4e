package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ServerAddress;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.upstream.Upstreams.Inherited;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** One upstream of the configuration: its servers in turn, and the connections of each profile of each plugin. */
final class UpstreamGroup {
    private final String name;
    private final UpstreamConfig config;
    private final TakeoverPolicy policy;
    private final UpstreamEnv env;
    private final UpstreamCounters counters;
    private final Consumer<ServerPool> opened;
    private final LiveServers servers;
    private final Map<Profile, PooledConnections> profiles = new ConcurrentHashMap<>();

    /**
     * Without connections.
     *
     * @param opened is told of each pool
     */
    UpstreamGroup(
            String name,
            UpstreamConfig config,
            TakeoverPolicy policy,
            Balancer balancer,
            UpstreamEnv env,
            Consumer<ServerPool> opened) {
        this.opened = opened;
        this.name = name;
        this.config = config;
        this.policy = policy;
        this.env = env;
        this.counters = UpstreamCounters.of(name, env.metrics());
        List<LiveServer> live = new ArrayList<>();
        for (ServerConfig each : config.servers()) {
            live.add(live(new UpstreamServer(each.address(), live.size()), each.weight()));
        }
        this.servers = new LiveServers(name, live, balancer, this::nanoTime);
    }

    private LiveServer live(UpstreamServer server, int weight) {
        ServerLocator locator = new ServerLocator(server.address(), env);
        locator.watch(this::follow);
        return new LiveServer(
                server,
                locator,
                ConnectionLimit.of(name, server, config, env.loops(), env.metrics()),
                weight,
                this::nanoTime,
                LiveServers.leftOutCounter(env.metrics(), name, server.address()));
    }

    /** By the clock of the loops' timers, which is one for all. */
    private long nanoTime() {
        Loop current = env.loops().current();
        Loop any = current == null ? env.loops().all().get(0) : current;
        return any.eventLoop().ticker().nanoTime();
    }

    /** The upstream as one plugin uses it: its connections are counted for that plugin. */
    Upstream forPlugin(String plugin) {
        return new ForPlugin(this, plugin);
    }

    private PooledConnections connections(Profile profile, ChannelHandler initializer, boolean bare) {
        return profiles.computeIfAbsent(profile, absent -> {
            List<ServerPool> pools = new ArrayList<>();
            for (LiveServer live : servers.all()) {
                UpstreamServer server = live.server();
                PoolSpec spec = new PoolSpec(
                        name,
                        server.address(),
                        profile.name(),
                        config.pool().idleMax(),
                        config.pool().idleTimeout(),
                        config.pool().sharing(),
                        env.loops());
                EndpointPools idle = new EndpointPools(live.locator(), () -> policy.open(spec));
                ConnectionLimit limit = live.limit();
                ServerPool pool = new ServerPool(
                        live, idle, env, counters, config.proxyProtocol().isEmpty());
                pools.add(pool);
                if (limit != null) {
                    limit.add(pool);
                }
                opened.accept(pool);
            }
            return new PooledConnections(
                    name,
                    profile.plugin(),
                    initializer,
                    bare,
                    pools,
                    servers,
                    config.connectTimeout().toNanos(),
                    config.proxyProtocol().orElse(null),
                    env,
                    counters);
        });
    }

    /** The addresses of a server have changed: lets go of connections to those that are gone. Not on a loop. */
    private void follow() {
        for (PooledConnections connections : profiles.values()) {
            for (UpstreamServer server : servers.listed()) {
                connections.pool(server.index()).idle().follow();
            }
        }
    }

    /** Whether any server is a listener of this process. */
    boolean hasListeners() {
        return config.servers().stream()
                .anyMatch(server -> ServerAddress.listener(server.address()).isPresent());
    }

    /** A row for each server, over all profiles. */
    void snapshot(List<PoolSnapshot> rows) {
        for (UpstreamServer server : servers.listed()) {
            int idle = 0;
            int open = 0;
            long connects = 0;
            long local = 0;
            long takeover = 0;
            long refused = 0;
            for (PooledConnections connections : profiles.values()) {
                ServerPool pool = connections.pool(server.index());
                PoolFigures figures = pool.idle().figures();
                idle += figures.idle();
                open += pool.open();
                connects += pool.connects();
                local += figures.reusesLocal();
                takeover += figures.reusesTakeover();
                refused += figures.takeoversRefused();
            }
            // Read one after the other, so that a connection may be seen idle that was not seen open.
            int inUse = Math.max(0, open - idle);
            ConnectionLimit limit = servers.all().get(server.index()).limit();
            int waiting = limit == null ? 0 : limit.waiting();
            rows.add(
                    new PoolSnapshot(name, server.address(), idle, inUse, connects, local, takeover, refused, waiting));
        }
    }

    // ---- to and from another process ------------------------------------------------------------------------------

    /** See {@link Upstreams#give}. */
    void give(BatonLoop loop, Predicate<IdleConnection> taker) {
        profiles.forEach((profile, connections) -> {
            for (UpstreamServer server : servers.listed()) {
                // A listener of this process ends with it, and so does everything that it has accepted.
                if (connections.isBare()
                        && ServerAddress.listener(server.address()).isEmpty()) {
                    connections.pool(server.index()).give(loop, name, server.address(), profile, taker);
                }
            }
        });
    }

    /** See {@link Upstreams#receive}. */
    boolean receive(IdleConnection idle, SocketAddress peer, BatonLoop loop, Inherited channels) {
        PooledConnections connections = connectionsOf(idle);
        if (connections == null || !connections.isBare()) {
            return false;
        }
        for (UpstreamServer server : servers.listed()) {
            if (server.address().equals(idle.server())
                    && ServerAddress.listener(server.address()).isEmpty()
                    && servers.all().get(server.index()).locator().isAt(peer)) {
                connections.receive(server, idle, peer, loop, channels);
                return true;
            }
        }
        return false;
    }

    /** Null if there are none, or if an older process did not say whose they are and two plugins could be meant. */
    private @Nullable PooledConnections connectionsOf(IdleConnection idle) {
        if (!idle.plugin().isEmpty()) {
            return profiles.get(new Profile(idle.plugin(), idle.profile()));
        }
        PooledConnections found = null;
        for (Map.Entry<Profile, PooledConnections> each : profiles.entrySet()) {
            if (each.getKey().name().equals(idle.profile())) {
                if (found != null) {
                    return null;
                }
                found = each.getValue();
            }
        }
        return found;
    }

    /** Closes what is idle; what is in use is closed when it is released. */
    void close() {
        for (PooledConnections connections : profiles.values()) {
            for (UpstreamServer server : servers.listed()) {
                connections.pool(server.index()).idle().close();
            }
        }
    }

    /** The upstream in the eyes of one plugin. */
    private record ForPlugin(UpstreamGroup group, String plugin) implements Upstream {
        @Override
        public String name() {
            return group.name;
        }

        @Override
        public List<UpstreamServer> servers() {
            return group.servers.listed();
        }

        @Override
        public UpstreamServer next() {
            return group.servers.next(RequestFacts.NONE);
        }

        @Override
        public UpstreamServer next(RequestFacts request) {
            return group.servers.next(request);
        }

        @Override
        public UpstreamServer nextAfter(UpstreamServer failed) {
            return group.servers.nextAfter(failed);
        }

        @Override
        public void answered(UpstreamServer server, long nanos) {
            LiveServer live = group.servers.find(server);
            if (live != null) {
                live.answered(nanos);
            }
        }

        @Override
        public UpstreamConnections connections(String profile, ChannelHandler initializer) {
            return connections(profile, initializer, false);
        }

        @Override
        public UpstreamConnections connections(String profile, ChannelHandler initializer, boolean bare) {
            return group.connections(new Profile(plugin, profile), initializer, bare);
        }
    }
}
