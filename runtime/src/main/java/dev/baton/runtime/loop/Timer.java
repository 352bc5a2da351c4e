package dev.baton.runtime.loop;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/** Runs something later, on no loop: a loop that is blocked must not delay it. */
@FunctionalInterface
public interface Timer {

    /** Runs a task once, after a time. */
    void after(Duration delay, Runnable task);

    /** The JDK's timer thread, which hands the tasks over to an executor. */
    static Timer on(Executor executor) {
        return (delay, task) -> CompletableFuture.delayedExecutor(delay.toNanos(), TimeUnit.NANOSECONDS, executor)
                .execute(task);
    }
}
