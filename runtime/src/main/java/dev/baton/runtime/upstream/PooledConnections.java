package dev.baton.runtime.upstream;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.channel.PackedSocket;
import dev.baton.runtime.config.ProxyVersion;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Tenant;
import dev.baton.runtime.tls.ClientOffer;
import dev.baton.runtime.upstream.Upstreams.Inherited;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.spi.upstream.WaitingConnect;
import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connections of one profile to all servers of one upstream. */
final class PooledConnections implements UpstreamConnections {
    private static final Logger LOG = LoggerFactory.getLogger(PooledConnections.class);

    private final String upstream;
    private final Profile profile;
    private final ChannelHandler initializer;
    private final boolean bare;
    private final int number;
    private final LiveServers servers;
    private final long connectTimeoutNanos;
    /** The header that each connection begins with; null if none is sent. */
    private final @Nullable ProxyVersion header;

    /** What is offered in TLS handshakes; null without TLS. */
    private final @Nullable ClientOffer offer;

    private final UpstreamEnv env;
    private final UpstreamCounters counters;
    /** Services that serve with them. Guarded by the group's lock, as is the next one. */
    private int users;
    /** Services that were replaced, and may still have some of them in use. */
    private int retired;
    /** No service serves with them, and one was replaced that has. Any thread reads it. */
    private volatile boolean replaced;

    /**
     * Without connections.
     *
     * @param number of the profile: its place in each {@link LiveServer}
     */
    PooledConnections(
            String upstream,
            Profile profile,
            ChannelHandler initializer,
            boolean bare,
            int number,
            LiveServers servers,
            long connectTimeoutNanos,
            @Nullable ProxyVersion header,
            @Nullable ClientOffer offer,
            UpstreamEnv env,
            UpstreamCounters counters) {
        this.upstream = upstream;
        this.profile = profile;
        this.initializer = initializer;
        this.bare = bare;
        this.number = number;
        this.servers = servers;
        this.connectTimeoutNanos = connectTimeoutNanos;
        this.header = header;
        this.offer = offer;
        this.env = env;
        this.counters = counters;
    }

    /** The connections to a server; null if it was removed and forgotten. */
    private @Nullable ServerPool pool(UpstreamServer server) {
        LiveServer live = servers.find(server);
        return live == null ? null : pool(live);
    }

    /** The connections to a server; null if it was removed before these were made, or these are forgotten. */
    @Nullable
    @SuppressWarnings("ReferenceEquality") // another profile may have got the number
    ServerPool pool(LiveServer server) {
        ServerPool pool = server.pool(number);
        return pool == null || pool.profile() != profile ? null : pool;
    }

    /** What is offered in TLS handshakes; null without TLS. */
    @Nullable
    ClientOffer offer() {
        return offer;
    }

    /** Whether an idle connection is nothing but a socket, which any client may use. */
    boolean isBare() {
        return bare && header == null && offer == null;
    }

    /**
     * Makes an idle connection of another process one of these. On the loop; throws nothing, and the number is closed
     * at worst.
     */
    void receive(ServerPool pool, IdleConnection idle, SocketAddress peer, BatonLoop loop, Inherited channels) {
        MovableStreamChannel channel = channels.make(profile.plugin(), loop, idle.number(), peer);
        try {
            channel.pipeline().addLast(initializer);
            loop.register(channel);
            pool.receive(channel, peer, loop, Duration.ofMillis(idle.idleMillis()));
        } catch (Throwable t) {
            LOG.warn("{} cannot be taken over from the old process", channel, t);
            channel.close();
        } finally {
            channel.leave();
        }
    }

    /**
     * Makes a connection in use of another process one of these. On the loop, which holds a claim on it then.
     *
     * @throws RuntimeException if it cannot be set up; the number is closed then
     */
    MovableStreamChannel receiveInUse(
            ServerPool pool, PackedSocket socket, SocketAddress peer, BatonLoop loop, Inherited channels) {
        MovableStreamChannel channel = channels.make(profile.plugin(), loop, socket.number(), peer);
        boolean done = false;
        try {
            channel.pipeline().addLast(initializer);
            loop.register(channel);
            channel.sendFirst(socket.unsent());
            pool.receiveInUse(channel, peer, loop);
            done = true;
            return channel;
        } finally {
            if (!done) {
                channel.close();
                channel.leave();
            }
        }
    }

    Profile profile() {
        return profile;
    }

    /** The profile's place in each {@link LiveServer}. */
    int number() {
        return number;
    }

    // ---- who uses them; see UpstreamUse -----------------------------------------------------------------------------

    /** One more service serves with them. */
    void used() {
        users++;
        changed();
    }

    /** One of these was replaced. */
    void retired() {
        users--;
        retired++;
        changed();
    }

    /** One of those does nothing any longer. */
    void released() {
        retired--;
        changed();
    }

    private void changed() {
        replaced = users == 0 && retired > 0;
    }

    /** Whether a service serves with them. */
    boolean isUsed() {
        return users > 0;
    }

    /** Whether those that have served with them were replaced. */
    boolean isRetired() {
        return replaced;
    }

    /** Whether no service has anything to do with them. */
    boolean isForgettable() {
        return users == 0 && retired == 0;
    }

    // ---- taking and giving back -------------------------------------------------------------------------------------

    @Override
    public @Nullable MovableChannel take(UpstreamServer server, Loop loop) {
        ServerPool pool = pool(server);
        if (pool == null) {
            return null;
        }
        Tenant asking = asking(pool, loop); // before the take, which enters another connection
        ConnectionLimit limit = pool.limit();
        if (limit != null && limit.isWaitedFor()) {
            return null; // what is idle is theirs, whose turn is first
        }
        ServerPool.Member member = pool.take(loop);
        if (member == null) {
            if (limit != null) {
                limit.rested(); // it may have put back what was busy
            }
            return null;
        }
        reused(member, loop);
        isFor(asking, member.channel());
        return member.channel();
    }

    /**
     * The service that asks for a connection, if its share is measured: what the connection does counts for it, and it
     * lives where that service does. A connection of HTTP/2 serves many at a time, and is nobody's.
     */
    private static @Nullable Tenant asking(ServerPool pool, Loop loop) {
        return loop instanceof BatonLoop asked && !pool.isMultiplexed()
                ? asked.occupants().tenant()
                : null;
    }

    private static void isFor(@Nullable Tenant tenant, MovableChannel connection) {
        if (connection instanceof MovableStreamChannel channel) {
            channel.tenant(tenant);
        }
    }

    /** Tells of a connection that it is a tenant's when it is open. */
    private record ForTenant(Tenant tenant, ConnectHandler handler) implements ConnectHandler {
        @Override
        public void waits(WaitingConnect wait) {
            handler.waits(wait);
        }

        @Override
        public void connected(MovableChannel connection) {
            isFor(tenant, connection);
            handler.connected(connection);
        }

        @Override
        public void failed(Throwable cause) {
            handler.failed(cause);
        }
    }

    /** Counts a connection that is used again. */
    void reused(ServerPool.Member member, Loop loop) {
        Counter reuses = member.changesTo(loop) ? counters.reusesTakeover() : counters.reusesLocal();
        reuses.increment();
    }

    @Override
    public void connect(UpstreamServer server, Loop loop, ConnectHandler handler) {
        connect(server, loop, header == null ? null : ProxyHeader.of(header, null), handler);
    }

    @Override
    public void connect(UpstreamServer server, Loop loop, MovableChannel client, ConnectHandler handler) {
        connect(server, loop, header == null ? null : ProxyHeader.of(header, client.facts()), handler);
    }

    private void connect(UpstreamServer server, Loop loop, byte @Nullable [] firstBytes, ConnectHandler handler) {
        ServerPool pool = pool(server);
        if (pool == null || !pool.server().isConnectable()) {
            counters.connectFailures().increment();
            handler.failed(
                    pool == null
                            ? new ConnectException("upstream " + upstream + " has no server that may be asked")
                            : new ServerClosedException(pool.server()));
            return;
        }
        Tenant asking = asking(pool, loop);
        ConnectHandler told = asking == null ? handler : new ForTenant(asking, handler);
        ConnectionLimit limit = pool.limit();
        if (limit == null) {
            open(pool, loop, firstBytes, told);
        } else {
            limit.connect(new QueuedConnect(this, limit, pool, loop, firstBytes, told));
        }
    }

    /** Opens a connection, which has a place if the server has a limit. */
    void open(ServerPool pool, Loop loop, byte @Nullable [] firstBytes, ConnectHandler handler) {
        Opening outcome = new Opening(pool, handler, nanoTime(loop));
        LiveServer server = pool.server();
        server.began(); // ends with the connection's use, or with the failure
        try {
            new ConnectAttempt(
                            env,
                            profile.plugin(),
                            server,
                            loop,
                            firstBytes,
                            offer,
                            initializer,
                            connectTimeoutNanos,
                            outcome)
                    .start();
        } catch (Throwable t) { // for example short of memory: a place would be lost
            if (outcome.told) {
                throw t;
            }
            outcome.failed(new IOException("cannot connect to " + server + ": " + t, t), null);
        }
    }

    private static long nanoTime(Loop loop) {
        return loop.eventLoop().ticker().nanoTime();
    }

    /** What becomes of an attempt. */
    private final class Opening implements ConnectAttempt.Outcome {
        private final ServerPool pool;
        private final ConnectHandler handler;
        private final long startedNanos;
        /** Read where the attempt was started, if that throws. */
        private boolean told;

        Opening(ServerPool pool, ConnectHandler handler, long startedNanos) {
            this.pool = pool;
            this.handler = handler;
            this.startedNanos = startedNanos;
        }

        @Override
        public void connected(MovableChannel channel, Endpoint to) {
            told = true;
            Loop loop = channel.loop();
            pool.join(channel, to, loop);
            counters.connects().increment();
            pool.server().connected(nanoTime(loop) - startedNanos);
            servers.connected(pool.server());
            tell(handler, channel);
        }

        @Override
        public void failed(Throwable cause, @Nullable MovableChannel last) {
            told = true;
            pool.server().ended();
            counters.connectFailures().increment();
            servers.failed(pool.server(), startedNanos, cause);
            pool.failed(last);
            handler.failed(cause);
        }
    }

    /** Tells a handler of its connection. Under a claim. */
    static void tell(ConnectHandler handler, MovableChannel channel) {
        try {
            handler.connected(channel);
        } catch (Throwable t) { // only this knows of the connection
            channel.pipeline().fireExceptionCaught(t);
            channel.close();
        }
    }

    @Override
    public void release(MovableChannel connection) {
        isFor(null, connection);
        ServerPool.member(connection).release();
    }

    @Override
    public boolean carries(MovableChannel connection, int exchanges) {
        return ServerPool.member(connection).carries(exchanges);
    }

    @Override
    public boolean isWaitedFor(MovableChannel connection) {
        return ServerPool.member(connection).isWaitedFor();
    }

    @Override
    public boolean share(MovableChannel connection) {
        return ServerPool.member(connection).share();
    }
}
