package dev.baton.runtime.upstream;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.WaitingConnect;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connect to a server with {@code max-connections}, until it has a place, a connection or neither. */
final class QueuedConnect extends ServerQueue.Waiter implements WaitingConnect {
    private static final Logger LOG = LoggerFactory.getLogger(QueuedConnect.class);

    private final PooledConnections connections;
    private final ConnectionLimit limit;
    private final ServerPool pool;
    private final Loop asked;
    private final byte @Nullable [] firstBytes;
    private final ConnectHandler handler;
    private final long deadlineNanos;
    private volatile @Nullable Future<?> timer;

    QueuedConnect(
            PooledConnections connections,
            ConnectionLimit limit,
            ServerPool pool,
            Loop asked,
            byte @Nullable [] firstBytes,
            ConnectHandler handler) {
        super(pool);
        this.connections = connections;
        this.limit = limit;
        this.pool = pool;
        this.asked = asked;
        this.firstBytes = firstBytes;
        this.handler = handler;
        this.deadlineNanos = nanoTime() + limit.timeoutNanos();
    }

    ServerPool pool() {
        return pool;
    }

    private long nanoTime() {
        return asked.eventLoop().ticker().nanoTime();
    }

    // ---- waiting ----------------------------------------------------------------------------------------------------

    /** Tells the handler that it waits. */
    void waits() {
        handler.waits(this);
    }

    boolean isLate(long nowNanos) {
        return nowNanos - deadlineNanos >= 0;
    }

    /** Ends the wait after this time, on whichever loop there is then. */
    void startTimer(long nanos) {
        Future<?> started = limit.schedule(asked, nanos, () -> limit.timeOut(this, nanoTime()));
        timer = started;
        if (started == null) {
            return;
        }
        if (!isWaiting()) {
            stopTimer(); // the thread that ended the wait may not have seen it
            return;
        }
        started.addListener(ended -> {
            if (ended.isCancelled() && isWaiting()) { // its loop has ended
                startTimer(Math.max(0, deadlineNanos - nanoTime()));
            }
        });
    }

    private void stopTimer() {
        Future<?> started = timer;
        if (started != null) {
            started.cancel(false);
        }
    }

    @Override
    public boolean cancel() {
        boolean cancelled = limit.cancel(this);
        if (cancelled) {
            stopTimer();
        }
        return cancelled;
    }

    // ---- the end of the wait ----------------------------------------------------------------------------------------

    /** It was refused, or has waited too long. On a loop. */
    void failed(IOException cause) {
        stopTimer();
        tell(() -> handler.failed(cause));
    }

    /** Its wait was ended. Any thread. */
    void closed() {
        ServerClosedException cause = new ServerClosedException(pool.server());
        if (!limit.execute(asked, () -> failed(cause))) {
            failed(cause); // all loops have ended
        }
    }

    /** It is given a connection that has served others. Under a claim. */
    void reuses(ServerPool.Member member, Loop loop) {
        stopTimer();
        connections.reused(member, loop);
        MovableChannel channel = member.channel();
        PooledConnections.tell(handler, channel);
    }

    /** It is given a connection that carries others at the same time. Under a claim. */
    void shares(MovableChannel channel) {
        stopTimer();
        PooledConnections.tell(handler, channel);
    }

    /** It is given a place: connects, on this loop, as the one that asked may be blocked. */
    @Override
    void placed() {
        stopTimer();
        Loop here = limit.here();
        if (here != null) {
            open(here);
        } else if (!limit.execute(asked, this::openHere)) {
            limit.freed();
            tell(() -> handler.failed(new IOException("cannot connect to " + pool.server() + ": all loops ended")));
        }
    }

    private void openHere() {
        Loop here = limit.here();
        open(here == null ? asked : here);
    }

    private void open(Loop loop) {
        tell(() -> connections.open(pool, loop, firstBytes, handler));
    }

    /** What a handler throws must not reach the one whose connection has ended. */
    private void tell(Runnable call) {
        try {
            call.run();
        } catch (Throwable t) {
            LOG.error(
                    "plugin {}: told of a connection to {}, threw",
                    connections.profile().plugin(),
                    pool.server(),
                    t);
        }
    }
}
