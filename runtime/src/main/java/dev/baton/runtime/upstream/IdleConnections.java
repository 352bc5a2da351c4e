package dev.baton.runtime.upstream;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The idle connections of all upstreams, of which some are closed when their fds are needed: of each pool in its turn.
 */
final class IdleConnections implements FdBudget.Idle {
    private final Loops loops;
    private final List<ServerPool> pools = new CopyOnWriteArrayList<>();
    private final AtomicInteger turn = new AtomicInteger();

    IdleConnections(Loops loops) {
        this.loops = loops;
    }

    void add(ServerPool pool) {
        pools.add(pool);
    }

    void remove(ServerPool pool) {
        pools.remove(pool);
    }

    @Override
    public int close(int fds) {
        Loop loop = loops.current();
        if (loop == null || loop.id() == LoopRegistry.APART) {
            return 0; // it can take nothing over
        }
        List<ServerPool> now = List.copyOf(pools);
        int closed = 0;
        int dry = 0;
        while (closed < fds && dry < now.size()) {
            ServerPool pool = now.get(Math.floorMod(turn.getAndIncrement(), now.size()));
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
