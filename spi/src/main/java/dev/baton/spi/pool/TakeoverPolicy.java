package dev.baton.spi.pool;

import dev.baton.spi.threading.AnyThread;

/** Decides where idle upstream connections are kept and which loop gets which of them. */
@FunctionalInterface
public interface TakeoverPolicy {

    /**
     * Opens the pool of one address of a server and one kind of interchangeable connections. Two calls for the same
     * pair may race; the pool that is not used is closed at once.
     */
    @AnyThread
    IdlePool open(PoolSpec spec);
}
