package dev.baton.runtime.loop;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractEventExecutorGroup;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.netty.util.concurrent.Promise;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Loops as a group for code that must not end them: Vert.x's acceptor, or an application's bootstraps. The group has
 * the loops that there are at the moment, and a shutdown of it ends the group and leaves the loops alone.
 *
 * <p>Threading: any.
 */
public class LentLoops extends AbstractEventExecutorGroup implements EventLoopGroup {
    private final Supplier<List<BatonLoop>> loops;
    /** Of this group alone: what asks here must not shift the order in which others get their loops. */
    private final AtomicInteger turn = new AtomicInteger();

    private final Promise<Void> terminated = ImmediateEventExecutor.INSTANCE.newPromise();

    /**
     * A group of them.
     *
     * @param loops those that there are when it is asked; not empty before the end
     */
    public LentLoops(Supplier<List<BatonLoop>> loops) {
        this.loops = loops;
    }

    /** The same loops as another group, with a turn and an end of its own, which comes with that of the others. */
    public LentLoops(LentLoops others) {
        this(others.loops);
        others.terminated.addListener(ended -> terminated.trySuccess(null));
    }

    /**
     * The next in turn to which something new can be given; if there is none, the next in turn.
     *
     * @throws RejectedExecutionException if there is none any more
     */
    @Override
    public EventLoop next() {
        List<BatonLoop> all = loops.get();
        if (all.isEmpty()) {
            throw new RejectedExecutionException("the loops have ended");
        }
        int first = turn.getAndIncrement();
        for (int i = 0; i < all.size(); i++) {
            BatonLoop next = all.get(Math.floorMod(first + i, all.size()));
            // What stays on a loop for good must not be on one that stands by again.
            if (!next.isAvoided() && !next.isSpare()) {
                return next;
            }
        }
        return all.get(Math.floorMod(first, all.size()));
    }

    @Override
    public Iterator<EventExecutor> iterator() {
        return new ArrayList<EventExecutor>(loops.get()).iterator();
    }

    @Override
    public ChannelFuture register(Channel channel) {
        return next().register(channel);
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        return next().register(promise);
    }

    @Deprecated
    @Override
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        return next().register(channel, promise);
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        terminated.trySuccess(null);
        return terminated;
    }

    @Deprecated
    @Override
    public void shutdown() {
        terminated.trySuccess(null);
    }

    @Override
    public Future<?> terminationFuture() {
        return terminated;
    }

    @Override
    public boolean isShuttingDown() {
        return terminated.isDone();
    }

    @Override
    public boolean isShutdown() {
        return terminated.isDone();
    }

    @Override
    public boolean isTerminated() {
        return terminated.isDone();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return terminated.await(timeout, unit);
    }
}
