package dev.baton.plugin.admin;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does one thing at a time, on at most one thread: a plugin whose view or action blocks costs that thread and no other
 * answer.
 *
 * <pre>
 *   nothing runs                     ask: run it
 *   something runs                   ask: it waits; share: it waits, or shares the result of the same work that waits already
 *   something runs for too long      ask, share: refused
 *   done, others wait                run the next
 * </pre>
 *
 * <p>A client that has waited for too long is told so, and what it waited for is not begun any more.
 *
 * <p>Threading: the server's loop only; the work runs elsewhere.
 */
final class Lane {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);

    private final String name;
    private final Executor threads;
    private final long limitMillis;
    private final Deque<Run<?>> waiting = new ArrayDeque<>();
    private @Nullable Run<?> running;

    /** It was not done in time. */
    static final class OverdueException extends Exception {
        private static final long serialVersionUID = 1L;

        /** Whether it was not even begun for this client. */
        final boolean refused;

        OverdueException(String message, boolean refused) {
            super(message);
            this.refused = refused;
        }
    }

    /** One piece of work. */
    private static final class Run<T> {
        final Callable<T> work;
        final Promise<T> promise = Promise.promise();
        long begun;
        volatile @Nullable Thread thread;
        boolean told;

        Run(Callable<T> work) {
            this.work = work;
        }

        Future<T> call() {
            thread = Thread.currentThread();
            try {
                return Future.succeededFuture(work.call());
            } catch (Throwable t) { // the lane must not stay taken
                return Future.failedFuture(t);
            } finally {
                thread = null;
            }
        }
    }

    /**
     * A lane in which nothing runs.
     *
     * @param name for messages: {@code GET /v1/pools}
     * @param threads where it runs
     * @param limitMillis how long a client waits
     */
    Lane(String name, Executor threads, long limitMillis) {
        this.name = name;
        this.threads = threads;
        this.limitMillis = limitMillis;
    }

    /** The result of work that begins now or later; fails with an {@link OverdueException} if that takes too long. */
    <T> Future<T> ask(Callable<T> work) {
        Run<?> now = running;
        if (now != null && System.nanoTime() - now.begun > TimeUnit.MILLISECONDS.toNanos(limitMillis)) {
            return Future.failedFuture(new OverdueException(overdue(now), true));
        }
        Run<T> run = new Run<>(work);
        if (now == null) {
            begin(run);
        } else {
            waiting.add(run);
        }
        return limited(run);
    }

    /**
     * As {@link #ask}; those who ask for the same work before it has begun share one result, which is never older than
     * the question.
     */
    @SuppressWarnings("unchecked") // the same work has the same result
    <T> Future<T> share(Callable<T> work) {
        for (Run<?> run : waiting) {
            if (run.work == work) {
                return limited((Run<T>) run);
            }
        }
        return ask(work);
    }

    private <T> Future<T> limited(Run<T> run) {
        return run.promise.future().timeout(limitMillis, TimeUnit.MILLISECONDS).recover(failure -> {
            if (!(failure instanceof TimeoutException)) {
                return Future.failedFuture(failure);
            }
            boolean refused = waiting.remove(run);
            Run<?> now = running;
            return Future.failedFuture(new OverdueException(now == null ? late() : overdue(now), refused));
        });
    }

    private <T> void begin(Run<T> run) {
        running = run;
        run.begun = System.nanoTime();
        Context context = Vertx.currentContext();
        threads.execute(() -> {
            Future<T> result = run.call();
            context.runOnContext(nothing -> done(run, result));
        });
    }

    private <T> void done(Run<T> run, Future<T> result) {
        running = null;
        Run<?> next = waiting.poll();
        if (next != null) {
            begin(next);
        }
        result.onComplete(run.promise);
    }

    private String late() {
        return name + " was not done within " + limitMillis + " ms";
    }

    /** Says what a run is in; with the stack in the log, once. */
    private String overdue(Run<?> run) {
        Thread thread = run.thread;
        StackTraceElement[] stack = thread == null ? new StackTraceElement[0] : thread.getStackTrace();
        StringBuilder lines = new StringBuilder();
        String in = "";
        for (StackTraceElement frame : stack) {
            lines.append("\n    at ").append(frame);
            boolean platform = frame.getClassName().startsWith("java.")
                    || frame.getClassName().startsWith("jdk.");
            if (in.isEmpty() && !platform) {
                in = "; it is in " + frame.getClassName() + "." + frame.getMethodName();
            }
        }
        String message = late() + in;
        if (!run.told && stack.length > 0) {
            run.told = true;
            LOG.warn("{}{}", message, lines);
        }
        return message;
    }
}
