package dev.baton.runtime.blocking;

import dev.baton.runtime.metrics.Meters;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The workers of one plugin: so many pieces of work run at once, so many more wait, and others are refused. A plugin
 * has workers of its own, so that one whose database hangs does not hold up another. Work that is left out gives its
 * room back at once.
 *
 * <p>Each worker takes from the queue until that is empty, and ends. Who adds to the queue starts a worker if there may
 * be one more. A worker that ends looks at the queue once more afterwards: who has added meanwhile may have counted it
 * as one that is there.
 *
 * <p>Threading: any; nothing here waits.
 */
public final class WorkerPool {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerPool.class);

    private final String plugin;
    private final int threadsMax;
    private final int waitingMax;
    private final WorkerThreads threads;

    private final Queue<Work> queue = new ConcurrentLinkedQueue<>();
    private final Set<Work> running = ConcurrentHashMap.newKeySet();
    /** What runs and what waits. */
    private final AtomicInteger taken = new AtomicInteger();

    private final AtomicInteger workers = new AtomicInteger();
    private final LongAdder done = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder leftOut = new LongAdder();
    private final LongAdder nanos = new LongAdder();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean ending;

    /**
     * Without workers yet.
     *
     * @param threadsMax how many pieces of work may run at once, at least 1
     * @param waitingMax how many more may wait
     */
    WorkerPool(String plugin, int threadsMax, int waitingMax, WorkerThreads threads, Meters metrics) {
        this.plugin = plugin;
        this.threadsMax = threadsMax;
        this.waitingMax = waitingMax;
        this.threads = threads;
        metrics.gauge(
                "baton_blocking_running", "Blocking work of a plugin that runs now.", running::size, "plugin", plugin);
        metrics.gauge(
                "baton_blocking_waiting",
                "Blocking work of a plugin that waits for a worker.",
                () -> Math.max(0, taken.get() - running.size()),
                "plugin",
                plugin);
        metrics.counted(
                "baton_blocking_done_total", "Blocking work of a plugin that was done.", done::sum, "plugin", plugin);
        metrics.counted(
                "baton_blocking_refused_total",
                "Blocking work of a plugin that was refused because too much waited.",
                refused::sum,
                "plugin",
                plugin);
        metrics.counted(
                "baton_blocking_left_out_total",
                "Blocking work of a plugin whose connection closed before it began.",
                leftOut::sum,
                "plugin",
                plugin);
        metrics.counted(
                "baton_blocking_ms_total",
                "Milliseconds that blocking work of a plugin has taken.",
                () -> TimeUnit.NANOSECONDS.toMillis(nanos.sum()),
                "plugin",
                plugin);
    }

    /**
     * Has some work done.
     *
     * @throws RejectedExecutionException if there is no room or no thread for it: it will not run
     */
    void add(Work work) {
        if (ending) {
            throw new RejectedExecutionException("blocking work of plugin " + plugin + " is refused: the process ends");
        }
        if (taken.incrementAndGet() > threadsMax + waitingMax) {
            taken.decrementAndGet();
            refused.increment();
            throw new RejectedExecutionException("blocking work of plugin " + plugin + " is refused: " + threadsMax
                    + " run and " + waitingMax + " wait (workers: { threads, queue } in the configuration)");
        }
        boolean queued = false;
        try {
            queue.add(work);
            queued = true;
        } finally {
            if (!queued) {
                taken.decrementAndGet();
            }
        }
        if (ending) {
            leaveOutAll();
        }
        try {
            startWorker();
        } catch (Throwable t) { // no thread to be had, for example an OutOfMemoryError
            boolean left = work.leaveOut();
            if (left) {
                refused.increment();
                freeRoom(work);
            }
            RejectedExecutionException none = new RejectedExecutionException(
                    "blocking work of plugin " + plugin + " is refused: there is no thread for it: " + t, t);
            refuseWithoutWorker(none);
            endIfDone();
            if (left) {
                throw none;
            }
        }
    }

    /** What was added while the worker that did not start was counted as one that is there. */
    private void refuseWithoutWorker(RejectedExecutionException why) {
        while (workers.get() == 0) {
            Work work = queue.poll();
            if (work == null) {
                return;
            }
            taken.decrementAndGet();
            if (work.refuse(why)) {
                refused.increment();
            }
        }
    }

    /**
     * Any thread: nothing waits for its result any longer. If it has not begun it never will. Looks through the queue.
     */
    void leaveOut(Work work) {
        if (work.leaveOut()) {
            leftOut.increment();
            freeRoom(work);
        }
    }

    /** A worker that has polled the work already frees its room itself. */
    private void freeRoom(Work leftOutWork) {
        if (queue.remove(leftOutWork)) {
            taken.decrementAndGet();
        }
    }

    private void startWorker() {
        if (!oneMore()) {
            return;
        }
        boolean started = false;
        try {
            threads.start("baton-blocking-" + plugin, this::workUntilEmpty);
            started = true;
        } finally {
            if (!started) {
                workers.decrementAndGet();
            }
        }
    }

    /** The right to be a worker, where there is work and there may be one more. */
    private boolean oneMore() {
        int now = workers.get();
        while (now < threadsMax && !queue.isEmpty()) {
            if (workers.compareAndSet(now, now + 1)) {
                return true;
            }
            now = workers.get();
        }
        return false;
    }

    private void workUntilEmpty() {
        do {
            for (Work work = queue.poll(); work != null; work = queue.poll()) {
                threads.beforeWork();
                if (work.begin()) {
                    run(work);
                }
                taken.decrementAndGet();
            }
            workers.decrementAndGet();
        } while (oneMore());
        endIfDone();
    }

    private void run(Work work) {
        long begun = System.nanoTime();
        Thread.interrupted(); // what the work before has left
        running.add(work);
        try {
            if (ending) {
                Thread.currentThread().interrupt(); // it was not among those that were interrupted
            }
            work.run();
        } catch (Throwable t) { // what tells its result has thrown: the next piece of work needs this worker
            LOG.error("the result of blocking work of plugin {} cannot be told", plugin, t);
        } finally {
            running.remove(work);
            done.increment();
            nanos.add(System.nanoTime() - begun);
        }
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /**
     * Leaves out what has not begun and interrupts what runs, whose connections are closed by now.
     *
     * @return completes when nothing runs any more
     */
    CompletableFuture<Void> end() {
        ending = true;
        leaveOutAll();
        running.forEach(Work::interrupt);
        endIfDone();
        return ended;
    }

    private void leaveOutAll() {
        for (Work work = queue.poll(); work != null; work = queue.poll()) {
            taken.decrementAndGet();
            if (work.leaveOut()) {
                leftOut.increment();
            }
        }
    }

    private void endIfDone() {
        if (ending && workers.get() == 0) {
            ended.complete(null);
        }
    }
}
