package dev.baton.runtime.upstream;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The idle connections of all upstreams, of which some are closed where somebody needs their fds: of each pool in its
 * turn.
 */
final class IdleConnections implements FdBudget.Idle, Consumer<ServerPool> {
    private final Loops loops;
    private final List<ServerPool> pools = new CopyOnWriteArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    IdleConnections(Loops loops) {
        this.loops = loops;
    }

    @Override
    public void accept(ServerPool pool) {
        pools.add(pool);
    }

    @Override
    public int close(int fds) {
        Loop loop = loops.current();
        if (loop == null || loop.id() == LoopRegistry.APART) {
            return 0; // it can take nothing over
        }
        int closed = 0;
        int dry = 0;
        while (closed < fds && dry < pools.size()) {
            ServerPool pool = pools.get(Math.floorMod(turn.getAndIncrement(), pools.size()));
            if (pool.evict(loop)) {
                closed++;
                dry = 0;
            } else {
                dry++;
            }
        }
        return closed;
    }
}
