package dev.baton.plugin.rescue;

import dev.baton.spi.Component;
import dev.baton.spi.Replacement;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.metrics.Metrics;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gives the watchdog a thread of its own, which no loop can hold up, and its rounds. */
final class WatchdogThread implements Component, Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(WatchdogThread.class);

    private final Watchdog watchdog;
    private final Thread thread = new Thread(this, "baton-watchdog");
    private volatile boolean stopped;

    WatchdogThread(RescueConfig config, LoopWatch watch, Metrics metrics) {
        this.watchdog = new Watchdog(config, watch, metrics, new ProcThreads(), System.nanoTime());
        thread.setDaemon(true);
    }

    @Override
    public CompletionStage<String> start() {
        thread.start();
        return CompletableFuture.completedStage("");
    }

    @Override
    public void run() {
        try {
            watchdog.warmUp();
        } catch (Throwable t) { // the next rounds matter more
            LOG.error("cannot warm up the code of a rescue", t);
        }
        long interval = watchdog.intervalNanos();
        long next = System.nanoTime() + interval;
        while (!stopped) {
            long now = System.nanoTime();
            if (now - next < 0) {
                LockSupport.parkNanos(next - now);
                continue;
            }
            try {
                watchdog.round(now);
            } catch (Throwable t) { // without a watchdog nothing is rescued
                LOG.error("a round of the watchdog failed", t);
            }
            // From now, not from when it should have been: rounds that were missed are not made up for.
            next = now + interval;
        }
    }

    /** {@inheritDoc} Two would be at the same things. */
    @Override
    public Replacement replacement() {
        return Replacement.OLD_FIRST;
    }

    @Override
    public CompletionStage<Void> stop() {
        stopped = true;
        LockSupport.unpark(thread);
        return CompletableFuture.completedStage(null);
    }
}
