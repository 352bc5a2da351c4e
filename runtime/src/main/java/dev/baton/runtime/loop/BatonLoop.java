package dev.baton.runtime.loop;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.poller.Poller;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.SingleThreadIoEventLoop;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** One thread with one poller. Netty brings the task queue and the timers, {@link LoopIo} polls and dispatches. */
public final class BatonLoop extends SingleThreadIoEventLoop implements Loop {
    static final FastThreadLocal<BatonLoop> CURRENT = new FastThreadLocal<>();

    /** How often an ending loop starts over because it got new fds: so many handlers that connect again in turn. */
    private static final int ENDING_TURNS_MAX = 16;

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
    private int endingTurns;
    /** Connections accepted here; written by this thread only. */
    @SuppressWarnings("UnusedVariable") // through ACCEPTED
    private long accepted;

    /** How many channels' tasks run inline inside each other on this thread now; only this thread touches it. */
    private int inlineDepth;

    BatonLoop(IoEventLoopGroup parent, Executor executor, LoopFactory factory) {
        super(parent, executor, factory);
        this.io = (LoopIo) ioHandler();
        this.ticker = factory.ticker();
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
        execute(() -> {}); // whoever was told by a task of ours has a turn, and nothing waits in the poller
        return false;
    }

    // A channel that can change loops is registered under its own facade, which stays its event loop for life.

    @Override
    public ChannelFuture register(Channel channel) {
        if (channel instanceof Attachable attachable) {
            EventLoop facade = attachable.attach(this);
            ChannelPromise promise = new DefaultChannelPromise(channel, facade);
            channel.unsafe().register(facade, promise);
            return promise;
        }
        return super.register(channel);
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        if (promise.channel() instanceof Attachable attachable) {
            promise.channel().unsafe().register(attachable.attach(this), promise);
            return promise;
        }
        return super.register(promise);
    }

    @Override
    public String toString() {
        return "loop " + id();
    }
}
