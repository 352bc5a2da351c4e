package dev.baton.runtime.dns;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/** Takes no more than a few threads of an executor at once; what comes then waits for one of them. Any thread. */
final class FewThreads implements Executor {
    private final Executor threads;
    private final int most;
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();
    /** Tasks that run or wait. */
    private final AtomicInteger tasks = new AtomicInteger();

    FewThreads(Executor threads, int most) {
        this.threads = threads;
        this.most = most;
    }

    @Override
    public void execute(Runnable task) {
        waiting.add(task);
        // Each takes one from the queue, not always its own.
        if (tasks.getAndIncrement() < most) {
            threads.execute(this::work);
        }
    }

    /** A thread's work: there is something in the queue for each count in {@code tasks} that is not running yet. */
    private void work() {
        do {
            Runnable next = waiting.poll();
            if (next != null) {
                next.run();
            }
        } while (tasks.getAndDecrement() > most);
    }
}
