package dev.baton.embed;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LentLoops;
import dev.baton.runtime.server.Server;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.vertx.core.transport.Transport;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Baton inside another program: loops whose connections any other loop can take over, so that a callback that blocks
 * holds up nobody but its own connection.
 *
 * <pre>{@code
 * try (Baton baton = Baton.builder().loops(4).rescue(Duration.ofMillis(50)).start()) {
 *     baton.listen("127.0.0.1:8080", channel -> channel.pipeline().addLast(new Echo()));
 *     Vertx vertx = Vertx.builder().withTransport(baton.transport()).build();
 *     new ServerBootstrap()
 *             .group(baton.loops()).channelFactory(baton.serverChannels()).childHandler(init).bind(8081);
 *     new Bootstrap()
 *             .group(baton.loops()).channelFactory(baton.channels()).handler(client).connect("127.0.0.1", 9000);
 *     baton.awaitStop();
 * }
 * }</pre>
 *
 * <p>A connection of {@link #listen}, of {@link #channels} or accepted by one of {@link #serverChannels} moves: its
 * {@code eventLoop()} is its own for life and hands everything to the loop that owns the connection at the time.
 * Handlers run one at a time and see what ran before, as they do everywhere in Netty, but not always on the same
 * thread. Connections of a Vert.x stay on the loop of their context.
 *
 * <p>There may be several in one JVM. Nothing of the process changes but the soft limit of open files, which is raised
 * to the hard one, as the JVM itself does: no signal handler, no shutdown hook but on request, no environment variable
 * is read, no logging configured, no user changed.
 *
 * <p>Threading: any thread; what says that it waits must not be called on a loop.
 */
public final class Baton implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Baton.class);

    private final Server server;
    private final Setups setups;
    private final LentLoops loops;
    private final Transport transport;
    private final AtomicInteger listeners = new AtomicInteger();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Thread exit;

    Baton(Server server, Setups setups) {
        this.server = server;
        this.setups = setups;
        this.loops = server.lentLoops();
        this.transport = server.lentTransport();
    }

    /** Says what is to be started. */
    public static BatonBuilder builder() {
        return new BatonBuilder();
    }

    // ---- Baton's own listeners ------------------------------------------------------------------------------------

    /**
     * Accepts connections on an address, on all loops; while a loop is blocked the others accept in its place. Waits
     * until it listens.
     *
     * @param address {@code host:port}, {@code [host]:port}, or {@code unix:} and a path; port 0 for any that is free
     * @param setup sets each of their pipelines up
     * @throws BatonException if the address is taken, or not allowed
     * @throws IllegalArgumentException if it is no address
     */
    public Listening listen(String address, ChannelSetup setup) {
        return listen("embedded-" + listeners.incrementAndGet(), address, setup);
    }

    /**
     * As {@link #listen(String, ChannelSetup)}, with a name for log lines and metrics.
     *
     * @param name begins with a letter, and has letters, digits, {@code .}, {@code _} and {@code -}, 63 at most
     * @throws BatonException also if there is a listener of this name
     */
    public Listening listen(String name, String address, ChannelSetup setup) {
        Objects.requireNonNull(setup, "setup");
        mayWait("listen");
        if (server.addressOf(name) != null || !setups.put(name, setup)) {
            throw new BatonException("there is a listener " + name + " already", null);
        }
        SocketAddress bound = null;
        try {
            ListenerResult result = await(server.listen(Map.of("name", name, "bind", address, "service", Setups.NAME)));
            if (result.outcome() != Outcome.ADDED) {
                throw new BatonException("cannot listen on " + address + ": " + result.detail(), null);
            }
            bound = server.addressOf(name);
            if (bound == null) {
                throw new BatonException("cannot listen on " + address + ": this Baton is being stopped", null);
            }
            return new Listening(this, name, setup, bound);
        } finally {
            if (bound == null) {
                setups.remove(name, setup);
            }
        }
    }

    void unlisten(String name, ChannelSetup setup, Duration patience) {
        mayWait("close");
        if (server.addressOf(name) != null) {
            ListenerResult result = await(server.unlisten(name, patience));
            if (result.outcome() == Outcome.FAILED && server.addressOf(name) != null) {
                throw new BatonException("cannot end the listener " + name + ": " + result.detail(), null);
            }
        }
        setups.remove(name, setup);
    }

    private static void mayWait(String what) {
        if (BatonLoop.currentLoop() != null) {
            throw new IllegalStateException(
                    what + " waits, and would hold this loop up: call it from a thread that is no loop's");
        }
    }

    /** The address of a listener, of the configuration too; null if there is none of this name. */
    public @Nullable SocketAddress addressOf(String listener) {
        return server.addressOf(listener);
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    // ---- Netty ----------------------------------------------------------------------------------------------------

    /**
     * The loops for Netty's bootstraps, also as the group of the accepting side. They end with this Baton: a shutdown
     * of the group that is returned ends that group and leaves the loops alone.
     */
    public EventLoopGroup loops() {
        return new LentLoops(loops);
    }

    LentLoops lent() {
        return loops;
    }

    /** Connections over TCP that are to be opened; as a class, {@link BatonSocketChannel}. */
    public ChannelFactory<? extends Channel> channels() {
        return BatonSocketChannel::new;
    }

    /**
     * Listening sockets over TCP, each on one loop, whose connections move; as a class,
     * {@link BatonServerSocketChannel}. A loop that is blocked accepts nothing on them: {@link #listen} has no such
     * loop.
     */
    public ChannelFactory<? extends ServerChannel> serverChannels() {
        return BatonServerSocketChannel::new;
    }

    /** Sockets for datagrams, which stay on their loop; as a class, {@link BatonDatagramChannel}. */
    public ChannelFactory<? extends DatagramChannel> datagramChannels() {
        return BatonDatagramChannel::new;
    }

    // ---- Vert.x ---------------------------------------------------------------------------------------------------

    /**
     * The loops and sockets for {@code Vertx.builder().withTransport}, of as many Vert.x as are wanted. Each of them
     * has these loops, whatever its {@code eventLoopPoolSize} says, and leaves them alone when it is closed; it must be
     * closed before this Baton is.
     */
    public Transport transport() {
        return transport;
    }

    // ---- metrics --------------------------------------------------------------------------------------------------

    /**
     * All metrics, as Prometheus reads them.
     *
     * @throws IllegalStateException without {@code io.prometheus:prometheus-metrics-exposition-textformats} on the
     *     class path
     */
    public String metrics() {
        return server.metrics().scrape();
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /**
     * Accepts no more, and lets connections finish.
     *
     * @param patience how long they may take; those that are left are closed then
     * @return completes when they have ended; {@link #close} ends the loops
     */
    public CompletionStage<StopReport> stop(Duration patience) {
        return server.stop(patience);
    }

    /** Waits until another thread has called {@link #stop} or {@link #close}, and the connections have ended. */
    public void awaitStop() throws InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        server.stopping().thenCompose(nothing -> server.stopped()).thenRun(stopped::countDown);
        stopped.await();
    }

    /** Stops within the grace time, then ends the loops and whatever is on them. Waits; not on a loop. */
    @Override
    public void close() {
        mayWait("close");
        if (!closing.compareAndSet(false, true)) {
            awaitEnd();
            return;
        }
        try {
            Thread hook = exit;
            if (hook != null && hook != Thread.currentThread()) {
                removeHook(hook);
            }
            await(server.stop(null));
        } finally {
            end();
        }
    }

    private void end() {
        try {
            server.end();
        } finally {
            loops.shutdownGracefully();
            ended.countDown();
        }
    }

    /** Closes this when the JVM ends. */
    void closeAtExit() {
        Thread hook = new Thread(this::close, "baton-exit");
        exit = hook;
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException ending) {
            close();
            throw new BatonException("cannot start: the JVM is ending", ending);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException ending) {
            LOG.debug("the JVM is ending, and closes this Baton too", ending);
        }
    }

    private void awaitEnd() {
        boolean interrupted = false;
        while (true) {
            try {
                ended.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
