package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractEventExecutor;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import io.netty.util.concurrent.Ticker;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The event loop of one channel that can change loops: stays the same for life and hands everything to whichever loop
 * owns the channel's fd at that time. {@code inEventLoop()} is true only for the thread that has entered the channel.
 *
 * <p>Tasks are queued here, in the channel, not in a loop, and run in order, once, under a claim. One <em>drain</em>
 * stands in the owner's task queue for all of them; {@code draining} says that there is one:
 *
 * <pre>
 *   queue a task:  add to the queue, then draining 0 -> 1 or there is a drain already, then owner.execute(drain)
 *   drain:         draining = 0, then enter, then at most 64 tasks, leave; again if some are left
 *   refused drain: the fd has another owner: start over with that one. Deleted and not finalized: the finalizer will
 *   takeover:      (thief, under its claim) draining = 0, then look at the queue: the old drain may be stuck for long
 * </pre>
 *
 * <p>All accesses to {@code draining} are volatile: a thread that queues either finds 0 and sends a drain, or is seen
 * by the look at the queue that follows whatever set it to 0 (F2 of the race list). A drain too many does no harm.
 */
final class ChannelLoop extends AbstractEventExecutor implements EventLoop, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(ChannelLoop.class);

    /** Tasks an entry: so many of about a microsecond each delay the loop's other connections little. */
    private static final int TASKS_MAX = 64;
    /** Channels that run inline inside each other: deeper ones queue, so that the stack stays small. */
    private static final int INLINE_MAX = 8;

    private static final VarHandle QUEUE;
    private static final VarHandle DRAINING;
    private static final VarHandle TIMERS;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            QUEUE = lookup.findVarHandle(ChannelLoop.class, "queue", Queue.class);
            DRAINING = lookup.findVarHandle(ChannelLoop.class, "draining", int.class);
            TIMERS = lookup.findVarHandle(ChannelLoop.class, "timers", Object.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final FdChannel channel;

    @SuppressWarnings("UnusedVariable") // read through QUEUE
    private @Nullable Queue<Runnable> queue;

    @SuppressWarnings("UnusedVariable") // read through DRAINING
    private int draining;

    @SuppressWarnings("UnusedVariable") // read through TIMERS
    private @Nullable Object timers;

    ChannelLoop(FdChannel channel) {
        this.channel = channel;
    }

    // ---- tasks ----------------------------------------------------------------------------------------------------

    @Override
    public boolean inEventLoop(Thread thread) {
        return channel.isHolder(thread);
    }

    /** Inline if the caller is the owner's thread, does not run on the channel already and overtakes nothing. */
    @Override
    public void execute(Runnable task) {
        if (channel.isHolder() || !runInline(task)) {
            queue(task);
        }
    }

    /** Inline wherever that keeps the order, also for the holder: a message from another channel. */
    void post(Runnable task) {
        if (!runInline(task)) {
            queue(task);
        }
    }

    private boolean runInline(Runnable task) {
        if (hasQueued()) {
            return false;
        }
        BatonLoop loop = BatonLoop.currentLoop();
        if (loop == null || !loop.inlineBegin(INLINE_MAX)) {
            return false;
        }
        try {
            if (!channel.enter()) {
                return false;
            }
            try {
                // Again, now that only we can take from the queue: what was queued before we entered goes first.
                if (hasQueued()) {
                    return false;
                }
                channel.runGuarded(task);
                return true;
            } finally {
                channel.leave();
            }
        } finally {
            loop.inlineEnd();
        }
    }

    /**
     * Queues behind everything else and returns.
     *
     * @throws RejectedExecutionException if the owner has ended: the task will not run, and what it holds is the
     *     caller's
     */
    void queue(Runnable task) {
        Queue<Runnable> tasks = tasks();
        tasks.add(task);
        try {
            sendDrain();
        } catch (RejectedExecutionException e) {
            // A thief may have run it meanwhile; then it was not rejected.
            if (tasks.remove(task)) {
                throw e;
            }
        }
    }

    boolean hasQueued() {
        Queue<Runnable> tasks = existing();
        return tasks != null && !tasks.isEmpty();
    }

    @SuppressWarnings("unchecked")
    private @Nullable Queue<Runnable> existing() {
        return (Queue<Runnable>) QUEUE.getAcquire(this);
    }

    private Queue<Runnable> tasks() {
        Queue<Runnable> tasks = existing();
        if (tasks == null) {
            // Unbounded like Netty's own task queues: a bound would lose promises. Made when first needed: most
            // channels never queue.
            Queue<Runnable> made = new ConcurrentLinkedQueue<>();
            tasks = QUEUE.compareAndSet(this, null, made) ? made : existing();
        }
        if (tasks == null) {
            throw new AssertionError("queue vanished");
        }
        return tasks;
    }

    private void sendDrain() {
        if ((int) DRAINING.getVolatile(this) == 0 && DRAINING.compareAndSet(this, 0, 1)) {
            boolean sent = false;
            try {
                sendTo(channel.owner());
                sent = true;
            } finally {
                if (!sent) { // also when something else threw: who queues next must try again
                    DRAINING.setVolatile(this, 0);
                }
            }
        }
    }

    private void sendTo(BatonLoop first) {
        BatonLoop owner = first;
        while (true) {
            try {
                owner.execute(this);
                return;
            } catch (RejectedExecutionException e) {
                BatonLoop now = channel.owner();
                if (now == owner) {
                    throw e;
                }
                owner = now; // it has retired since we looked, and the channel has another one
            }
        }
    }

    /** The thief's, under its claim; and the finalizer's last step: looks after what an older drain may never reach. */
    void resendDrain() {
        DRAINING.setVolatile(this, 0);
        if (hasQueued()) {
            try {
                sendDrain();
            } catch (RejectedExecutionException e) {
                LOG.debug("the last loop of {} has ended with tasks queued", channel.fd(), e);
            }
        }
    }

    /** The drain: the loop stands for it in the owner's queue, so that no channel needs an object more. */
    @Override
    public void run() {
        DRAINING.setVolatile(this, 0);
        Queue<Runnable> tasks = existing();
        if (tasks == null || tasks.isEmpty()) {
            return;
        }
        if (!channel.enter()) {
            if (channel.isLive() || channel.isGone()) {
                sendDrain();
            }
            return;
        }
        try {
            for (int i = 0; i < TASKS_MAX; i++) {
                if (channel.isClaimed() && !channel.isLive()) {
                    return; // given away or deleted: the rest must find it gone, and not a socket that is another's
                }
                Runnable task = tasks.poll();
                if (task == null) {
                    break;
                }
                channel.runGuarded(task);
            }
        } finally {
            channel.leave();
        }
        if (!tasks.isEmpty()) {
            sendDrain();
        }
    }

    @Override
    public Future<?> submit(Runnable task) {
        return submit(Executors.callable(task));
    }

    @Override
    public <T> Future<T> submit(Runnable task, T result) {
        return submit(Executors.callable(task, result));
    }

    /** Its future fails if it throws, and so does the channel: few look at such futures. */
    @Override
    public <T> Future<T> submit(Callable<T> task) {
        return super.submit(() -> {
            try {
                return task.call();
            } catch (Throwable t) {
                threw(t);
                throw t;
            }
        });
    }

    /** Holder: code of a plugin threw. */
    void threw(Throwable cause) {
        channel.failed(cause);
    }

    // ---- timers ---------------------------------------------------------------------------------------------------

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
        return new ChannelTimer<>(this, Executors.callable(command), 0).start(delay, unit);
    }

    @Override
    public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
        return new ChannelTimer<>(this, callable, 0).start(delay, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
        if (period <= 0) {
            throw new IllegalArgumentException("period " + period + ": must be above 0");
        }
        return new ChannelTimer<>(this, Executors.callable(command), unit.toNanos(period)).start(initialDelay, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay, TimeUnit unit) {
        if (delay <= 0) {
            throw new IllegalArgumentException("delay " + delay + ": must be above 0");
        }
        return new ChannelTimer<>(this, Executors.callable(command), -unit.toNanos(delay)).start(initialDelay, unit);
    }

    @Override
    public Ticker ticker() {
        return channel.owner().ticker();
    }

    /** The loop that a timer that is armed now goes to. */
    BatonLoop owner() {
        return channel.owner();
    }

    // The timers that have not ended, for a rescue. Lock-free, any thread. A channel without timers pays one field, and
    // so does one with a single timer, which is the common case:
    //
    //   field             add t                   remove t
    //   null              t                       (nothing)
    //   t                 -                       null
    //   another, u        a set of u and t        (nothing)
    //   a set, for life   put into it             taken out of it
    //
    // A timer is added once, before any thread that could end it knows of it, and a set holds what stood in the field
    // before it is published: so what is to be removed is found wherever it has got to.

    /** A timer that is about to be armed with {@link #owner}, which the caller asks for afterwards. */
    void pending(ChannelTimer<?> timer) {
        while (true) {
            Object known = TIMERS.getVolatile(this);
            if (known instanceof Set<?>) {
                timers(known).add(timer);
                break;
            }
            Object next = timer;
            if (known != null) {
                Set<ChannelTimer<?>> several = ConcurrentHashMap.newKeySet();
                several.add((ChannelTimer<?>) known);
                several.add(timer);
                next = several;
            }
            if (TIMERS.compareAndSet(this, known, next)) {
                break;
            }
        }
        // We write here and read the owner then; a thief changes the owner and reads here then. One of the two must see
        // the other (TimerRescueIT), for which the acquiring read of the owner alone is too weak.
        VarHandle.fullFence();
    }

    /** A timer has ended. */
    void notPending(ChannelTimer<?> timer) {
        Object known = TIMERS.getVolatile(this);
        if (known == timer) {
            if (TIMERS.compareAndSet(this, timer, null)) {
                return;
            }
            known = TIMERS.getVolatile(this); // made part of a set meanwhile
        }
        if (known instanceof Set<?>) {
            timers(known).remove(timer);
        }
    }

    /** True if there are timers that have not ended. */
    boolean hasTimers() {
        Object known = TIMERS.getVolatile(this);
        return known instanceof ChannelTimer<?>
                || (known instanceof Set<?> && !timers(known).isEmpty());
    }

    /** The thief's, under its claim, in a rescue: arms with itself what the victim may be too stuck to fire. */
    void rescueTimers(BatonLoop thief) {
        VarHandle.fullFence();
        Object known = TIMERS.getVolatile(this);
        if (known instanceof ChannelTimer<?> timer) {
            rescue(timer, thief);
        } else if (known != null) {
            for (ChannelTimer<?> timer : timers(known)) {
                rescue(timer, thief);
            }
        }
    }

    private void rescue(ChannelTimer<?> timer, BatonLoop thief) {
        try {
            timer.rescue(thief);
        } catch (Throwable t) { // the thief holds a claim, which it must give back
            LOG.error("cannot arm a timer of {} on {}: it stays with its old loop", channel.fd(), thief, t);
        }
    }

    @SuppressWarnings("unchecked")
    private static Set<ChannelTimer<?>> timers(Object several) {
        return (Set<ChannelTimer<?>>) several;
    }

    // ---- the rest of an event loop --------------------------------------------------------------------------------

    @Override
    public @Nullable EventLoopGroup parent() {
        return channel.owner().parent();
    }

    @Override
    public EventLoop next() {
        return this;
    }

    @Override
    public ChannelFuture register(Channel other) {
        return channel.owner().register(other);
    }

    @Override
    public ChannelFuture register(ChannelPromise promise) {
        return channel.owner().register(promise);
    }

    @Deprecated
    @Override
    public ChannelFuture register(Channel other, ChannelPromise promise) {
        return channel.owner().register(other, promise);
    }

    @Override
    public boolean isShuttingDown() {
        return channel.owner().isShuttingDown();
    }

    @Override
    public boolean isShutdown() {
        return channel.owner().isShutdown();
    }

    @Override
    public boolean isTerminated() {
        return channel.owner().isTerminated();
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
        return channel.owner().awaitTermination(timeout, unit);
    }

    @Override
    public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
        return newFailedFuture(notOurs());
    }

    @Override
    public Future<?> terminationFuture() {
        return channel.owner().terminationFuture();
    }

    @Deprecated
    @Override
    public void shutdown() {
        throw notOurs();
    }

    private static UnsupportedOperationException notOurs() {
        return new UnsupportedOperationException(
                "the event loop of one channel cannot be shut down: close the channel");
    }
}
