package dev.baton.testkit.sim;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.fd.FdCounters;
import dev.baton.runtime.fd.FdHooks;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.LoopRole;
import dev.baton.runtime.loop.SwallowedThrows;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollerProvider;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The runtime under test on the simulated kernel: a table, loops named {@code L0}, {@code L1} and so on, channels; and
 * what must hold at the end of each run, whatever the schedule.
 */
public final class World {
    /** Where {@link #server()} listens. */
    public static final int PORT = 9_000;

    private static final Duration END = Duration.ofMinutes(5);

    private final Simulation simulation;
    private final SimPosix posix;
    private final LoopRegistry registry = new LoopRegistry();
    private final FdObservers observers = new FdObservers();
    private final FdAudit audit;
    private final FdTable table;
    private final ChannelEnv env;
    private final PollerProvider pollers;
    private final LoopGroup group;
    private final List<BatonLoop> added = new ArrayList<>();
    private final List<String> threads = new ArrayList<>();
    private final List<Throwable> failures = new ArrayList<>();
    private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true, true);
    private boolean errorsExpected;

    /** Two ends of a connection: the channel is the runtime's. */
    public record Connection(MovableSocketChannel channel, Fd fd, SimPeer peer) {}

    /** A world whose loops have started and sleep. */
    public World(Simulation simulation, PollerProvider provider, int loops) {
        ErrorLog.clear();
        this.simulation = simulation;
        this.pollers = new PointPollers(simulation, provider);
        this.posix = new SimPosix(simulation);
        this.audit = new FdAudit(simulation);
        SwallowedThrows.install(); // as every process does
        observers.hooks().set(List.of(new PluginHook("audit", audit)), (plugin, cause) -> simulation.fail(cause));
        posix.watchCloses(audit::closing);
        this.table = new FdTable(posix, registry, observers);
        this.env = new ChannelEnv(table, posix, registry, (plugin, cause) -> failures.add(cause), memory);
        this.group = new LoopGroup(
                loops, simulation.threads("L"), pollers, posix, table, observers, registry, simulation.ticker());
        for (int id = 0; id < loops; id++) {
            threads.add("L" + id);
            loop(id).execute(() -> {});
        }
        simulation.run();
    }

    /**
     * One loop more, which serves. Its thread is {@code M0}, and that of the next one {@code M1_0}.
     *
     * @param role what it is there for
     */
    public BatonLoop another(LoopRole role) {
        String name = added.isEmpty() ? "M" : "M" + added.size() + "_";
        BatonLoop loop = LoopGroup.another(
                simulation.threads(name), pollers, posix, table, observers, registry, simulation.ticker(), role);
        added.add(loop);
        threads.add(name + "0");
        loop.execute(() -> {});
        return loop;
    }

    // ---- its parts ------------------------------------------------------------------------------------------------

    /** A loop, from 0. */
    public BatonLoop loop(int id) {
        return registry.byId(id);
    }

    /** All loops. */
    public LoopRegistry loops() {
        return registry;
    }

    /** The kernel. */
    public SimPosix posix() {
        return posix;
    }

    /** What is around the process. */
    public SimNetwork network() {
        return posix.network();
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

    /** Who did what to which fd. */
    public FdAudit audit() {
        return audit;
    }

    /** What channels need. */
    public ChannelEnv env() {
        return env;
    }

    /** What callbacks threw without a handler; a test that provokes it takes it out. */
    public List<Throwable> failures() {
        return failures;
    }

    /** The simulation that this world lives in. */
    public Simulation simulation() {
        return simulation;
    }

    /** The run provokes errors that are logged. */
    public void expectErrors() {
        errorsExpected = true;
    }

    /** Has a channel take its buffers from where they are counted. */
    public void countBuffers(Channel channel) {
        channel.config().setAllocator(memory);
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    /** A channel that is not registered yet, its buffers counted. */
    public MovableSocketChannel channel() {
        MovableSocketChannel channel = new MovableSocketChannel(env, "test");
        countBuffers(channel);
        return channel;
    }

    /** Begins to open a connection on a loop. */
    public ChannelFuture connect(int loop, SocketAddress address, ChannelHandler handler) {
        return new Bootstrap()
                .group(loop(loop))
                .channelFactory(this::channel)
                .handler(handler)
                .connect(address);
    }

    /** Opens a connection to somebody else's server and lets everybody come to rest. */
    public Connection connected(SimServer server, int loop, ChannelHandler handler) {
        ChannelFuture connecting = connect(loop, SimNetwork.address(PORT), handler);
        simulation.run();
        if (!connecting.isSuccess()) {
            throw new AssertionError("not connected", connecting.cause());
        }
        MovableSocketChannel channel = (MovableSocketChannel) connecting.channel();
        return new Connection(channel, Objects.requireNonNull(channel.fd()), server.accept());
    }

    /** Somebody else's server, for {@link #connected}. */
    public SimServer server() {
        return network().listen(PORT);
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /**
     * What must hold whenever no thread has anything to do: no claim is held, nothing is left over, nothing dead is
     * polled.
     */
    public void checkQuiet() {
        table.forEach(each -> {
            if (each.running() != 0 || each.orphaned()) {
                throw new AssertionError(
                        each.fd() + " has " + each.running() + " running, orphaned " + each.orphaned());
            }
        });
        check(
                observers.counters().orphans() == 0,
                "orphans: " + observers.counters().orphans());
        check(posix.deadRegistrations().isEmpty(), "still polled: " + posix.deadRegistrations());
        checkErrors();
    }

    /** Ends the loops and checks what must hold then: {@link #checkQuiet}, and nothing is left of anything. */
    public void end() {
        checkQuiet();
        endLoops();
        simulation.endServers();
        checkQuiet();
        check(audit.open().isEmpty(), "never closed: " + audit.open());
        check(
                observers.counters().openFds() == 0,
                "in the table: " + observers.counters().openFds());
        check(posix.open().isEmpty(), "open numbers: " + posix.open());
        long bytes = memory.metric().usedDirectMemory() + memory.metric().usedHeapMemory();
        check(bytes == 0, bytes + " bytes of buffers were not given back");
    }

    /** Ends the loops, which must need no longer than the limit that Netty is given. Again does nothing. */
    public void endLoops() {
        stopLoops();
        simulation.pass(END);
        for (String thread : threads) {
            check(simulation.hasEnded(thread), "the loop of " + thread + " has not ended");
        }
    }

    /** Tells the loops to end, from any thread, and returns. */
    public void stopLoops() {
        group.shutdownGracefully(0, END.toSeconds(), TimeUnit.SECONDS);
        added.forEach(loop -> loop.shutdownGracefully(0, END.toSeconds(), TimeUnit.SECONDS));
    }

    private void checkErrors() {
        if (!errorsExpected) {
            check(ErrorLog.errors().isEmpty(), "logged as errors: " + ErrorLog.errors());
            check(failures.isEmpty(), "callbacks threw: " + failures);
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
