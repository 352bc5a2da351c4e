package dev.baton.simulation;

import dev.baton.plugin.takeover.ConnectionTakeover;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.runtime.upstream.InTurn;
import dev.baton.runtime.upstream.ServerChanges;
import dev.baton.runtime.upstream.UpstreamEnv;
import dev.baton.runtime.upstream.UpstreamUse;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.admin.ServerSnapshot;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An upstream of a world, wired as the runtime does it, and exchanges on it. */
final class App {
    private static final HostNames NO_NAMES = new HostNames(
            (host, reply) -> {
                throw new AssertionError("there are no names");
            },
            (delay, task) -> {},
            () -> 0);

    private final World world;
    private final Upstreams upstreams;
    private final Upstream upstream;
    private final UpstreamConnections connections;
    final Counts counts = new Counts();
    final List<MovableChannel> channels = new ArrayList<>();
    /** What an exchange found wrong with its connection; and those that are in use now. */
    final List<MovableChannel> inUse = new ArrayList<>();

    int failed;
    /** Runs when a connection is to be made, and when none came of it. */
    Runnable opening = () -> {};
    /** Is given the channel of each attempt to connect. */
    Consumer<MovableChannel> opened = channel -> {};

    Consumer<Throwable> failing = cause -> {};
    /** Runs whenever the upstream looks which loop is calling. */
    Runnable looks = () -> {};

    App(World world, int idleMax, Duration idleTimeout) {
        this(world, idleMax, idleTimeout, new FdBudget());
    }

    App(World world, int idleMax, Duration idleTimeout, FdBudget fds) {
        this(world, idleMax, idleTimeout, fds, "127.0.0.1:" + World.PORT, NO_NAMES);
    }

    /** One whose server has a name. */
    App(World world, String server, HostNames names) {
        this(world, 10, Duration.ofMinutes(1), new FdBudget(), server, names);
    }

    /** One whose server has a limit of connections. */
    App(World world, int maxConnections, Duration queueTimeout, int queue) {
        this(
                world,
                new UpstreamConfig(
                        List.of(new ServerConfig("127.0.0.1:" + World.PORT)),
                        Duration.ofSeconds(2),
                        Optional.empty(),
                        Optional.of(maxConnections),
                        queueTimeout,
                        queue,
                        Variant.of("round-robin"),
                        pool(10, Duration.ofMinutes(1))),
                new FdBudget(),
                NO_NAMES);
    }

    /** One with several servers on ports of this machine, which have a limit of connections each. */
    App(World world, List<Integer> ports, int maxConnections, Duration queueTimeout) {
        this(
                world,
                new UpstreamConfig(
                        ports.stream()
                                .map(port -> new ServerConfig("127.0.0.1:" + port))
                                .toList(),
                        Duration.ofSeconds(2),
                        Optional.empty(),
                        Optional.of(maxConnections),
                        queueTimeout,
                        100,
                        Variant.of("round-robin"),
                        pool(10, Duration.ofMinutes(1))),
                new FdBudget(),
                new HostNames(
                        (host, reply) -> {
                            throw new AssertionError("there are no names");
                        },
                        world.simulation().timer("timer", world.simulation().executor("work")),
                        () -> world.simulation().now()));
    }

    private App(World world, int idleMax, Duration idleTimeout, FdBudget fds, String server, HostNames names) {
        this(world, new UpstreamConfig(List.of(server), Duration.ofSeconds(2), pool(idleMax, idleTimeout)), fds, names);
    }

    private static PoolConfig pool(int idleMax, Duration idleTimeout) {
        return new PoolConfig(idleMax, idleTimeout, Sharing.TAKEOVER, Variant.of("takeover"));
    }

    /** One as the configuration says, whose servers have no names. */
    App(World world, UpstreamConfig config) {
        this(world, config, new FdBudget(), NO_NAMES);
    }

    /** The same, with a timer for checks. */
    App(World world, UpstreamConfig config, HostNames names) {
        this(world, config, new FdBudget(), names);
    }

    private App(World world, UpstreamConfig config, FdBudget fds, HostNames names) {
        this.world = world;
        UpstreamEnv env = new UpstreamEnv(
                plugin -> {
                    opening.run();
                    MovableChannel channel = world.channel();
                    channels.add(channel);
                    opened.accept(channel);
                    return channel;
                },
                names,
                name -> null,
                new LookedAt(),
                counts,
                fds);
        ConnectionTakeover policy = new ConnectionTakeover();
        this.upstreams = new Upstreams(Map.of("app", config), name -> policy, balancer -> new InTurn(), env);
        this.upstream = upstreams.use("test", 0).upstream("app");
        this.connections = upstream.connections(upstream.protocol(), "test", new Quiet(), false);
    }

    /** The world's loops. */
    private final class LookedAt implements Loops {
        @Override
        public List<Loop> all() {
            return world.loops().all();
        }

        @Override
        public @Nullable Loop current() {
            looks.run();
            return world.loops().current();
        }
    }

    /** On a loop: takes or opens a connection, uses it and gives it back. */
    void exchange(int loopId, Consumer<MovableChannel> use) {
        Loop loop = world.loop(loopId);
        MovableChannel taken = connections.take(upstream.servers().get(0), loop);
        if (taken != null) {
            try {
                use(taken, use);
            } finally {
                taken.leave();
            }
            return;
        }
        connections.connect(upstream.servers().get(0), loop, new ConnectHandler() {
            @Override
            public void connected(MovableChannel connection) {
                use(connection, use);
            }

            @Override
            public void failed(Throwable cause) {
                failed++;
                failing.accept(cause);
            }
        });
    }

    private void use(MovableChannel connection, Consumer<MovableChannel> use) {
        if (inUse.contains(connection)) {
            throw new AssertionError("two exchanges on " + connection.fd());
        }
        inUse.add(connection);
        try {
            world.simulation().point("exchange");
            use.accept(connection);
        } finally {
            inUse.remove(connection);
        }
        connections.release(connection);
    }

    /** Connections of another profile. */
    UpstreamConnections connections(String profile) {
        return upstream.connections(profile, new Quiet());
    }

    Upstream upstream() {
        return upstream;
    }

    /** What a service uses that was made in a reload. */
    UpstreamUse use(int reload) {
        return upstreams.use("test", reload);
    }

    /** A connection to a server is about to be packed: see {@link Upstreams#hold}. */
    Runnable hold(UpstreamServer server) {
        return upstreams.hold(new Place("app", server.address(), "test", "test"));
    }

    /** Connections of such a service. */
    static UpstreamConnections connections(UpstreamUse use) {
        Upstream used = use.upstream("app");
        return used.connections(used.protocol(), "test", new Quiet(), false);
    }

    /** What an operator changes, on the thread that asks. */
    ServerChanges changes() {
        return new ServerChanges(upstreams, Runnable::run, () -> false, () -> false);
    }

    List<ServerSnapshot> servers() {
        return upstreams.overview().get(0).servers();
    }

    PoolSnapshot figures() {
        return upstreams.snapshot().get(0);
    }

    int open() {
        int open = 0;
        for (MovableChannel each : channels) {
            open += each.isActive() ? 1 : 0;
        }
        return open;
    }

    void close() {
        upstreams.close();
    }

    /** Closes a connection that hears something out of turn. */
    @Sharable
    private static final class Quiet extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
            context.close();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
            if (cause instanceof java.io.IOException) {
                context.close();
            } else {
                super.exceptionCaught(context, cause);
            }
        }
    }
}
