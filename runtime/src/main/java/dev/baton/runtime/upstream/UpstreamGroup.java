package dev.baton.runtime.upstream;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.ServerAddress;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.UpstreamTlsConfig;
import dev.baton.runtime.health.Health;
import dev.baton.runtime.health.HealthStatus;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.tls.ClientTls;
import dev.baton.runtime.upstream.Backoff.Limits;
import dev.baton.runtime.upstream.Upstreams.Inherited;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.UpstreamSnapshot;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.ServerState;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** One upstream of the configuration: its servers in turn, and the connections of each profile of each plugin. */
final class UpstreamGroup {
    /** Servers of one upstream: each change copies their list, and each has a dozen metrics. */
    static final int SERVERS_MAX = 1024;
    /** Gives back that nothing was held. */
    static final Runnable NOTHING_HELD = () -> {};
    /** A loop that is blocked for longer is not waited for: an operator wants an answer. */
    private static final Duration TURNS_MAX = Duration.ofSeconds(2);

    private final String name;
    /** Says the same for as long as the process runs; it has records of plugins, which may be reloaded. */
    private volatile UpstreamConfig config;

    private volatile TakeoverPolicy policy;
    private final UpstreamEnv env;
    private final UpstreamCounters counters;
    private final IdleConnections idle;
    /** Null if it has none. */
    private final @Nullable UpstreamChecks checks;
    /** Null if its servers do not speak TLS. */
    private final @Nullable ClientTls tls;

    private final LiveServers servers;
    private final FoundServers found;
    private final Map<Profile, PooledConnections> profiles = new ConcurrentHashMap<>();
    private final List<Consumer<String>> whenForgotten = new CopyOnWriteArrayList<>();
    /** By their numbers, null where one is free. Guarded by {@link #changing}. */
    private final List<@Nullable PooledConnections> numbered = new ArrayList<>();
    /** The index of the next server. Guarded by {@link #changing}. */
    private int nextIndex;
    /** One change of servers and profiles at a time; no request takes it. */
    private final Object changing = new Object();

    /**
     * Without connections.
     *
     * @param idle is told of each pool
     */
    UpstreamGroup(
            String name,
            UpstreamConfig config,
            TakeoverPolicy policy,
            Balancer balancer,
            UpstreamEnv env,
            IdleConnections idle) {
        this.idle = idle;
        this.name = name;
        this.config = config;
        this.policy = policy;
        this.env = env;
        this.counters = UpstreamCounters.of(name, env.metrics());
        this.tls = config.tls()
                .filter(UpstreamTlsConfig::enabled)
                .map(secured -> env.tls().client(name, secured))
                .orElse(null);
        this.checks = UpstreamChecks.of(name, config, tls, env, this::nanoTime);
        List<LiveServer> live = new ArrayList<>();
        for (ServerConfig each : config.servers()) {
            live.add(live(new UpstreamServer(each.address(), nextIndex++), false, each.weight()));
        }
        StickyCookie sticky =
                config.sticky().map(cookie -> new StickyCookie(name, cookie)).orElse(null);
        this.servers =
                new LiveServers(name, live, config.eject().share().hundredths(), balancer, this::nanoTime, sticky);
        this.found = new FoundServers(
                this, env.names(), live.stream().filter(LiveServer::isStandIn).toList());
        if (tls != null) {
            tls.whenReplaced(() -> servers.known().stream()
                    .flatMap(each -> each.pools().stream())
                    .forEach(each -> each.idle().renew()));
        }
        live.forEach(LiveServer::startCheck);
        found.start();
    }

    /**
     * A server that is not in the list yet.
     *
     * @param complete whether its name is complete
     */
    private LiveServer live(UpstreamServer server, boolean complete, int weight) {
        ServerMetrics metrics = metrics(server.address());
        ServerLocator locator = new ServerLocator(server.address(), complete, env);
        boolean standIn = locator.service() != null;
        LiveServer live = new LiveServer(
                server,
                locator,
                standIn ? null : ConnectionLimit.of(server, config, env.loops(), metrics),
                weight,
                this::nanoTime,
                new SlowStart(config.slowStart().orElse(null), env.names().timer(), this::changed),
                new Backoff(limits(config.eject()), config.connectTimeout().toNanos()),
                metrics.leftOut(),
                Ejections.of(name, server.address(), env.metrics()));
        locator.watch(() -> {
            live.follow();
            changed(); // it may have no address any longer, or one again
        });
        if (!standIn) {
            metrics.show(live);
            if (checks != null) {
                checks.addTo(live, () -> healthChanged(live));
            }
        }
        return live;
    }

    private void changed() {
        LiveServers all = servers;
        if (all != null) { // else the first selection is made later, with what is known then
            all.changed();
        }
    }

    private void healthChanged(LiveServer live) {
        if (!live.isDown()) {
            live.slowStart().begin();
        }
        changed();
    }

    private static Limits limits(EjectConfig eject) {
        return eject.mode() == EjectConfig.Mode.OFF
                ? Limits.CONNECTS
                : new Limits(eject.failures(), eject.errors(), eject.time().toNanos());
    }

    private ServerMetrics metrics(String server) {
        return new ServerMetrics(env.metrics(), name, server);
    }

    /**
     * By the clock of the loops' timers, which is one for all. When all loops have ended, by another: nothing is
     * measured then.
     */
    private long nanoTime() {
        Loop current = env.loops().current();
        if (current == null) {
            List<Loop> all = env.loops().all();
            if (all.isEmpty()) {
                return env.names().nanoTime();
            }
            current = all.get(0);
        }
        return current.eventLoop().ticker().nanoTime();
    }

    /**
     * Those of a profile.
     *
     * @param protocols what is offered in TLS handshakes; empty: what the configuration says
     * @param required whether a server must take one of these
     */
    PooledConnections connections(
            Profile profile, ChannelHandler initializer, boolean bare, List<String> protocols, boolean required) {
        synchronized (changing) {
            PooledConnections there = profiles.get(profile);
            if (there != null) {
                return there;
            }
            PooledConnections made = new PooledConnections(
                    name,
                    profile,
                    initializer,
                    bare,
                    freeNumber(),
                    servers,
                    config.connectTimeout().toNanos(),
                    config.proxyProtocol().orElse(null),
                    tls == null ? null : tls.offering(protocols, required),
                    env,
                    counters);
            if (made.number() == numbered.size()) {
                numbered.add(made);
            } else {
                numbered.set(made.number(), made);
            }
            servers.known().forEach(live -> open(live, made));
            profiles.put(profile, made); // after its pools
            return made;
        }
    }

    private int freeNumber() {
        int free = numbered.indexOf(null);
        return free < 0 ? numbered.size() : free;
    }

    /** Opens the pool of a profile of a server. */
    private void open(LiveServer live, PooledConnections of) {
        Profile profile = of.profile();
        PoolSpec spec = new PoolSpec(
                name,
                live.server().address(),
                profile.name(),
                config.pool().idleMax(),
                config.pool().idleTimeout(),
                config.pool().sharing(),
                env.loops());
        EndpointPools pools = new EndpointPools(live::restingPlaces, () -> policy.open(spec));
        ServerPool pool = new ServerPool(
                name,
                profile,
                live,
                pools,
                env,
                counters,
                config.proxyProtocol().isEmpty(),
                config.protocol() == UpstreamProtocol.HTTP_2,
                of.offer());
        ConnectionLimit limit = live.limit();
        if (limit != null) {
            limit.add(pool);
        }
        live.add(of.number(), pool);
        idle.add(pool);
        if (of.isRetired()) {
            pool.retire(); // its server is a new one, and nothing rests there any longer
        }
    }

    // ---- the services that use connections; see UpstreamUse ---------------------------------------------------------

    /** One more service serves with these. */
    void use(PooledConnections opened) {
        synchronized (changing) {
            opened.used();
        }
    }

    /** A service that has served with these was replaced. */
    void retire(PooledConnections opened) {
        synchronized (changing) {
            opened.retired();
            if (!opened.isUsed()) {
                pools(opened).forEach(ServerPool::retire);
            }
        }
    }

    /** How many are open of connections that no service serves with. */
    int openOfRetired(PooledConnections opened) {
        synchronized (changing) {
            return opened.isUsed()
                    ? 0
                    : pools(opened).stream().mapToInt(ServerPool::open).sum();
        }
    }

    /** A service that was replaced does nothing any longer. */
    void release(PooledConnections opened) {
        synchronized (changing) {
            opened.released();
            if (!opened.isForgettable()) {
                return;
            }
            profiles.remove(opened.profile());
            for (LiveServer each : servers.known()) {
                ServerPool gone = each.remove(opened.number());
                if (gone != null) {
                    idle.remove(gone);
                    ConnectionLimit limit = each.limit();
                    if (limit != null) {
                        limit.remove(gone);
                    }
                }
            }
            numbered.set(opened.number(), null);
        }
    }

    private List<ServerPool> pools(PooledConnections opened) {
        List<ServerPool> pools = new ArrayList<>();
        for (LiveServer each : servers.known()) {
            ServerPool pool = opened.pool(each);
            if (pool != null) {
                pools.add(pool);
            }
        }
        return pools;
    }

    void whenForgotten(Consumer<String> task) {
        whenForgotten.add(task);
    }

    void tellNoMore(Consumer<String> task) {
        whenForgotten.remove(task);
    }

    // ---- another version of a plugin --------------------------------------------------------------------------------

    /**
     * Has another version of a plugin choose servers or keep idle connections. What is idle is closed if it is kept by
     * another policy; what is in use is closed when it comes back.
     *
     * @param bound says the same as before
     * @param keeps null to keep them as before
     * @param chooses null to choose as before
     */
    void replace(UpstreamConfig bound, @Nullable TakeoverPolicy keeps, @Nullable Balancer chooses) {
        config = bound;
        if (chooses != null) {
            servers.balance(chooses);
        }
        if (keeps != null) {
            policy = keeps;
            pools().forEach(EndpointPools::renew);
        }
    }

    /** No thread is in what was replaced: nothing of it is kept. */
    void settle() {
        pools().forEach(EndpointPools::forgetClosed);
    }

    private List<EndpointPools> pools() {
        return servers.known().stream()
                .flatMap(each -> each.pools().stream())
                .map(ServerPool::idle)
                .toList();
    }

    // ---- changes at run time ----------------------------------------------------------------------------------------

    String name() {
        return name;
    }

    UpstreamProtocol protocol() {
        return config.protocol();
    }

    LiveServers servers() {
        return servers;
    }

    FoundServers found() {
        return found;
    }

    /** Those of an address that are not written in the configuration themselves, and were not removed. */
    List<LiveServer> found(String address) {
        return servers.named(address).stream()
                .filter(each -> each.index() >= config.servers().size())
                .toList();
    }

    /** Why no server of this address can be added, whatever is there already; empty if it can. */
    Optional<String> problem(String address) {
        return config.nameProblem(address);
    }

    /**
     * The weight of a server in the configuration, or by its SRV record if a name in the configuration has it; negative
     * if neither is.
     */
    int configured(String address) {
        for (ServerConfig each : config.servers()) {
            if (each.address().equals(address)) {
                return each.weight();
            }
        }
        return found.weight(address);
    }

    /**
     * Adds a server, which may be asked when this returns. Any thread but a loop's.
     *
     * @return null if there are as many as there may be
     * @throws IllegalArgumentException if its address cannot be read
     */
    @Nullable
    LiveServer add(String address, int weight) {
        LiveServer added = add(address, weight, true, live -> live.weight(weight));
        servers.changed();
        return added;
    }

    /**
     * The same for one of several: it may be asked after {@link LiveServers#changed}.
     *
     * @param slowly whether it begins with less than its share
     * @param prepare is given it before it may be asked
     */
    @Nullable
    LiveServer add(String address, int weight, boolean slowly, Consumer<LiveServer> prepare) {
        synchronized (changing) {
            if (servers.listed().size() >= SERVERS_MAX) {
                return null;
            }
            boolean complete = found.weight(address) >= 0;
            LiveServer added = live(new UpstreamServer(address, nextIndex), complete, weight);
            nextIndex++;
            for (PooledConnections each : numbered) {
                if (each != null) {
                    open(added, each);
                }
            }
            added.place(found.place(address));
            prepare.accept(added);
            if (slowly) {
                added.slowStart().begin();
            }
            servers.add(added); // after its pools
            added.startCheck();
            return added;
        }
    }

    /** Takes in what its record says of a server. Any thread but a loop's; {@link LiveServers#changed} must follow. */
    void record(String address, LiveServer.Place place, int weight) {
        synchronized (changing) {
            found(address).forEach(each -> {
                each.place(place);
                each.recordWeight(weight);
            });
        }
    }

    /** Changes the weight of a server. Any thread but a loop's. */
    void change(LiveServer server, int weight) {
        synchronized (changing) {
            server.weight(weight);
        }
        servers.changed();
    }

    /**
     * Changes what a server may do. No choice that begins afterwards is against it, and no connection rests there that
     * may not. Any thread but a loop's.
     *
     * @return false if it was removed
     */
    boolean change(LiveServer server, ServerState state) {
        synchronized (changing) {
            if (server.state() == ServerState.REMOVED) {
                return false;
            }
            boolean comesBack = state == ServerState.READY && server.state() != ServerState.READY;
            server.state(state);
            if (comesBack) {
                server.slowStart().begin();
            }
            if (state == ServerState.REMOVED) {
                server.closeCheck();
                servers.remove(server);
            } else {
                servers.changed();
            }
        }
        server.follow();
        if (state == ServerState.MAINTENANCE) {
            servers.known().stream()
                    .filter(each -> each.state() == ServerState.REMOVED && each.isAt(server))
                    .forEach(LiveServer::refuse);
            servers.known().stream().filter(each -> each.isAt(server)).forEach(UpstreamGroup::endWaits);
        } else if (state == ServerState.REMOVED) {
            LoopTurns.afterAll(env.loops(), () -> server.whenUnused(() -> forgetSoon(server)));
        }
        return true;
    }

    private static void endWaits(LiveServer server) {
        ConnectionLimit limit = server.limit();
        if (limit != null && !server.isConnectable()) {
            limit.closed();
        }
    }

    /**
     * Completes when every loop has ended the callback that it is in: with false if one has not for {@link #TURNS_MAX}.
     */
    CompletionStage<Boolean> settled() {
        CompletableFuture<Boolean> settled = new CompletableFuture<>();
        LoopTurns.afterAll(env.loops(), () -> settled.complete(true));
        env.names().timer().after(TURNS_MAX, () -> settled.complete(false));
        return settled;
    }

    /** Not on the loop that has closed the last connection. */
    private void forgetSoon(LiveServer removed) {
        env.names().timer().after(Duration.ZERO, () -> forget(removed));
    }

    private void forget(LiveServer removed) {
        String address = removed.server().address();
        boolean last;
        synchronized (changing) {
            if (!servers.known().contains(removed)) {
                return; // forgotten already: a very late request had one more connection
            }
            servers.forget(removed);
            removed.pools().forEach(idle::remove);
            last = servers.known().stream().noneMatch(each -> each.isAt(removed));
            if (last) {
                metrics(address).forget();
                servers.forgetSessions(address);
            }
        }
        removed.locator().close();
        if (last) {
            whenForgotten.forEach(task -> task.accept(address));
        }
    }

    /** What is not as the configuration says: for the process after this one. */
    void changes(List<ServerChange> changes) {
        for (UpstreamServer listed : servers.listed()) {
            LiveServer live = servers.find(listed);
            // The first indexes are those of the file, which may have an address twice.
            int configured = listed.index() < config.servers().size()
                    ? config.servers().get(listed.index()).weight()
                    : configured(listed.address());
            if (live != null && (live.state() != ServerState.READY || live.weight() != configured)) {
                changes.add(new ServerChange(name, listed.address(), live.state(), live.weight(), configured));
            }
        }
        for (ServerConfig each : config.servers()) {
            if (servers.find(each.address()) == null) {
                changes.add(new ServerChange(name, each.address(), ServerState.REMOVED, each.weight(), each.weight()));
            }
        }
        found.changes(changes);
    }

    /** Which servers are down by their checks: for the process after this one. */
    void downs(List<ServerDown> downs) {
        long now = nanoTime();
        for (UpstreamServer listed : servers.listed()) {
            LiveServer live = servers.find(listed);
            HealthStatus health = live == null ? null : live.health();
            if (health != null && health.health() == Health.DOWN) {
                long millis = TimeUnit.NANOSECONDS.toMillis(now - health.sinceNanos());
                downs.add(new ServerDown(name, listed.address(), Math.max(0, millis), health.lastFailure()));
            }
        }
    }

    /** The process before has found a server down. Any thread but a loop's. */
    void assumeDown(ServerDown down) {
        long since = nanoTime() - TimeUnit.MILLISECONDS.toNanos(down.millis());
        found.assumeDown(down.server(), since, down.failure());
        servers.named(down.server()).forEach(each -> each.assumeDown(since, down.failure()));
        servers.changed();
    }

    /** What an operator sees. */
    UpstreamSnapshot overview() {
        return new UpstreamSnapshot(name, config.balance().type(), ServerRows.of(servers.known(), nanoTime()));
    }

    /** Whether any server is a listener of this process. */
    boolean hasListeners() {
        return config.servers().stream()
                .anyMatch(server -> ServerAddress.listener(server.address()).isPresent());
    }

    /** A row for each server, over all profiles. */
    void snapshot(List<PoolSnapshot> rows) {
        ServerRows.addPools(name, servers.known(), rows);
    }

    // ---- to and from another process ------------------------------------------------------------------------------

    /** See {@link Upstreams#give}. */
    void give(BatonLoop loop, Predicate<IdleConnection> taker) {
        profiles.forEach((profile, connections) -> {
            for (LiveServer live : servers.known()) {
                String server = live.server().address();
                ServerPool pool = connections.pool(live);
                // A listener of this process ends with it, and so does everything that it has accepted.
                if (pool != null
                        && connections.isBare()
                        && ServerAddress.listener(server).isEmpty()) {
                    pool.give(loop, name, server, profile, taker);
                }
            }
        });
    }

    /** See {@link Upstreams#receive}. */
    boolean receive(IdleConnection idle, SocketAddress peer, BatonLoop loop, Inherited channels, int reload) {
        PooledConnections connections = connectionsOf(idle, reload);
        if (connections == null || !connections.isBare()) {
            return false;
        }
        LiveServer live = servers.find(idle.server());
        ServerPool pool = live == null ? null : connections.pool(live);
        if (pool == null
                || ServerAddress.listener(idle.server()).isPresent()
                || !pool.server().locator().isAt(peer)) {
            return false;
        }
        connections.receive(pool, idle, peer, loop, channels);
        return true;
    }

    /**
     * The connections of a plugin's profile, as a service has opened them that was made in a reload or last before, and
     * was not replaced since: the next version may have no such profile, and must not get handlers of this one.
     */
    private @Nullable PooledConnections newest(String plugin, String profile, int reload) {
        PooledConnections newest = null;
        for (PooledConnections each : profiles.values()) {
            Profile of = each.profile();
            if (of.plugin().equals(plugin)
                    && of.name().equals(profile)
                    && (of.reload() == reload || (of.reload() < reload && !each.isRetired()))
                    && (newest == null || newest.profile().reload() < of.reload())) {
                newest = each;
            }
        }
        return newest;
    }

    /** The connections of a place; null if there are none, or if they speak TLS. */
    private @Nullable ServerPool poolOf(Place place, @Nullable PooledConnections connections) {
        LiveServer live = servers.find(place.server());
        ServerPool pool = connections == null || live == null ? null : connections.pool(live);
        return pool == null
                        || pool.hasTls()
                        || ServerAddress.listener(place.server()).isPresent()
                ? null
                : pool;
    }

    /** See {@link Upstreams#has}. */
    boolean has(Place place, int reload) {
        return poolOf(place, newest(place.plugin(), place.profile(), reload)) != null;
    }

    /** See {@link Upstreams#hold}. */
    Runnable hold(Place place) {
        LiveServer live = servers.find(place.server());
        ConnectionLimit limit = live == null ? null : live.limit();
        if (limit == null) {
            return NOTHING_HELD;
        }
        limit.overdraw();
        return limit::freed;
    }

    /** See {@link Upstreams#unpack}. */
    MovableStreamChannel unpack(
            PackedCompanion companion, SocketAddress peer, BatonLoop loop, Inherited channels, int reload)
            throws IOException {
        Place place = companion.of();
        PooledConnections connections = newest(place.plugin(), place.profile(), reload);
        ServerPool pool = poolOf(place, connections);
        if (pool == null || connections == null) {
            throw new IOException("there are no connections to " + place.server() + " of upstream " + name);
        }
        return connections.receiveInUse(pool, companion.socket(), peer, loop, channels);
    }

    /** Null if there are none, or if an older process did not say whose they are and two plugins could be meant. */
    private @Nullable PooledConnections connectionsOf(IdleConnection idle, int reload) {
        if (!idle.plugin().isEmpty()) {
            return newest(idle.plugin(), idle.profile(), reload);
        }
        Set<String> plugins = profiles.keySet().stream()
                .filter(each -> each.name().equals(idle.profile()))
                .map(Profile::plugin)
                .collect(Collectors.toSet());
        return plugins.size() == 1 ? newest(plugins.iterator().next(), idle.profile(), reload) : null;
    }

    /** Closes what is idle; what is in use is closed when it is released. */
    void close() {
        for (LiveServer live : servers.known()) {
            live.closeCheck();
            live.pools().forEach(pool -> pool.idle().close());
        }
    }
}
