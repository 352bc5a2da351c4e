package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.exchange.FilterCalls.Given;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.service.BlockingWork;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A callback that a worker runs. It may return when nothing waits for it any longer: its time is over, or its exchange.
 *
 * <pre>
 *   WAITING -> RUNNING -> RETURNED
 *      |          |          ^
 *      |          +-> LATE --+     it returns too late: its verdict is ignored, and its piece released
 *      |                |    |
 *      |                +-> HOLDS  the exchange has ended meanwhile, and its filter is told so when it returns
 *      +-> LEFT_OUT                it never begins
 * </pre>
 */
final class WorkerCall {
    private enum State {
        WAITING,
        RUNNING,
        LATE,
        HOLDS,
        RETURNED,
        LEFT_OUT
    }

    /** Which filter. */
    final int at;
    /** Its own: another thread may have released what it was made of. Null in a callback of a head. */
    final @Nullable Piece piece;
    /** What it has answered. */
    volatile @Nullable Given given;

    volatile boolean resumed;

    private final Downstream client;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private volatile @Nullable Thread thread;
    /** Written before HOLDS. */
    private @Nullable Runnable end;
    /** Under the claim; null before it was asked for. */
    private @Nullable BlockingWork work;

    WorkerCall(Downstream client, int at, @Nullable Piece piece) {
        this.client = client;
        this.at = at;
        this.piece = piece;
    }

    // ---- on the worker ----------------------------------------------------------------------------------------------

    HttpVerdict run(Callable<HttpVerdict> callback) throws Exception {
        if (!state.compareAndSet(State.WAITING, State.RUNNING)) {
            return HttpVerdict.CONTINUE; // which nothing waits for
        }
        thread = Thread.currentThread();
        try {
            return callback.call();
        } finally {
            thread = null;
            returned();
        }
    }

    private void returned() {
        State before = state.getAndSet(State.RETURNED);
        if (before == State.RUNNING) {
            return;
        }
        if (piece != null) {
            piece.release();
        }
        Runnable held = end;
        if (before == State.HOLDS && held != null && !client.post(held)) {
            held.run(); // its last loop has ended: nothing else can run for this exchange
        }
    }

    /** Any thread: the callback was called. */
    boolean hasBegun() {
        State now = state.get();
        return now != State.WAITING && now != State.LEFT_OUT;
    }

    boolean runsHere() {
        return thread == Thread.currentThread();
    }

    // ---- under the claim --------------------------------------------------------------------------------------------

    void asked(BlockingWork asked) {
        work = asked;
    }

    /** Nothing waits for it any longer. True: it runs, and returns later. */
    boolean abandon() {
        if (state.compareAndSet(State.RUNNING, State.LATE)) {
            return true;
        }
        if (state.compareAndSet(State.WAITING, State.LEFT_OUT)) {
            if (work != null) {
                work.leaveOut();
            }
        } else if (state.compareAndSet(State.RUNNING, State.LATE)) { // it has begun in between
            return true;
        }
        if (piece != null) {
            piece.release();
        }
        return false;
    }

    /** It was abandoned, and has not returned. */
    boolean isLate() {
        return state.get() == State.LATE;
    }

    /** Runs something when it returns, if it is late; false: it is not, and nothing will be run. */
    boolean whenReturned(Runnable task) {
        end = task;
        return state.compareAndSet(State.LATE, State.HOLDS);
    }
}
