package dev.baton.runtime.blocking;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A piece of work that was asked for.
 *
 * <pre>
 * WAITING -> RUNNING -> ENDED
 *    |
 *    +----------------> ENDED   left out: its connection has closed, the process ends, or there is no thread for it
 * </pre>
 */
final class Work {
    private enum State {
        WAITING,
        RUNNING,
        ENDED
    }

    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    /** Null once it has ended: a connection that has closed is not held by what it asked for. */
    private @Nullable Runnable body;

    private @Nullable Consumer<? super RejectedExecutionException> refused;

    /** The one that runs it; null before and after. */
    private volatile @Nullable Thread thread;

    /**
     * Not begun.
     *
     * @param body must not throw
     * @param refused is told, on any thread, if there is no thread for it after all
     */
    Work(Runnable body, Consumer<? super RejectedExecutionException> refused) {
        this.body = body;
        this.refused = refused;
    }

    /** Any thread: if it has not begun, it never will. False if it has, or was left out before. */
    boolean leaveOut() {
        if (!state.compareAndSet(State.WAITING, State.ENDED)) {
            return false;
        }
        forget();
        return true;
    }

    /** Any thread: leaves it out and tells why. False if it has begun, or was left out before. */
    boolean refuse(RejectedExecutionException why) {
        if (!state.compareAndSet(State.WAITING, State.ENDED)) {
            return false;
        }
        Consumer<? super RejectedExecutionException> told = refused;
        forget();
        if (told != null) {
            told.accept(why);
        }
        return true;
    }

    /** Only by the thread that has taken it out of WAITING. */
    private void forget() {
        body = null;
        refused = null;
    }

    /** Worker: from here on it can be interrupted, and {@link #run} follows. False if it was left out. */
    boolean begin() {
        if (!state.compareAndSet(State.WAITING, State.RUNNING)) {
            return false;
        }
        thread = Thread.currentThread();
        return true;
    }

    /** Worker, after it has begun. */
    void run() {
        try {
            Runnable running = body;
            if (running != null) {
                running.run();
            }
        } finally {
            thread = null;
            forget();
            state.set(State.ENDED);
        }
    }

    /** Any thread, at the end of the process: may also meet the worker right after it. */
    void interrupt() {
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }
}
