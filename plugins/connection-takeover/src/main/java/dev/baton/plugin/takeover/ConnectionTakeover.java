package dev.baton.plugin.takeover;

import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.TakeoverPolicy;

/** Keeps idle connections in a stack a loop; a loop takes its own first, then others' by takeover. */
public final class ConnectionTakeover implements TakeoverPolicy {

    @Override
    public IdlePool open(PoolSpec spec) {
        return new LoopStacks(spec);
    }
}
