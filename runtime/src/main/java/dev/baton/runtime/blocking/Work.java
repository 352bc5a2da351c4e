package dev.baton.runtime.blocking;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A piece of work that was asked for.
 *
 * <pre>
 * WAITING -> RUNNING -> ENDED
 *    |
 *    +----------------> ENDED   its connection has closed, or the process ends: it is left out
 * </pre>
 */
final class Work {
    private enum State {
        WAITING,
        RUNNING,
        ENDED
    }

    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private final Runnable body;
    /** The one that runs it; null before and after. */
    private volatile @Nullable Thread thread;

    /** @param body must not throw */
    Work(Runnable body) {
        this.body = body;
    }

    /** Any thread: if it has not begun, it never will. False if it has. */
    boolean leaveOut() {
        return state.compareAndSet(State.WAITING, State.ENDED);
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
            body.run();
        } finally {
            thread = null;
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
