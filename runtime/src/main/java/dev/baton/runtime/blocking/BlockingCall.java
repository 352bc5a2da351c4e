package dev.baton.runtime.blocking;

import dev.baton.runtime.channel.MovableStreamChannel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One wait of a handler for the result of blocking code.
 *
 * <pre>
 * asked    under the claim: the socket is read no further; {@link KeptInput} keeps what was read already
 * work     on a worker, without a claim
 * told     posted to the connection, under the claim, on whichever loop owns it then:
 *            open    -> the result, then what was kept; then, if no other handler waits, the socket is read again
 *            closed  -> nothing; a result that is reference-counted is released
 * </pre>
 *
 * <p>The connection closes before: work that has not begun is left out, and nothing is told. Each handler of a
 * connection waits for itself: one that waits for the second message does not disturb one behind it that waits for the
 * first.
 */
public final class BlockingCall {
    /** How many handlers of a connection wait; absent or null if none does. Read and written under the claim. */
    private static final AttributeKey<Integer> WAITING = AttributeKey.valueOf(BlockingCall.class, "WAITING");

    private final WorkerPool pool;
    private final MovableStreamChannel connection;
    private final KeptInput kept;
    private final Work work;

    private <T extends @Nullable Object> BlockingCall(
            WorkerPool pool,
            MovableStreamChannel connection,
            KeptInput kept,
            Callable<? extends T> code,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        this.pool = pool;
        this.connection = connection;
        this.kept = kept;
        this.work = new Work(() -> run(code, then, failed), why -> post(() -> failed.accept(why), null));
    }

    /**
     * As {@link dev.baton.spi.service.ServiceContext#blocking} promises it.
     *
     * @param pool the workers of the plugin
     */
    public static <T extends @Nullable Object> void make(
            WorkerPool pool,
            ChannelHandlerContext handler,
            Callable<? extends T> code,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        if (!(handler.channel() instanceof MovableStreamChannel connection)) {
            throw new IllegalArgumentException(handler.channel() + " is no connection of a service");
        }
        if (!connection.eventLoop().inEventLoop()) {
            throw new IllegalStateException("blocking work is asked for under the claim on " + connection
                    + ", as in a callback of its handler");
        }
        if (!connection.isOpen()) {
            return;
        }
        KeptInput kept = KeptInput.before(handler);
        if (kept.waits()) {
            throw new IllegalStateException(
                    "handler " + handler.name() + " of " + connection + " waits for blocking work already");
        }
        BlockingCall call = new BlockingCall(pool, connection, kept, code, then, failed);
        kept.begin(call);
        call.count(1);
        try {
            connection.pauseInput();
            pool.add(call.work);
        } catch (Throwable t) { // refused, or an Error: the handler is told so, and waits no longer
            call.work.leaveOut();
            connection.offer(() -> call.told(() -> failed.accept(t), null));
        }
    }

    /** Under the claim: one handler more or less waits. Returns how many do now. */
    private int count(int more) {
        Attribute<Integer> waiting = connection.attr(WAITING);
        Integer before = waiting.get();
        int now = (before == null ? 0 : before) + more;
        waiting.set(now == 0 ? null : now);
        return now;
    }

    private <T extends @Nullable Object> void run(
            Callable<? extends T> code, Consumer<? super T> then, Consumer<? super Throwable> failed) {
        T value;
        try {
            value = code.call();
        } catch (Throwable t) { // the plugin's, which is given it; Errors as well
            post(() -> failed.accept(t), null);
            return;
        }
        post(() -> then.accept(value), value);
    }

    /**
     * Any thread.
     *
     * @param value what is released if the connection has closed
     */
    private void post(Runnable result, @Nullable Object value) {
        try {
            connection.post(() -> told(result, value));
        } catch (RejectedExecutionException gone) { // its last loop has ended, and with it the connection
            ReferenceCountUtil.safeRelease(value);
        }
    }

    /** Under the claim. What the plugin throws here closes the connection, and what was kept goes with it. */
    private void told(Runnable result, @Nullable Object value) {
        if (!connection.isOpen() || !kept.end(this)) {
            ReferenceCountUtil.safeRelease(value);
            return;
        }
        count(-1);
        result.run();
        kept.giveAll();
        if (count(0) == 0 && connection.isOpen()) {
            connection.resumeInput();
        }
    }

    /** Under the claim: the connection has closed. */
    void closed() {
        pool.leaveOut(work);
    }
}
