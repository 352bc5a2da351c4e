package dev.baton.it.pool;

import static dev.baton.testkit.TestLoops.on;

import dev.baton.plugin.takeover.ConnectionTakeover;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.config.EjectConfig;
import dev.baton.runtime.config.PoolConfig;
import dev.baton.runtime.config.ServerConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.runtime.upstream.InTurn;
import dev.baton.runtime.upstream.SrvRecord;
import dev.baton.runtime.upstream.UpstreamEnv;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.TestLoops;
import io.netty.channel.ChannelHandler;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Loops with one upstream named {@code app}, wired as the runtime does it, and names that resolve as a test says. */
public final class UpstreamRig implements AutoCloseable {
    /** A timeout to run into. */
    public static final Duration SHORT = Duration.ofMillis(200);
    /** A timeout that no test runs into. */
    public static final Duration LONG = Duration.ofSeconds(20);

    /** The loops. */
    public final TestLoops loops;

    /** Every channel that was made for an upstream connection. */
    public final Queue<MovableChannel> channels = new ConcurrentLinkedQueue<>();

    /** Where things are counted. */
    public final Meters metrics = new Meters();

    /** Who was told of the last connection that {@link #connect} has opened. */
    volatile WeakReference<ConnectHandler> lastHandler = new WeakReference<>(null);

    final Map<String, SocketAddress> listeners = new ConcurrentHashMap<>();
    final Names names;
    private final Upstreams upstreams;

    /** Loops and one upstream, with these limits. */
    public UpstreamRig(
            PollerProvider poller,
            int loopCount,
            List<String> servers,
            Duration connectTimeout,
            int idleMax,
            Duration idleTimeout,
            Sharing sharing) {
        this(poller, loopCount, servers, connectTimeout, idleMax, idleTimeout, sharing, new Names());
    }

    /** The same, with names. */
    UpstreamRig(
            PollerProvider poller,
            int loopCount,
            List<String> servers,
            Duration connectTimeout,
            int idleMax,
            Duration idleTimeout,
            Sharing sharing,
            Names names) {
        this(
                poller,
                loopCount,
                new UpstreamConfig(
                        servers, connectTimeout, new PoolConfig(idleMax, idleTimeout, sharing, Variant.of("takeover"))),
                names);
    }

    /** One server with a limit of connections, and ample limits else. */
    static UpstreamRig limited(
            PollerProvider poller, int loopCount, String server, int maxConnections, Duration queueTimeout, int queue) {
        PoolConfig pool = new PoolConfig(256, Duration.ofMinutes(1), Sharing.TAKEOVER, Variant.of("takeover"));
        UpstreamConfig config = new UpstreamConfig(
                List.of(new ServerConfig(server)),
                LONG,
                Optional.empty(),
                Optional.of(maxConnections),
                queueTimeout,
                queue,
                Variant.of("round-robin"),
                pool);
        return new UpstreamRig(poller, loopCount, config, new Names());
    }

    /** Two loops, and servers that are checked. */
    public static UpstreamRig checked(PollerProvider poller, List<String> servers, CheckConfig check) {
        return checked(poller, servers, check, new Names());
    }

    /** The same, with names. */
    public static UpstreamRig checked(PollerProvider poller, List<String> servers, CheckConfig check, Names names) {
        PoolConfig pool = new PoolConfig(256, Duration.ofMinutes(1), Sharing.TAKEOVER, Variant.of("takeover"));
        UpstreamConfig config = new UpstreamConfig(
                servers.stream().map(ServerConfig::new).toList(),
                LONG,
                Optional.empty(),
                Optional.empty(),
                LONG,
                1,
                Variant.of("round-robin"),
                Optional.empty(),
                Optional.of(check),
                EjectConfig.DEFAULT,
                Optional.empty(),
                pool);
        return new UpstreamRig(
                poller, 2, config, names, new HostNames(names, Timer.on(ForkJoinPool.commonPool()), System::nanoTime));
    }

    private UpstreamRig(PollerProvider poller, int loopCount, UpstreamConfig config, Names names) {
        this(poller, loopCount, config, names, names.all);
    }

    private UpstreamRig(PollerProvider poller, int loopCount, UpstreamConfig config, Names names, HostNames hostNames) {
        this.names = names;
        loops = TestLoops.start(poller, loopCount);
        UpstreamEnv env = new UpstreamEnv(
                plugin -> {
                    MovableSocketChannel channel = new MovableSocketChannel(loops.env(), plugin);
                    channels.add(channel);
                    return channel;
                },
                hostNames,
                listeners::get,
                loops.registry(),
                metrics);
        ConnectionTakeover policy = new ConnectionTakeover();
        upstreams = new Upstreams(Map.of("app", config), policyName -> policy, balancer -> new InTurn(), env);
    }

    /** Two loops and one server, with ample limits. */
    public static UpstreamRig simple(PollerProvider poller, String server) {
        return new UpstreamRig(poller, 2, List.of(server), LONG, 256, Duration.ofMinutes(1), Sharing.TAKEOVER);
    }

    /** The upstream as a plugin named {@code test} sees it. */
    public Upstream upstream() {
        return upstreams.use("test", 0).upstream("app");
    }

    /** All upstreams: what a handoff takes from and gives to. */
    Upstreams upstreams() {
        return upstreams;
    }

    UpstreamConnections connections(ChannelHandler initializer) {
        return upstream().connections("test", initializer);
    }

    /** The figures of the first server. */
    public PoolSnapshot snapshot() {
        return upstreams.snapshot().get(0);
    }

    /** The figures of all servers. */
    public List<PoolSnapshot> snapshots() {
        return upstreams.snapshot();
    }

    void closePools() {
        upstreams.close();
    }

    long metric(String name, String... labels) {
        return metrics.counter(name, "", labels).count();
    }

    /** Connects and waits for the outcome; the claim is given back. Throws what {@code failed} was told. */
    MovableChannel connect(UpstreamConnections connections, BatonLoop loop) throws Exception {
        return connect(connections, loop, 0);
    }

    MovableChannel connect(UpstreamConnections connections, BatonLoop loop, int server) throws Exception {
        return connect(connections, loop, upstream().servers().get(server));
    }

    MovableChannel connect(UpstreamConnections connections, BatonLoop loop, UpstreamServer server) throws Exception {
        CompletableFuture<MovableChannel> outcome = new CompletableFuture<>();
        on(loop, () -> {
            ConnectHandler handler = new ConnectHandler() {
                @Override
                public void connected(MovableChannel connection) {
                    if (!connection.eventLoop().inEventLoop() || !outcome.complete(connection)) {
                        outcome.obtrudeException(new AssertionError("told twice, or not under a claim"));
                    }
                }

                @Override
                public void failed(Throwable cause) {
                    if (!outcome.completeExceptionally(cause)) {
                        outcome.obtrudeException(new AssertionError("told twice", cause));
                    }
                }
            };
            lastHandler = new WeakReference<>(handler);
            connections.connect(server, loop, handler);
            return true;
        });
        MovableChannel connection = outcome.get(20, TimeUnit.SECONDS);
        // Told inside the claim: after one more task it is given back.
        on(loop, () -> true);
        return connection;
    }

    /** Takes an idle connection and gives the claim back; null if there is none. */
    @Nullable
    MovableChannel take(UpstreamConnections connections, BatonLoop loop) throws Exception {
        Object[] taken = new Object[1];
        on(loop, () -> {
            MovableChannel connection = connections.take(upstream().servers().get(0), loop);
            if (connection != null) {
                connection.leave();
            }
            taken[0] = connection;
            return true;
        });
        return (MovableChannel) taken[0];
    }

    /** Releases a connection that a loop owns. */
    void release(UpstreamConnections connections, BatonLoop loop, MovableChannel connection) throws Exception {
        on(loop, () -> {
            if (!connection.tryEnter()) {
                throw new AssertionError("cannot enter " + connection + " on " + loop);
            }
            try {
                connections.release(connection);
            } finally {
                connection.leave();
            }
            return true;
        });
    }

    @Override
    public void close() {
        upstreams.close();
        loops.close();
    }

    /** Names that resolve when and to what a test says, and time that passes when it says so. */
    public static final class Names implements HostLookup {
        final Queue<String> asked = new ConcurrentLinkedQueue<>();
        final Map<String, List<InetAddress>> known = new ConcurrentHashMap<>();
        final Queue<Reply> unanswered = new ConcurrentLinkedQueue<>();
        private final Queue<Due> timer = new ConcurrentLinkedQueue<>();
        private final AtomicLong nanos = new AtomicLong();
        private final HostNames all = new HostNames(
                this, (delay, task) -> timer.add(new Due(nanos.get() + delay.toNanos(), task)), nanos::get);

        private final @Nullable HostLookup real;
        final AtomicInteger answers = new AtomicInteger();

        private record Due(long nanos, Runnable task) {}

        public Names() {
            this(null);
        }

        /** Asks somebody else, in this one's time. */
        Names(@Nullable HostLookup real) {
            this.real = real;
        }

        /** What a name is from now on; nothing: it does not exist. */
        public void is(String host, InetAddress... addresses) {
            known.put(host, List.of(addresses));
        }

        /** Lets the time between two lookups pass, and looks all names up again. */
        void pass(int times) {
            for (int i = 0; i < times; i++) {
                pass(HostLookup.REFRESH);
            }
        }

        void pass(Duration time) {
            nanos.addAndGet(time.toNanos());
            List<Due> due =
                    timer.stream().filter(each -> each.nanos <= nanos.get()).toList();
            timer.removeAll(due);
            due.forEach(each -> each.task.run());
        }

        @Override
        public void lookUp(String host, Reply reply) {
            asked.add(host);
            if (real != null) {
                real.lookUp(host, counted(reply));
                return;
            }
            if (host.startsWith("silent")) {
                unanswered.add(reply);
                return;
            }
            List<InetAddress> addresses = known.getOrDefault(host, List.of());
            if (addresses.isEmpty()) {
                reply.failed(host + ": no such name", true);
            } else {
                reply.found(addresses);
            }
        }

        @Override
        public void lookUpService(String name, ServiceReply reply) {
            asked.add(name);
            Objects.requireNonNull(real, "services are for real DNS").lookUpService(name, new ServiceReply() {
                @Override
                public void found(List<SrvRecord> servers, Map<String, Enclosed> hosts, Duration valid) {
                    reply.found(servers, hosts, valid);
                    answers.incrementAndGet();
                }

                @Override
                public void failed(String why, boolean noSuchName) {
                    reply.failed(why, noSuchName);
                    answers.incrementAndGet();
                }
            });
        }

        private Reply counted(Reply reply) {
            return new Reply() {
                @Override
                public void found(List<InetAddress> addresses, Duration valid) {
                    reply.found(addresses, valid);
                    answers.incrementAndGet();
                }

                @Override
                public void failed(String why, boolean noSuchName) {
                    reply.failed(why, noSuchName);
                    answers.incrementAndGet();
                }
            };
        }
    }
}
