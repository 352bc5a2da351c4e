package dev.baton.runtime.blocking;

import dev.baton.runtime.metrics.Meters;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** The workers of all plugins. Thread-safe. */
public final class Workers {
    private final Map<String, WorkerPool> pools = new ConcurrentHashMap<>();
    private final int threadsMax;
    private final int waitingMax;
    private final WorkerThreads threads;
    private final Meters metrics;

    /**
     * None yet.
     *
     * @param threadsMax how many pieces of work of a plugin may run at once, at least 1
     * @param waitingMax how many more may wait
     */
    public Workers(int threadsMax, int waitingMax, WorkerThreads threads, Meters metrics) {
        this.threadsMax = threadsMax;
        this.waitingMax = waitingMax;
        this.threads = threads;
        this.metrics = metrics;
    }

    /** Those of a plugin. */
    public WorkerPool of(String plugin) {
        return pools.computeIfAbsent(
                plugin, absent -> new WorkerPool(plugin, threadsMax, waitingMax, threads, metrics));
    }

    /**
     * When all connections are closed: leaves out what has not begun, and interrupts what runs.
     *
     * @return completes when nothing runs any more
     */
    public CompletionStage<Void> end() {
        return CompletableFuture.allOf(
                pools.values().stream().map(WorkerPool::end).toArray(CompletableFuture<?>[]::new));
    }
}
