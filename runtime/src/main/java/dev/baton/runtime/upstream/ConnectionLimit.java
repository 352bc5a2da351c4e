package dev.baton.runtime.upstream;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.ServerBusyException.Reason;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code max-connections} of one server, over the pools of all profiles: serves those that wait in its
 * {@link ServerQueue}. Any thread.
 *
 * <p>{@link #serve} is called after everything that may help a waiter: a place was freed, a connection rests, a
 * newcomer was added. The caller serves all that can be served, each on the loop that it runs on: the loop that asked
 * may be blocked. In turn a waiter gets a free place; an idle connection of its own profile; or one that it cannot use
 * is closed, and the place is granted as soon as the fd is.
 */
final class ConnectionLimit {
    private static final Logger LOG = LoggerFactory.getLogger(ConnectionLimit.class);

    /** Calls of {@link #serve} inside each other, as a connection that is served may end at once; then a task. */
    private static final int NESTED_MAX = 8;

    /** An idle connection was busy for a moment, for example with a late event: time after which it is asked again. */
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final FastThreadLocal<int[]> NESTED = new FastThreadLocal<>() {
        @Override
        protected int[] initialValue() {
            return new int[1];
        }
    };

    private final UpstreamServer server;
    private final UpstreamConfig config;
    private final Loops loops;
    private final ServerQueue<QueuedConnect> queue;
    private final List<ServerPool> pools = new CopyOnWriteArrayList<>();
    private final AtomicBoolean retries = new AtomicBoolean();
    private final Counter waits;
    private final Counter timeouts;
    private final Counter refusals;

    private ConnectionLimit(
            int placesMax, UpstreamServer server, UpstreamConfig config, Loops loops, ServerMetrics metrics) {
        this.server = server;
        this.config = config;
        this.loops = loops;
        this.queue = new ServerQueue<>(placesMax, config.queue());
        waits = metrics.waits();
        timeouts = metrics.timeouts();
        refusals = metrics.refusals();
        metrics.waiting(queue);
    }

    /** The limit of a server; null if its upstream has none. */
    static @Nullable ConnectionLimit of(
            UpstreamServer server, UpstreamConfig config, Loops loops, ServerMetrics metrics) {
        return config.maxConnections().isEmpty()
                ? null
                : new ConnectionLimit(config.maxConnections().get(), server, config, loops, metrics);
    }

    /** Adds the connections of one more profile. */
    void add(ServerPool pool) {
        pools.add(pool);
    }

    /** Those of a profile that is not used any longer. */
    void remove(ServerPool pool) {
        pools.remove(pool);
    }

    long timeoutNanos() {
        return config.queueTimeout().toNanos();
    }

    int waiting() {
        return queue.waiting();
    }

    // ---- those that come and wait -----------------------------------------------------------------------------------

    /** Serves a newcomer now, or when its turn comes. On the thread of the loop that asks. */
    void connect(QueuedConnect newcomer) {
        queue.add(newcomer);
        serve();
        switch (queue.settle(newcomer)) {
            case SERVED -> {}
            case FULL -> {
                refusals.increment();
                newcomer.failed(new ServerBusyException(
                        Reason.FULL,
                        "all " + config.maxConnections().orElseThrow() + " connections to " + server.address()
                                + " are in use, and " + config.queue() + " requests wait for one"));
            }
            case WAITS -> {
                waits.increment();
                if (!newcomer.pool().server().isConnectable() && queue.end(newcomer)) {
                    newcomer.closed(); // since it looked: closed() may have missed it
                    return;
                }
                newcomer.startTimer(timeoutNanos());
                newcomer.waits();
            }
        }
    }

    /**
     * Nothing may connect to the server, as all can see by now: ends every wait. One that settles meanwhile sees it
     * itself: it settles first and looks then.
     */
    void closed() {
        queue.endAll(QueuedConnect::closed);
    }

    /** Stops a wait; false if it was over. */
    boolean cancel(QueuedConnect waiter) {
        return queue.end(waiter);
    }

    /** Ends the wait of one whose time is over, and of those before it that a blocked loop has not ended. */
    void timeOut(QueuedConnect late, long nowNanos) {
        end(late);
        QueuedConnect first;
        while ((first = queue.first()) != null && first.isLate(nowNanos) && end(first)) {
            LOG.trace("{}: another loop's has waited too long", server);
        }
    }

    private boolean end(QueuedConnect late) {
        if (!queue.end(late)) {
            return false;
        }
        timeouts.increment();
        late.failed(new ServerBusyException(
                Reason.TIMEOUT,
                "none of the " + config.maxConnections().orElseThrow() + " connections to " + server.address()
                        + " became free within " + config.queueTimeout().toMillis() + "ms"));
        return true;
    }

    // ---- what there is for them -------------------------------------------------------------------------------------

    /** Takes a place for a connection that another process has opened; false if none is free. */
    boolean takePlace() {
        return queue.takePlace();
    }

    /** Takes a place for a connection that is there and in use, or packed, whether one is free or not. */
    void overdraw() {
        queue.overdraw();
    }

    /** A connection is closed, or none came of its place. */
    void freed() {
        queue.freePlace();
        serve();
    }

    /** Whether any request waits. */
    boolean isWaitedFor() {
        return !queue.isEmpty();
    }

    /** Whether a request waits for a connection of this pool. Call it after what is offered can be seen by others. */
    boolean isWaitedFor(ServerPool pool) {
        return queue.isWaitedFor(pool);
    }

    /** Takes out the first that waits for a connection of this pool, which the caller serves; null if none waits. */
    @Nullable
    QueuedConnect takeFirst(ServerPool pool) {
        return queue.serve(pool);
    }

    /** Serves those that wait, if any; call it after what can be used rests. */
    void rested() {
        if (isWaitedFor()) {
            serve();
        }
    }

    /**
     * Hands a connection that was released to the first that waits for one of its profile. On the thread that left it.
     *
     * @return false: it is the caller's still
     */
    boolean handOver(ServerPool pool, ServerPool.Member member, Loop loop) {
        MovableChannel channel = member.channel();
        int[] nested = NESTED.get();
        if (!isWaitedFor() || nested[0] >= NESTED_MAX || !channel.tryEnter()) {
            return false;
        }
        nested[0]++;
        try {
            if (!channel.isActive()) {
                return false;
            }
            if (!pool.isQuiet((MovableStreamChannel) channel)) {
                return true; // its place is granted when the fd is closed
            }
            QueuedConnect first = queue.serve(pool);
            if (first == null) {
                return false;
            }
            member.taken();
            first.reuses(member, loop);
            return true;
        } finally {
            nested[0]--;
            channel.leave();
        }
    }

    /** Serves all that can be served. */
    void serve() {
        Loop loop = here();
        int[] nested = NESTED.get();
        if (loop != null && nested[0] >= NESTED_MAX) {
            execute(loop, this::serve);
            return;
        }
        nested[0]++;
        try {
            QueuedConnect first;
            do {
                first = queue.grant();
            } while (first != null && loop != null && reuse(first, loop));
        } finally {
            nested[0]--;
        }
    }

    /** The loop whose thread is calling, if it may open connections and take them over. */
    @Nullable
    Loop here() {
        Loop current = loops.current();
        return current == null
                        || current.id() == LoopRegistry.APART
                        || current.eventLoop().isShuttingDown()
                ? null
                : current;
    }

    /** Finds an idle connection where there is no place; true: something was done, look again. */
    private boolean reuse(QueuedConnect first, Loop loop) {
        ServerPool own = first.pool();
        ServerPool.Member idle = own.takeAny(loop);
        if (idle != null) {
            try {
                QueuedConnect served = queue.serve(own);
                if (served == null) {
                    idle.release();
                } else {
                    served.reuses(idle, loop);
                }
            } finally {
                idle.channel().leave();
            }
            return true;
        }
        for (ServerPool each : pools) {
            if (each != own && each.close(loop)) {
                return false; // its place is granted when the fd is closed
            }
        }
        // One of its own that another loop does not share.
        if (!own.close(loop) && pools.stream().anyMatch(ServerPool::hasIdle)) {
            retry(loop);
        }
        return false;
    }

    /** Later, for no event may tell that a connection is not busy any longer. The pool closes one that stays busy. */
    private void retry(Loop loop) {
        if (retries.compareAndSet(false, true)) {
            Future<?> later = schedule(loop, RETRY_NANOS, this::retried);
            if (later != null) {
                later.addListener(ended -> {
                    if (ended.isCancelled()) { // its loop has ended
                        execute(loop, this::retried);
                    }
                });
            }
        }
    }

    private void retried() {
        retries.set(false);
        rested();
    }

    // ---- other loops ------------------------------------------------------------------------------------------------

    /** Runs a task on a loop, or on another if that ends; false if all do. */
    boolean execute(Loop on, Runnable task) {
        for (Loop next = orAnother(on); next != null; next = orAnother(next)) {
            try {
                next.execute(task);
                return true;
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended", next.id(), ended);
            }
        }
        return false;
    }

    /** Runs a task after a while on a loop, or on another if that ends; null if all do. */
    @Nullable
    Future<?> schedule(Loop on, long nanos, Runnable task) {
        for (Loop next = orAnother(on); next != null; next = orAnother(next)) {
            try {
                return next.eventLoop().schedule(task, nanos, TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended", next.id(), ended);
            }
        }
        return null;
    }

    /** One that rejects a task is shutting down, and so it is not found again. */
    private @Nullable Loop orAnother(Loop loop) {
        if (!loop.eventLoop().isShuttingDown()) {
            return loop;
        }
        for (Loop each : loops.all()) {
            if (!each.eventLoop().isShuttingDown()) {
                return each;
            }
        }
        return null;
    }
}
