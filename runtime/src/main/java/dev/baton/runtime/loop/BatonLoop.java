package dev.baton.runtime.loop;

import dev.baton.runtime.fd.PluginFailures;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.poller.Poller;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.RejectedExecutionHandlers;
import io.netty.util.concurrent.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread with one poller. Netty brings the task queue and the timers, {@link LoopIo} polls and dispatches. */
public final class BatonLoop extends SingleThreadIoEventLoop implements Loop {
    static final FastThreadLocal<BatonLoop> CURRENT = new FastThreadLocal<>();

    /** How often an ending loop starts over because it got new fds: so many handlers that connect again in turn. */
    private static final int ENDING_TURNS_MAX = 16;

    /**
     * How long the tasks of a turn may take before the poller is looked at again, in ms. What a channel queues anew
     * when it has had its share would be run again in the same turn else, for a second by Netty's default, and no
     * connection be served.
     */
    private static final long TASKS_MILLIS_MAX = 10;

    /** How long others may take to take over what a dead loop had; then it ends, and what is left with it. */
    private static final long DYING_MAX_NANOS = 10_000_000_000L;
    /** Between two looks at the tasks of a dead loop. */
    private static final long DYING_STEP_NANOS = 1_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(BatonLoop.class);

    private static final VarHandle ACCEPTED;

    static {
        try {
            ACCEPTED = MethodHandles.lookup().findVarHandle(BatonLoop.class, "accepted", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final LoopIo io;
    private final Ticker ticker;
    private final LoopRegistry registry;
    private final LoopRole role;
    private volatile boolean blocked;
    private volatile boolean leaving;
    private volatile boolean died;
    private volatile boolean bound;
    /** A dead loop's thread may end. */
    private volatile boolean released;

    /** Only the runtime ends it: said by {@link #mustNotEnd}. */
    private volatile boolean kept;

    private int endingTurns;
    /** Connections accepted here; written by this thread only. */
    @SuppressWarnings("UnusedVariable") // through ACCEPTED
    private long accepted;

    /** How many channels' tasks run inline inside each other on this thread now; only this thread touches it. */
    private int inlineDepth;

    private final Occupants occupants = new Occupants();

    BatonLoop(IoEventLoopGroup parent, Executor executor, LoopFactory factory) {
        super(
                parent,
                executor,
                factory,
                DEFAULT_MAX_PENDING_TASKS,
                RejectedExecutionHandlers.reject(),
                TASKS_MILLIS_MAX);
        this.io = (LoopIo) ioHandler();
        this.ticker = factory.ticker();
        this.registry = factory.registry();
        this.role = factory.role();
        io.attach(this);
    }

    /** The loop whose thread is calling, or null. */
    public static @Nullable BatonLoop currentLoop() {
        return CURRENT.getIfExists();
    }

    @Override
    public int id() {
        return io.id();
    }

    /** Whether it is, or was, one of the loops that a registry knows. Any thread. */
    public boolean isAmong(LoopRegistry loops) {
        return registry == loops;
    }

    /** What the channels of its loops share; null where they are always made with it. Any thread. */
    public @Nullable ChannelHome channelHome() {
        return registry.channels();
    }

    @Override
    public boolean inLoop() {
        return inEventLoop();
    }

    @Override
    public EventLoop eventLoop() {
        return this;
    }

    /** The clock of its timers. */
    @Override
    public Ticker ticker() {
        // Null while the super constructor runs, which notes a first activity that nothing here reads.
        return ticker == null ? Ticker.systemTicker() : ticker;
    }

    /** What waits for this loop's events. Its rules say who may call what. */
    public Poller poller() {
        return io.poller();
    }

    /** The name of its thread; {@code not started} before its first task. Any thread. */
    public String threadName() {
        return io.threadName();
    }

    /** Turns so far: polls that returned. Any thread. */
    public long turns() {
        return io.turns();
    }

    /** When the last turn began, on the scale of {@link System#nanoTime()}. Any thread. */
    public long lastTurnNanos() {
        return io.lastTurnNanos();
    }

    /** What its thread has begun so far: turns, events and tasks. Any thread. */
    public long progress() {
        return io.progress();
    }

    /** How long its thread has waited in its poller so far, in nanoseconds, a wait under way included. Any thread. */
    public long waitedNanos() {
        return io.waitedNanos();
    }

    /** Events of its poller so far. Any thread. */
    public long events() {
        return io.events();
    }

    /**
     * Whether every event has been dispatched that came at least so long ago. Only on this thread.
     *
     * @param sinceTurn the turn, of {@link #turns()}, in which the fd was added to the poller
     * @param agoNanos in nanoseconds
     */
    public boolean hasDispatched(int sinceTurn, long agoNanos) {
        return io.hasDispatched(sinceTurn, agoNanos);
    }

    /** True while it sleeps in its poller, or has not started. Any thread. */
    public boolean isWaiting() {
        return io.isWaiting();
    }

    /** Its thread; null before its first task. Any thread. */
    public @Nullable LoopThread loopThread() {
        return io.thread();
    }

    /** It was seen to be blocked, or to run again. Any thread. */
    public void blocked(boolean seen) {
        blocked = seen;
    }

    /** True while it is said to be blocked. Any thread. */
    public boolean isBlocked() {
        return blocked;
    }

    /** True if nothing new should be given to it: it is blocked, or it ends. Any thread. */
    public boolean isAvoided() {
        return blocked || leaving || isShuttingDown();
    }

    /** It is to end, or to stand by: nothing new is given to it from now on. Any thread. */
    void leaves() {
        leaving = true;
    }

    /** Something is bound to it for as long as the process lives, such as a context of a Vert.x. Any thread. */
    public void bind() {
        bound = true;
    }

    /** True if its thread must not end before the process, even if it serves no more. Any thread. */
    public boolean isBound() {
        return bound;
    }

    /** An error has ended what its thread does. Any thread. */
    public boolean hasDied() {
        return died;
    }

    /** It serves again after all. Any thread. */
    void comesBack() {
        leaving = false;
    }

    /** True if it only serves while others are blocked. Any thread. */
    public boolean isSpare() {
        return role.kind() == LoopRole.Kind.SPARE;
    }

    /** True if it only serves one service. Any thread. */
    public boolean isLane() {
        return role.kind() == LoopRole.Kind.LANE;
    }

    /** What it is there for. Any thread. */
    public LoopRole role() {
        return role;
    }

    /** True once it is to end or to stand by, or has died. Any thread. */
    public boolean isLeaving() {
        return leaving;
    }

    /** How many fds it owns now: channels, of whatever kind. Any thread. Cost: O(highest number). */
    public int owned() {
        return io.owned();
    }

    /** Runs a task in the next turn, after the events that wait by then. Only on this thread. */
    public void nextTurn(Runnable task) {
        // Netty looks for timers that are due once a turn; a task would be run again and again in this one.
        schedule(task, 0, TimeUnit.NANOSECONDS);
    }

    /** Each task of a turn is looked for here, just before it runs. */
    @Override
    protected Runnable pollTask() {
        io.taskBegun();
        return super.pollTask();
    }

    /** The {@link dev.baton.spi.fd.Fd#key()} that is dispatched now, or -1. Any thread. */
    public long currentKey() {
        return io.currentKey();
    }

    /** A listener has accepted a connection here. Only on this thread. */
    public void countAccepted() {
        ACCEPTED.setOpaque(this, accepted + 1);
    }

    /** Connections that listeners have accepted on this loop, wherever they are now. Any thread. */
    public long accepted() {
        return (long) ACCEPTED.getOpaque(this);
    }

    /** Goes one inline call deeper if the limit allows it; then {@link #inlineEnd} must follow. Only on this thread. */
    public boolean inlineBegin(int limit) {
        if (inlineDepth >= limit) {
            return false;
        }
        inlineDepth++;
        return true;
    }

    /** Ends what {@link #inlineBegin} allowed. */
    public void inlineEnd() {
        inlineDepth--;
    }

    // ---- who runs here now ----------------------------------------------------------------------------------------

    /** The channels that its thread has entered. Only on this thread. */
    public Occupants occupants() {
        return occupants;
    }

    /** Who is told of what plugins throw here outside of any channel; null until there is one. Any thread. */
    @Nullable
    PluginFailures failures() {
        return registry.failures();
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /**
     * From here on a shutdown is refused: code that gets at a loop, by a Vert.x or a channel, must not end it. Any
     * thread.
     */
    public void mustNotEnd() {
        kept = true;
    }

    /** It may be shut down from here on. Any thread. */
    public void mayEnd() {
        kept = false;
    }

    /** Whether a shutdown is refused. Any thread. */
    boolean isKept() {
        return kept;
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return kept ? newFailedFuture(refused()) : super.shutdownGracefully(quietPeriod, timeout, unit);
    }

    @Deprecated
    @Override
    public void shutdown() {
        if (kept) {
            throw refused();
        }
        super.shutdown();
    }

    private IllegalStateException refused() {
        IllegalStateException refused = new IllegalStateException(
                "cannot end " + this + ": it is the runtime's; what a plugin has opened it closes itself");
        LOG.error("an attempt to end {} was refused", this, refused);
        return refused;
    }

    /**
     * What a loop does, until it is told to end. An Error that gets out of it is a loop's death: Netty would end it,
     * and its connections with it. Where other loops take those over, the thread first does for them what is queued
     * here, and polls no more, until all are gone.
     */
    @Override
    protected void run() {
        try {
            super.run();
        } catch (Throwable t) {
            Deaths deaths = registry.deaths();
            if (deaths != null && !isShuttingDown()) {
                die(deaths, t);
            }
            throw t;
        }
    }

    /** Takes care of what a loop leaves behind that has died. */
    public interface Deaths {
        /**
         * A loop has died; its thread is calling. Must only begin what is to be done, elsewhere, and then
         * {@link BatonLoop#release} it.
         */
        void died(BatonLoop loop, Throwable cause);
    }

    /** Nothing is left for it to do. Any thread. */
    public void release() {
        released = true;
    }

    private void die(Deaths deaths, Throwable cause) {
        died = true;
        leaving = true;
        deaths.died(this, cause);
        // No longer a loop, so it may wait. Tasks come until every channel has another owner: they hop, or they run
        // here.
        long end = System.nanoTime() + DYING_MAX_NANOS;
        while (!released && !isShuttingDown() && System.nanoTime() - end < 0) {
            try {
                runAllTasks();
            } catch (Throwable t) { // perhaps the same again
                LOG.debug("a task of {}, which has died, failed", this, t);
            }
            LockSupport.parkNanos(DYING_STEP_NANOS);
        }
    }

    /**
     * Ends only when it owns no fd: the last tasks, a handler that connects again when its connection has ended for
     * example, may have brought new ones.
     */
    @Override
    protected boolean confirmShutdown() {
        if (!super.confirmShutdown()) {
            return false;
        }
        if (isShutdown() || endingTurns >= ENDING_TURNS_MAX || !io.deleteOwned()) {
            return true;
        }
        endingTurns++;
        execute(() -> {}); // what was told by a task of ours has a turn, and nothing waits in the poller
        return false;
    }

    // A channel that can change loops is registered under its own facade, which stays its event loop for life.

    @Override
    public ChannelFuture register(Channel channel) {
        if (!(channel instanceof Attachable attachable)) {
            return super.register(channel);
        }
        EventLoop facade;
        try {
            facade = attachable.attach(this);
        } catch (IllegalStateException refused) {
            return new DefaultChannelPromise(channel, this).setFailure(refused);
        }
        ChannelPromise promise = new DefaultChannelPromise(channel, facade);
        channel.unsafe().register(facade, promise);
        return promise;
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        if (!(promise.channel() instanceof Attachable attachable)) {
            return super.register(promise);
        }
        EventLoop facade;
        try {
            facade = attachable.attach(this);
        } catch (IllegalStateException refused) {
            return promise.setFailure(refused);
        }
        promise.channel().unsafe().register(facade, promise);
        return promise;
    }

    @Deprecated
    @Override
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        return promise.channel() == channel && channel instanceof Attachable
                ? register(promise)
                : super.register(channel, promise);
    }

    @Override
    public String toString() {
        return "loop " + id();
    }
}
