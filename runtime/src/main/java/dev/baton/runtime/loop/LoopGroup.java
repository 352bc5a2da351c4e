package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.PollCalls;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/** Netty's group of event loops, with ours as its children. */
public final class LoopGroup extends MultiThreadIoEventLoopGroup {

    // Set after the super constructor, which makes the children: those do not need it, and next() is not called before.
    private final LoopRegistry registry;

    /** The next in turn to which something new can be given; if there is none, any other loop that serves. */
    @Override
    public IoEventLoop next() {
        IoEventLoop next = super.next();
        for (int left = executorCount() - 1; left > 0 && ((BatonLoop) next).isAvoided(); left--) {
            next = super.next();
        }
        if (((BatonLoop) next).isLeaving()) {
            for (BatonLoop other : registry.batonLoops()) {
                // What stays on a loop for good must not be on one that stands by again.
                if (!other.isAvoided() && !other.isSpare()) {
                    return other;
                }
            }
        }
        return next;
    }

    /**
     * Makes the loops and opens their pollers; their threads start with their first task.
     *
     * @param count how many, at least 1
     * @param threads makes their threads
     * @param ticker the clock of their timers
     * @throws java.io.UncheckedIOException (wrapped by Netty in an IllegalStateException) if a poller cannot be opened
     */
    public LoopGroup(
            int count,
            ThreadFactory threads,
            PollerProvider provider,
            PollCalls calls,
            FdTable table,
            FdObservers observers,
            LoopRegistry registry,
            Ticker ticker) {
        super(
                count,
                threads,
                new LoopFactory(provider, calls, table, observers, registry, ticker, false, LoopRole.ORDINARY));
        this.registry = registry;
    }

    /** Of one loop. */
    private LoopGroup(ThreadFactory threads, LoopFactory factory) {
        super(1, threads, factory);
        this.registry = factory.registry();
    }

    /**
     * Makes one loop more.
     *
     * @param threads makes its thread
     * @param ticker the clock of its timers
     * @param role what it is there for
     */
    public static BatonLoop another(
            ThreadFactory threads,
            PollerProvider provider,
            PollCalls calls,
            FdTable table,
            FdObservers observers,
            LoopRegistry registry,
            Ticker ticker,
            LoopRole role) {
        LoopFactory factory = new LoopFactory(provider, calls, table, observers, registry, ticker, false, role);
        return (BatonLoop) new LoopGroup(threads, factory).iterator().next();
    }

    /**
     * Makes a loop apart from the others.
     *
     * @param threads makes its thread
     * @param ticker the clock of its timers
     */
    public static LoopGroup apart(
            ThreadFactory threads,
            PollerProvider provider,
            PollCalls calls,
            FdTable table,
            FdObservers observers,
            LoopRegistry registry,
            Ticker ticker) {
        return new LoopGroup(
                threads, new LoopFactory(provider, calls, table, observers, registry, ticker, true, LoopRole.ORDINARY));
    }

    /** Refused as a whole if one of the loops refuses: see {@link BatonLoop#mustNotEnd}. */
    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        for (EventExecutor each : this) {
            if (((BatonLoop) each).isKept()) {
                return each.shutdownGracefully(quietPeriod, timeout, unit);
            }
        }
        return super.shutdownGracefully(quietPeriod, timeout, unit);
    }

    @Override
    protected IoEventLoop newChild(Executor executor, IoHandlerFactory factory, Object... args) {
        // Called by the super constructor: this class has no field yet.
        LoopFactory ours = (LoopFactory) factory;
        BatonLoop loop = new BatonLoop(this, executor, ours);
        ours.registry().add(loop);
        return loop;
    }
}
