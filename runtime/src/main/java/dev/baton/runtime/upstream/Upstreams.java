package dev.baton.runtime.upstream;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.config.ServerAddress;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.config.Words;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.UpstreamSnapshot;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import dev.baton.spi.upstream.Balancer;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All upstreams of the configuration. */
@AnyThread
public final class Upstreams {
    private final Map<String, UpstreamGroup> groups = new TreeMap<>();
    private final HostNames names;
    /** The last one that is over, by its number. */
    private volatile int reload;

    /**
     * Makes them; connects to nothing, but looks the names of servers up.
     *
     * @param configured by name
     * @param policies finds a takeover policy by its name in the configuration
     * @param balancers makes a balancer, for one upstream, by its name in the configuration
     * @throws IllegalArgumentException if a server's address cannot be read
     */
    public Upstreams(
            Map<String, UpstreamConfig> configured,
            Function<Variant, TakeoverPolicy> policies,
            Function<Variant, Balancer> balancers,
            UpstreamEnv env) {
        names = env.names();
        IdleConnections idle = new IdleConnections(env.loops());
        configured.forEach((name, config) -> groups.put(
                name,
                new UpstreamGroup(
                        name,
                        config,
                        policies.apply(config.pool().policy()),
                        balancers.apply(config.balance()),
                        env,
                        idle)));
        env.fds().idle(idle);
    }

    /**
     * What a service uses of them.
     *
     * @param plugin its plugin, which its connections are counted for
     * @param reload the reload in which it is made, by its number in this process; 0 at the start
     */
    public UpstreamUse use(String plugin, int reload) {
        return new UpstreamUse(this, plugin, reload);
    }

    /** From now on idle connections of another process go to services that were made in a reload, or before it. */
    public void reloaded(int number) {
        reload = number;
    }

    /**
     * One of them.
     *
     * @throws NoSuchElementException if there is none of this name; says which there are
     */
    UpstreamGroup group(String name) {
        UpstreamGroup group = groups.get(name);
        if (group == null) {
            throw new NoSuchElementException(
                    "no upstream '" + name + "'" + Words.suggestion(name, groups.keySet(), "there are none"));
        }
        return group;
    }

    /** One of them; null if there is none of this name. */
    @Nullable
    UpstreamGroup find(String name) {
        return groups.get(name);
    }

    /**
     * Has another version of a plugin choose servers or keep idle connections of an upstream.
     *
     * @param bound its configuration, which says the same as before
     * @param keeps null to keep them as before
     * @param chooses null to choose as before
     */
    public void replace(String name, UpstreamConfig bound, @Nullable TakeoverPolicy keeps, @Nullable Balancer chooses) {
        group(name).replace(bound, keeps, chooses);
    }

    /** Every loop has ended the callback that it was in at the last {@link #replace}. */
    public void settle() {
        groups.values().forEach(UpstreamGroup::settle);
    }

    /** What an operator sees, by name. */
    public List<UpstreamSnapshot> overview() {
        return groups.values().stream().map(UpstreamGroup::overview).toList();
    }

    /** What is not as the configuration says. */
    List<ServerChange> changes() {
        List<ServerChange> changes = new ArrayList<>();
        groups.values().forEach(group -> group.changes(changes));
        return changes;
    }

    /** The servers that are down by their checks: for the process after this one. */
    public List<ServerDown> downs() {
        List<ServerDown> downs = new ArrayList<>();
        groups.values().forEach(group -> group.downs(downs));
        return downs;
    }

    /**
     * Takes over that the process before has found a server down, before this one serves: it gets no requests until
     * checks of this process say that it is up. Without such a server, or without checks, that means nothing.
     */
    public void assumeDown(ServerDown down) {
        UpstreamGroup group = groups.get(down.upstream());
        if (group != null) {
            group.assumeDown(down);
        }
    }

    /**
     * How many fds of this process one connection to an upstream takes: 2 where both ends of it are here.
     *
     * @throws NoSuchElementException if there is no upstream of this name
     */
    public int fdsPerConnection(String name) {
        return group(name).hasListeners() ? 2 : 1;
    }

    /** A row for each server, by upstream and place. */
    public List<PoolSnapshot> snapshot() {
        List<PoolSnapshot> rows = new ArrayList<>();
        groups.values().forEach(group -> group.snapshot(rows));
        return rows;
    }

    /** Makes channels of connections that another process has opened; the caller is the holder then. */
    @FunctionalInterface
    public interface Inherited {
        /**
         * Makes one, on the loop's thread.
         *
         * @param plugin the plugin that its callbacks are counted for
         */
        MovableStreamChannel make(String plugin, BatonLoop loop, int number, SocketAddress peer);
    }

    /**
     * Gives idle connections to another process, on a loop's thread: its own and, where they are shared, others', a
     * turn's worth of each pool. Those that may not be without their handlers stay, and those to listeners of this
     * process, which end with it. One that has bytes to be read is closed, as it would be in the pool.
     *
     * @param taker is given each, whose number is its own from there on; false stops
     */
    @OnLoop
    public void give(BatonLoop loop, Predicate<IdleConnection> taker) {
        groups.values().forEach(group -> group.give(loop, taker));
    }

    /**
     * Takes an idle connection of another process into the pool that it belongs to, on a loop's thread.
     *
     * @param peer who it is connected to, as the kernel tells it
     * @param channels makes the channel
     * @return false if there is no such pool, or it is not connected to an address of that server: the number is still
     *     the caller's
     */
    @OnLoop
    public boolean receive(IdleConnection idle, SocketAddress peer, BatonLoop loop, Inherited channels) {
        UpstreamGroup group = groups.get(idle.upstream());
        return group != null && group.receive(idle, peer, loop, channels, reload);
    }

    /**
     * Whether there are connections like those that belong to a place.
     *
     * @param made the reload in which the service was made that is to use them, or a later one
     */
    public boolean has(Place place, int made) {
        UpstreamGroup group = groups.get(place.upstream());
        return group != null && group.has(place, made);
    }

    /**
     * Where a connection in use belongs, for another process.
     *
     * @return null if it cannot go there: no upstream has opened it, it speaks TLS, or it leads to a listener of this
     *     process
     */
    @OnLoop
    public static @Nullable Place placeOf(MovableChannel connection) {
        Place place = ServerPool.placeOf(connection);
        return place == null || ServerAddress.listener(place.server()).isPresent() ? null : place;
    }

    /** Counts a packed connection: see {@link Companions#hold}. */
    public Runnable hold(Place place) {
        UpstreamGroup group = groups.get(place.upstream());
        return group == null ? UpstreamGroup.NOTHING_HELD : group.hold(place);
    }

    /**
     * Makes a packed connection in use one of these: see {@link Companions#unpack}.
     *
     * @param peer who it is connected to, as the kernel tells it
     * @param channels makes the channel
     * @param made as for {@link #has}
     */
    @OnLoop
    public MovableStreamChannel unpack(
            PackedCompanion companion, SocketAddress peer, BatonLoop loop, Inherited channels, int made)
            throws IOException {
        return group(companion.of().upstream()).unpack(companion, peer, loop, channels, made);
    }

    /** Closes what is idle; what is in use is closed when it is released. */
    public void close() {
        names.close();
        groups.values().forEach(UpstreamGroup::close);
    }
}
