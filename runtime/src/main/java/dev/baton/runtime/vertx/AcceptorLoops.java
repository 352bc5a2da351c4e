package dev.baton.runtime.vertx;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopGroup;
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
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/**
 * Vert.x's acceptor group: hands out the same loops. Vert.x closes it on its own and before the loops, so a close of it
 * ends only this group and leaves the loops alone.
 */
final class AcceptorLoops extends AbstractEventExecutorGroup implements EventLoopGroup {
    private final LoopGroup loops;
    /** Starts over when it is through. Its own: what asks here must not shift the order in which contexts get loops. */
    private Iterator<EventExecutor> turn;

    private final Promise<Void> terminated = ImmediateEventExecutor.INSTANCE.newPromise();

    AcceptorLoops(LoopGroup loops) {
        this.loops = loops;
        this.turn = loops.iterator();
    }

    @Override
    public synchronized EventLoop next() {
        if (!turn.hasNext()) {
            turn = loops.iterator();
        }
        EventLoop next = (EventLoop) turn.next();
        return next instanceof BatonLoop loop && loop.isLeaving() ? loops.next() : next;
    }

    @Override
    public Iterator<EventExecutor> iterator() {
        return loops.iterator();
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
