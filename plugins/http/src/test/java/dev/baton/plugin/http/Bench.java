package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Choice;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.service.BlockingWork;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerFailure;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamProtocol;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A proxy between one client and some servers, all played by the test on one thread.
 *
 * <p>{@link Ends#APART} makes every connection look as if another loop owned it: neither end can enter the other, so
 * everything between them is posted. {@link #close} checks that nothing leaked and no claim is held.
 */
public final class Bench implements AutoCloseable, Upstream, UpstreamConnections, ServiceContext, Metrics {

    /** Bytes that a stalled connection brings along. */
    public static final int UNSENT = 100_000;

    public boolean watched;
    public final List<FinishedExchange> reported = new ArrayList<>();

    /** Where the two ends of an exchange are. */
    public enum Ends {
        TOGETHER,
        APART
    }

    /** A Date field with its line end. */
    public static final String DATE = "Date: [A-Z][a-z]{2}, \\d\\d [A-Z][a-z]{2} \\d{4} \\d\\d:\\d\\d:\\d\\d GMT\r\n";

    public final Ends ends;
    public final ManualLoop loop = new ManualLoop(0);
    public final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
    public final Service service;
    public final EmbeddedConnection client;

    /** Every upstream connection ever opened, and those that were given back. */
    public final List<EmbeddedConnection> opened = new ArrayList<>();

    public final Deque<EmbeddedConnection> idle = new ArrayDeque<>();
    /** Attempts to connect that a test has not answered yet; only if it says so. */
    public final Deque<ConnectHandler> connecting = new ArrayDeque<>();

    public final List<UpstreamServer> asked = new ArrayList<>();
    /** What the upstream was told of its servers. */
    public final List<String> outcomes = new ArrayList<>();

    /** Sessions stay with their servers. */
    public boolean sticky;

    public boolean connectLater;
    /** Idle connections close between the takeover and the first byte. */
    public boolean dieWhenTaken;
    /** New connections close before anybody hears of them. */
    public boolean dieWhenOpened;

    @Nullable
    public Throwable refuseWith;

    public List<UpstreamServer> servers = List.of(new UpstreamServer("origin.test:80", 0));

    /** Filters and handlers by their words. */
    public final Map<String, Object> plugins = new HashMap<>();
    /** What plugins threw. */
    public final List<String> thrown = new ArrayList<>();
    /** Work for workers, which a test runs. */
    public final Deque<Runnable> work = new ArrayDeque<>();

    /** Handlers that wait for such work. */
    private final Set<ChannelHandlerContext> waiting = new HashSet<>();

    public boolean workersAreBusy;

    /** What the upstream throws, one each time it is asked for a server. */
    public final Deque<Throwable> atNext = new ArrayDeque<>();
    /** What the upstream throws when it is told of an answer. */
    public final Deque<Throwable> atAnswered = new ArrayDeque<>();
    /** What who watches the traffic throws at the end of an exchange. */
    public final Deque<Throwable> atEnd = new ArrayDeque<>();

    private final UpstreamProtocol protocol;

    private final Map<String, Counter> counters = new HashMap<>();
    private final Map<EmbeddedConnection, UpstreamServer> serverOf = new HashMap<>();
    private final List<EmbeddedConnection> all = new ArrayList<>();
    private int turn;
    private @Nullable ChannelHandler initializer;

    public Bench(Ends ends) {
        this(ends, new ByteSize(4096));
    }

    public Bench(Ends ends, ByteSize headerLimit) {
        this(ends, config(headerLimit));
    }

    /** Without the limits that a test would have to wait for, or to think of. */
    private static HttpConfig config(ByteSize headerLimit) {
        return new HttpConfig(
                "app",
                headerLimit,
                Optional.empty(),
                Duration.ofSeconds(60),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                new ByteRate(0),
                Duration.ofSeconds(10));
    }

    public Bench(Ends ends, HttpConfig config) {
        this(ends, config, Map.of());
    }

    /** With filters and routes, before the one upstream if that is to take the rest. */
    public static HttpConfig config(boolean rest, List<Choice<HttpFilter>> filters, RouteConfig... routes) {
        HttpConfig plain = config(new ByteSize(4096));
        return new HttpConfig(
                rest ? Optional.of("app") : Optional.empty(),
                filters,
                List.of(routes),
                plain.forwarded(),
                plain.headerLimit(),
                plain.bodyLimit(),
                plain.firstRequestTimeout(),
                plain.headerTimeout(),
                plain.responseTimeout(),
                plain.idleTimeout(),
                plain.tunnelTimeout(),
                plain.minRate(),
                plain.rateGrace(),
                plain.http2());
    }

    public Bench(Ends ends, HttpConfig config, Map<String, ?> plugins) {
        this(ends, config, plugins, UpstreamProtocol.HTTP_1_1);
    }

    /** With servers that speak this. */
    public Bench(Ends ends, UpstreamProtocol protocol) {
        this(ends, config(new ByteSize(4096)), Map.of(), protocol);
    }

    private Bench(Ends ends, HttpConfig config, Map<String, ?> plugins, UpstreamProtocol protocol) {
        this.ends = ends;
        this.protocol = protocol;
        this.plugins.putAll(plugins);
        service = new HttpService("shop", config, this, new ConcurrentHashMap<>());
        client = connection();
        service.initialize(client, "web");
    }

    /** One more client of the same service, on the same loop. */
    public EmbeddedConnection anotherClient() {
        EmbeddedConnection another = connection();
        service.initialize(another, "web");
        return another;
    }

    /** One more, of whom filters have found this out. */
    public EmbeddedConnection anotherClient(ConnectionFacts facts) {
        EmbeddedConnection another = connection();
        another.attr(MovableChannel.FACTS).set(facts);
        service.initialize(another, "web");
        return another;
    }

    private EmbeddedConnection connection() {
        EmbeddedConnection connection = new EmbeddedConnection(loop);
        connection.config().setAllocator(allocator);
        connection.freezeTime();
        connection.elsewhere(ends == Ends.APART);
        all.add(connection);
        return connection;
    }

    // ------------------------------------------------------------------------------------------------ packing

    /** As the runtime asks for connections: it takes claims, and closes what it gets. */
    public static final class Asking implements Packing {
        /** Connections that have been let in. */
        public final List<EmbeddedConnection> taken = new ArrayList<>();
        /** How often it was told to ask again. */
        public int again;

        private final ManualLoop loop;

        Asking(ManualLoop loop) {
            this.loop = loop;
        }

        @Override
        public boolean with(MovableChannel companion) {
            EmbeddedConnection other = (EmbeddedConnection) companion;
            boolean entered = other.takeover(loop) == TakeoverResult.TAKEN;
            if (entered) {
                taken.add(other);
            }
            return entered;
        }

        @Override
        public void again() {
            again++;
        }
    }

    public Asking asking() {
        return new Asking(loop);
    }

    /** Packs a connection of a client; what is packed is closed here. */
    public Packed pack(EmbeddedConnection connection, Asking asking) {
        assertThat(connection.hasPosted()).as("not asked with something queued").isFalse();
        List<Packed> answers = new ArrayList<>();
        connection.offer(() -> {
            answers.add(service.pack(connection, asking));
            asking.taken.forEach(EmbeddedConnection::leave);
            asking.taken.clear();
        });
        connection.runPosted();
        Packed packed = answers.get(0);
        if (packed != Packed.NOT_NOW && packed != Packed.NEVER) {
            cut(connection);
            packed.companions().forEach(each -> cut((EmbeddedConnection) each));
        }
        return packed;
    }

    /** A connection that was packed elsewhere, with these bytes that could not be sent there. */
    public EmbeddedConnection unpack(Packed packed, boolean stalled) {
        List<MovableChannel> companions = new ArrayList<>();
        for (int i = 0; i < packed.companions().size(); i++) {
            EmbeddedConnection companion = connection();
            serverOf.put(companion, servers.get(0));
            companion.pipeline().addLast(initializer);
            companion.pipeline().fireChannelActive();
            opened.add(companion);
            companions.add(companion);
        }
        EmbeddedConnection connection = connection();
        List<EmbeddedConnection> both = new ArrayList<>(List.of(connection));
        companions.forEach(each -> both.add((EmbeddedConnection) each));
        both.forEach(each -> {
            each.stalled(stalled);
            if (stalled) {
                each.unsafe().outboundBuffer().addMessage(bytes("x".repeat(UNSENT)), UNSENT, each.newPromise());
                each.unsafe().outboundBuffer().addFlush();
            }
            assertThat(each.takeover(loop)).isEqualTo(TakeoverResult.TAKEN);
        });
        try {
            service.unpack(connection, "web", Packed.of(packed.state(), companions.toArray(MovableChannel[]::new)));
            connection.pipeline().fireChannelActive();
        } finally {
            both.forEach(EmbeddedConnection::leave);
        }
        settle();
        return connection;
    }

    // ------------------------------------------------------------------------------------------------ playing

    /** Runs something as the loop that owns a connection would, then everything that follows from it. */
    public void under(EmbeddedConnection connection, Runnable action) {
        connection.offer(action);
        settle();
    }

    /** Lets all posted messages arrive. */
    public void settle() {
        boolean busy = true;
        while (busy) {
            busy = false;
            for (EmbeddedConnection connection : List.copyOf(all)) {
                connection.runPendingTasks();
                if (connection.hasPosted()) {
                    busy = true;
                    connection.runPosted();
                }
            }
        }
    }

    public ByteBuf bytes(String text) {
        return allocator
                .directBuffer(Math.max(1, text.length()))
                .writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The client sends. */
    public void send(String text) {
        receive(client, text);
    }

    /** A server answers, on its connection. */
    public void answer(int connection, String text) {
        receive(opened.get(connection), text);
    }

    /** Bytes arrive at a connection, and everything follows from it. */
    public void receive(EmbeddedConnection connection, String text) {
        arrive(connection, text);
        settle();
    }

    /** Bytes arrive at a connection; what is posted then waits. */
    public void arrive(EmbeddedConnection connection, String text) {
        connection.offer(() -> {
            connection.pipeline().fireChannelRead(bytes(text));
            connection.pipeline().fireChannelReadComplete();
        });
        connection.runPosted();
    }

    /** The peer of a connection closes it. */
    public void hangUp(EmbeddedConnection connection) {
        if (connection.config().isAllowHalfClosure()) {
            under(connection, () -> connection.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE));
        }
        under(connection, connection::close);
    }

    /** A connection is closed by anything but its peer. */
    public void cut(EmbeddedConnection connection) {
        under(connection, connection::close);
    }

    /** What came out of a connection since the last call, as text. */
    public String out(EmbeddedConnection connection) {
        StringBuilder text = new StringBuilder();
        ByteBuf piece;
        while ((piece = connection.readOutbound()) != null) {
            text.append(piece.toString(StandardCharsets.ISO_8859_1));
            piece.release();
        }
        return text.toString();
    }

    /** What came out of the client's connection since the last call, without the Date fields that the proxy puts in. */
    public String toClient() {
        return undated(out(client));
    }

    public static String undated(String answers) {
        return answers.replaceAll(DATE, "");
    }

    public String toServer(int connection) {
        return out(opened.get(connection));
    }

    /** Sends a request and answers it, to get an idle upstream connection. */
    public void warmUp() {
        send("GET /warm HTTP/1.1\r\nHost: shop\r\n\r\n");
        int connection = opened.size() - 1;
        toServer(connection);
        answer(connection, "HTTP/1.1 204 No Content\r\n\r\n");
        toClient();
        assertThat(idle).hasSize(1);
    }

    /** Lets time pass. */
    public void pass(long seconds) {
        for (long i = 0; i < seconds; i++) {
            for (EmbeddedConnection connection : List.copyOf(all)) {
                connection.advanceTimeBy(1, TimeUnit.SECONDS);
                under(connection, connection::runScheduledPendingTasks);
            }
        }
    }

    /** A callback that is running takes that long: time passes, and nothing else runs. */
    public void busyFor(long millis) {
        for (EmbeddedConnection connection : List.copyOf(all)) {
            connection.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        }
    }

    public long count(String name, String... labels) {
        return counter(name, "", labels).count();
    }

    public long refusals(Refusal refusal) {
        return count("baton_http_refusals_total", "service", "shop", "reason", refusal.label());
    }

    @Override
    public void close() {
        for (EmbeddedConnection connection : List.copyOf(all)) {
            under(connection, connection::close);
            assertThat(connection.claims()).isZero();
            assertThat(connection.heldHeap() + connection.heldDirect())
                    .as("held by a closed connection")
                    .isZero();
            out(connection);
            connection.checkException();
        }
        assertThat(allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory())
                .as("bytes leaked")
                .isZero();
    }

    // ------------------------------------------------------------------------------------------------ upstream

    @Override
    public String name() {
        return "app";
    }

    @Override
    public List<UpstreamServer> servers() {
        return servers;
    }

    @Override
    public UpstreamProtocol protocol() {
        return protocol;
    }

    private static void throwOne(Deque<Throwable> from) {
        Throwable thrown = from.poll();
        if (thrown instanceof Error error) {
            throw error;
        } else if (thrown != null) {
            throw (RuntimeException) thrown;
        }
    }

    @Override
    public UpstreamServer next() {
        throwOne(atNext);
        return servers.get(turn++ % servers.size());
    }

    @Override
    public void answered(UpstreamServer server, long nanos) {
        throwOne(atAnswered);
        outcomes.add(server.address() + " ANSWERED after " + TimeUnit.NANOSECONDS.toSeconds(nanos) + "s");
    }

    @Override
    public void failed(UpstreamServer server, ServerFailure failure, long nanos) {
        outcomes.add(server.address() + " " + failure + " after " + TimeUnit.NANOSECONDS.toSeconds(nanos) + "s");
    }

    @Override
    public @Nullable String sessionCookie(UpstreamServer server, RequestFacts request) {
        return sticky && request.cookie("srv") == null ? "srv=" + server.index() : null;
    }

    @Override
    public UpstreamConnections connections(String profile, ChannelHandler initializer) {
        this.initializer = initializer;
        return this;
    }

    @Override
    public @Nullable MovableChannel take(UpstreamServer server, Loop taker) {
        EmbeddedConnection connection = idle.stream()
                .filter(each -> server.equals(serverOf.get(each)))
                .findFirst()
                .orElse(null);
        if (connection == null) {
            return null;
        }
        idle.remove(connection);
        asked.add(server);
        assertThat(connection.takeover(taker)).isEqualTo(TakeoverResult.TAKEN);
        if (dieWhenTaken) {
            connection.close();
        }
        return connection;
    }

    @Override
    public void connect(UpstreamServer server, Loop opener, ConnectHandler handler) {
        asked.add(server);
        if (refuseWith != null) {
            handler.failed(refuseWith);
        } else if (connectLater) {
            connecting.add(handler);
        } else {
            connected(handler);
        }
    }

    /** An attempt to connect succeeds. */
    public void connected(ConnectHandler handler) {
        EmbeddedConnection connection = connection();
        serverOf.put(
                connection,
                handler instanceof Exchange exchange ? Objects.requireNonNull(exchange.server()) : servers.get(0));
        connection.pipeline().addLast(initializer);
        opened.add(connection);
        if (dieWhenOpened) {
            connection.close();
        }
        connection.offer(() -> handler.connected(connection));
        connection.runPosted();
    }

    @Override
    public void release(MovableChannel connection) {
        EmbeddedConnection released = (EmbeddedConnection) connection;
        assertThat(released.claims()).as("released under a claim").isPositive();
        assertThat(idle).doesNotContain(released);
        released.afterLeave(() -> idle.add(released));
    }

    // ------------------------------------------------------------------------------------------------ context

    @Override
    public Upstream upstream(String name) {
        return this;
    }

    @Override
    public <T> Contributed<T> make(Choice<T> choice) {
        return new Contributed<>(
                "plugin-" + choice.type(), choice.kind().cast(Objects.requireNonNull(plugins.get(choice.type()))));
    }

    @Override
    public void failed(Contributed<?> culprit, String what, Throwable cause) {
        thrown.add(culprit.plugin() + ": " + cause);
    }

    /** As the runtime has it: a handler waits for one piece of work, and what comes for its connection waits, too. */
    @Override
    public <T extends @Nullable Object> void blocking(
            ChannelHandlerContext handler,
            Callable<? extends T> task,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        if (!waiting.add(handler)) {
            throw new IllegalStateException("waits for blocking work already");
        }
        onWorker((EmbeddedConnection) handler.channel(), task, then, failed, () -> waiting.remove(handler));
    }

    @Override
    public <T extends @Nullable Object> BlockingWork blocking(
            Contributed<?> code,
            MovableChannel connection,
            Callable<? extends T> task,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        Runnable asked = onWorker((EmbeddedConnection) connection, task, then, failed, () -> {});
        return () -> work.remove(asked);
    }

    /** What it has told a test to run. */
    private <T extends @Nullable Object> Runnable onWorker(
            EmbeddedConnection connection,
            Callable<? extends T> task,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed,
            Runnable over) {
        if (workersAreBusy) {
            tell(connection, over, () -> failed.accept(new RejectedExecutionException("busy")));
            return () -> {};
        }
        Runnable asked = () -> {
            try {
                T result = task.call();
                tell(connection, over, () -> then.accept(result));
            } catch (Exception e) {
                tell(connection, over, () -> failed.accept(e));
            }
        };
        work.add(asked);
        return asked;
    }

    private static void tell(EmbeddedConnection connection, Runnable over, Runnable result) {
        connection.post(() -> {
            over.run();
            if (connection.isOpen()) {
                result.run();
            }
        });
    }

    @Override
    public Loops loops() {
        return ManualLoop.loops(loop);
    }

    @Override
    public Metrics metrics() {
        return this;
    }

    /** What is watched is written down. */
    @Override
    public Traffic traffic() {
        return new Traffic() {
            @Override
            public boolean isWatched() {
                return watched;
            }

            @Override
            public void ended(FinishedExchange exchange) {
                throwOne(atEnd);
                reported.add(exchange);
            }

            @Override
            public Watch watch(Watcher watcher) {
                throw new AssertionError("not asked for");
            }
        };
    }

    @Override
    public Counter counter(String name, String help, String... labels) {
        return counters.computeIfAbsent(name + List.of(labels), key -> new Counter() {
            private final AtomicLong count = new AtomicLong();

            @Override
            public void increment() {
                count.incrementAndGet();
            }

            @Override
            public void add(long amount) {
                count.addAndGet(amount);
            }

            @Override
            public long count() {
                return count.get();
            }
        });
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {
        throw new UnsupportedOperationException("the proxy has no gauges");
    }

    @Override
    public String scrape() {
        throw new UnsupportedOperationException("nobody scrapes here");
    }
}
