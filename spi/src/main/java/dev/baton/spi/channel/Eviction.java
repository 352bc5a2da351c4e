package dev.baton.spi.channel;

import dev.baton.spi.threading.OnLoop;

/**
 * A user event of a connection's pipeline: the process's budget for memory is used up, and this connection is one of
 * those that hold most of it ({@link MovableChannel#hold}, and what it has not sent yet).
 *
 * <p>A handler that has words for that says them and ends the connection by itself, after {@link #take}; it gives back
 * at once what it holds. A connection whose handlers do not take the event is reset.
 */
public final class Eviction {
    private boolean taken;

    /** An event that no handler has seen yet. */
    public Eviction() {}

    /** The caller ends the connection, soon. */
    @OnLoop
    public void take() {
        taken = true;
    }

    /** True if a handler ends the connection. */
    @OnLoop
    public boolean isTaken() {
        return taken;
    }
}
