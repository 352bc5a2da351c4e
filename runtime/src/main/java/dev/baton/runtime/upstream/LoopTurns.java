package dev.baton.runtime.upstream;

import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits until each loop has ended the callback that it is in. A request reads what may change, for example the choice
 * of a server, and acts on it in one callback; after this, no callback acts on what was there before.
 */
public final class LoopTurns {
    private static final Logger LOG = LoggerFactory.getLogger(LoopTurns.class);

    private LoopTurns() {}

    /**
     * Runs a task when every loop has ended the callback that it is in now, on the loop that is last. A blocked loop
     * delays it; one that has ended does not.
     */
    public static void afterAll(Loops loops, Runnable task) {
        // Those too that serve one service only, or leave: they run callbacks of connections as well.
        List<? extends Loop> all = loops instanceof LoopRegistry registry ? registry.known() : loops.all();
        AtomicInteger left = new AtomicInteger(all.size() + 1);
        Runnable ended = () -> {
            if (left.decrementAndGet() == 0) {
                task.run();
            }
        };
        for (Loop each : all) {
            try {
                each.execute(ended);
            } catch (RejectedExecutionException over) {
                LOG.debug("loop {} has ended", each.id(), over);
                ended.run();
            }
        }
        ended.run();
    }
}
