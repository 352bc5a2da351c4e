package dev.baton.testkit;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.fd.FdCounters;
import dev.baton.runtime.fd.FdHooks;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.LoopConnections;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.SwallowedThrows;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.poller.PollerProvider;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Ticker;
import java.net.SocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/** A table, loops and channels on real sockets, without a configuration, plugins or Vert.x around them. */
public final class TestLoops implements AutoCloseable {
    private static final int SECONDS_MAX = 20;

    /** One for the process, as in production: it keeps native memory for good. */
    private static final class Kernel {
        static final Posix POSIX = new JnrPosix();
    }

    private final Posix posix;
    private final LoopRegistry registry = new LoopRegistry();
    private final FdObservers observers = new FdObservers();
    private final FdTable table;
    private final LoopGroup group;
    private final ChannelEnv env;
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    private TestLoops(PollerProvider provider, Posix posix, int count) {
        SwallowedThrows.install(); // as every process does
        this.posix = posix;
        this.table = new FdTable(posix, registry, observers);
        this.env = new ChannelEnv(table, posix, registry, (plugin, cause) -> failures.add(cause));
        this.group = new LoopGroup(
                count,
                new DefaultThreadFactory("test-loop"),
                provider,
                posix,
                table,
                observers,
                registry,
                Ticker.systemTicker());
    }

    /** Starts loops on the real kernel. */
    public static TestLoops start(PollerProvider provider, int count) {
        return new TestLoops(provider, Kernel.POSIX, count);
    }

    /** Starts loops on system calls of the test's making. */
    public static TestLoops start(PollerProvider provider, Posix posix, int count) {
        return new TestLoops(provider, posix, count);
    }

    /** The loop with an id, from 0. */
    public BatonLoop loop(int id) {
        return registry.byId(id);
    }

    /** The table under test. */
    public FdTable table() {
        return table;
    }

    /** What watches the table. */
    public FdObservers observers() {
        return observers;
    }

    /** Its counters. */
    public FdCounters counters() {
        return observers.counters();
    }

    /** Its hooks. */
    public FdHooks hooks() {
        return observers.hooks();
    }

    /** How many connections each loop owns. */
    public LoopConnections connections() {
        return observers.connections();
    }

    /** What channels need. */
    public ChannelEnv env() {
        return env;
    }

    /** The system calls. */
    public Posix posix() {
        return posix;
    }

    /** The loops by id. */
    public LoopRegistry registry() {
        return registry;
    }

    /** What callbacks threw without a handler. */
    public List<Throwable> failures() {
        return List.copyOf(failures);
    }

    /** Opens a connection that can change loops, owned by a loop; waits until it is open and nothing runs in it. */
    public MovableSocketChannel connect(BatonLoop loop, SocketAddress address, ChannelHandler handler)
            throws Exception {
        MovableSocketChannel channel = (MovableSocketChannel) new Bootstrap()
                .group(loop)
                .channelFactory(() -> new MovableSocketChannel(env, "test"))
                .handler(handler)
                .connect(address)
                .syncUninterruptibly()
                .channel();
        // The promise is fulfilled inside the claim of the connect's end: after one more task that claim is back.
        on(loop, () -> null);
        return channel;
    }

    /** Runs something on a loop's thread and waits for its result. */
    public static <T> T on(BatonLoop loop, Callable<T> action) throws Exception {
        return loop.submit(action).get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    /** Ends the loops; their pollers' fds go with them. */
    @Override
    public void close() {
        group.shutdownGracefully(0, SECONDS_MAX, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
