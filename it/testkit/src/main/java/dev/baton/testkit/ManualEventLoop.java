package dev.baton.testkit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Ticker;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Netty's view of a {@link ManualLoop}: its tasks and timers, with the rules of Netty's own loops. */
final class ManualEventLoop extends AbstractScheduledEventExecutor implements EventLoop {
    private final ManualLoop loop;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private volatile long now;

    private final Ticker clock = new Ticker() {
        @Override
        public long initialNanoTime() {
            return 0;
        }

        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public void sleep(long delay, TimeUnit unit) {
            throw new UnsupportedOperationException("the time of this loop is the test's: advance it");
        }
    };

    ManualEventLoop(ManualLoop loop) {
        this.loop = loop;
    }

    /** As the loop. */
    void runTasks() {
        Runnable task;
        while ((task = tasks.poll()) != null) {
            task.run();
        }
    }

    /** As the loop. */
    void advance(long nanos) {
        long end = now + nanos;
        runTasks();
        while (true) {
            long delay = nextScheduledTaskNano();
            if (delay < 0 || delay > end - now) {
                break;
            }
            long due = now + delay;
            now = due;
            Runnable timer;
            while ((timer = pollScheduledTask(now)) != null) {
                timer.run();
                runTasks();
            }
        }
        now = end;
    }

    boolean hasTimers() {
        return nextScheduledTaskNano() >= 0;
    }

    @Override
    public Ticker ticker() {
        return clock;
    }

    @Override
    public boolean inEventLoop() {
        return loop.inLoop();
    }

    @Override
    public boolean inEventLoop(Thread thread) {
        return thread == Thread.currentThread() && loop.inLoop();
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    // ---- the rest of an event loop --------------------------------------------------------------------------------

    @Override
    public @Nullable EventLoopGroup parent() {
        return null;
    }

    @Override
    public EventLoop next() {
        return this;
    }

    @Override
    public ChannelFuture register(Channel channel) {
        return register(new DefaultChannelPromise(channel, this));
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        promise.channel().unsafe().register(this, promise);
        return promise;
    }

    @Deprecated
    @Override
    public ChannelFuture register(Channel channel, ChannelPromise promise) {
        channel.unsafe().register(this, promise);
        return promise;
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return newFailedFuture(new UnsupportedOperationException("a loop is not its users' to end"));
    }

    @Override
    public Future<?> terminationFuture() {
        return newPromise();
    }

    @Deprecated
    @Override
    public void shutdown() {
        throw new UnsupportedOperationException("a loop is not its users' to end");
    }

    @Override
    public boolean isShuttingDown() {
        return false;
    }

    @Override
    public boolean isShutdown() {
        return false;
    }

    @Override
    public boolean isTerminated() {
        return false;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
        return false;
    }
}
