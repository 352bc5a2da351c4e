package dev.baton.spi.pool;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Idle connections to one server. An entry may be stale at any time (closed, taken over, rescued): the fd table
 * decides, the pool only remembers. No method waits for another loop.
 */
public interface IdlePool {

    /**
     * Takes a connection out: the loop's own first, then another loop's by takeover, if sharing allows it.
     *
     * @param loop the loop whose thread is calling
     * @return a connection on which the caller holds a claim and must leave, or null: open a new one
     */
    @OnLoop
    @Nullable
    MovableChannel take(Loop loop);

    /**
     * Takes a connection out that is to be closed because its fd is needed: any loop's, also where the loops do not
     * share.
     *
     * @param loop the loop whose thread is calling
     * @return as {@link #take}
     */
    @OnLoop
    default @Nullable MovableChannel evict(Loop loop) {
        return take(loop);
    }

    /**
     * Puts a connection in that nothing runs on: called after the leave, by the thread that left.
     *
     * @return false if the pool is full, closed or the connection is: the caller closes it
     */
    @OnLoop
    boolean put(Loop loop, MovableChannel connection);

    /**
     * Puts a connection in that has been idle for a while, in the process before this one: it may rest here for what is
     * left of the idle timeout.
     *
     * @return as {@link #put(Loop, MovableChannel)}; a pool that knows no ages may forget this one
     */
    @OnLoop
    default boolean put(Loop loop, MovableChannel connection, Duration idleFor) {
        return put(loop, connection);
    }

    /**
     * How long a connection had been idle when it was {@linkplain #take taken}; asked by the code that took it. Need
     * not be exact.
     */
    @OnLoop
    default Duration idleFor(MovableChannel connection) {
        return Duration.ZERO;
    }

    /** Forgets a connection that was closed, idle or not. Harmless if it is not in the pool. */
    @AnyThread
    void remove(MovableChannel connection);

    /** Closes what is idle now, and everything that is put later. */
    @AnyThread
    void close();

    /** Figures for {@code /v1/pools}. */
    @AnyThread
    PoolFigures figures();
}
