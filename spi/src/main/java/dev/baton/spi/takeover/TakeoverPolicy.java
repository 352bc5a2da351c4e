package dev.baton.spi.takeover;

import dev.baton.spi.threading.AnyThread;

/** Decides where idle upstream connections are kept and which loop gets which of them. */
@FunctionalInterface
public interface TakeoverPolicy {

    /** Opens the pool of one server and one kind of interchangeable connections. Called once for each pair. */
    @AnyThread
    IdlePool open(PoolSpec spec);
}
