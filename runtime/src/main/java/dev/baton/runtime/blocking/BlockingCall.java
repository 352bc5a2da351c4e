package dev.baton.runtime.blocking;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.BlockingWork;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One wait for the result of blocking code.
 *
 * <pre>
 * asked    under the claim
 * work     on a worker, without a claim
 * told     posted to the connection, under the claim, on whichever loop owns it then:
 *            open    -> the result, then what the {@link Waiter} has held back
 *            closed  -> nothing; a result that is reference-counted is released
 * </pre>
 *
 * <p>A {@link WaitingHandler} holds the input of its connection back. Each handler of a connection waits for itself:
 * one that waits for the second message does not disturb one behind it that waits for the first. A call that
 * {@link #beside} has made holds nothing back, and any number of them may be under way.
 *
 * <p>The connection closes before, or the result is not wanted: work that has not begun is left out, and nothing is
 * told.
 */
public final class BlockingCall implements BlockingWork {
    private final WorkerPool pool;
    private final MovableStreamChannel connection;
    private final Waiter waiter;
    private final Work work;

    private <T extends @Nullable Object> BlockingCall(
            WorkerPool pool,
            MovableStreamChannel connection,
            Waiter waiter,
            Callable<? extends T> code,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        this.pool = pool;
        this.connection = connection;
        this.waiter = waiter;
        this.work = new Work(() -> run(code, then, failed), why -> post(() -> failed.accept(why), null));
    }

    /**
     * As {@link dev.baton.spi.service.ServiceContext#blocking} promises it for a handler.
     *
     * @param pool the workers of the plugin
     */
    public static <T extends @Nullable Object> void make(
            WorkerPool pool,
            ChannelHandlerContext handler,
            Callable<? extends T> code,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        MovableStreamChannel connection = claimed(handler.channel());
        if (!connection.isOpen()) {
            return;
        }
        WaitingHandler waiter = new WaitingHandler(connection, handler);
        BlockingCall call = new BlockingCall(pool, connection, waiter, code, then, failed);
        waiter.begin(call);
        call.ask(failed);
    }

    /**
     * As {@link dev.baton.spi.service.ServiceContext#blocking} promises it for one of several things that a connection
     * does at a time.
     *
     * @param pool the workers of the plugin
     */
    public static <T extends @Nullable Object> BlockingWork beside(
            WorkerPool pool,
            MovableChannel channel,
            Callable<? extends T> code,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        MovableStreamChannel connection = claimed(channel);
        WaitingTask waiter = new WaitingTask();
        BlockingCall call = new BlockingCall(pool, connection, waiter, code, then, failed);
        if (connection.isOpen()) {
            call.ask(failed);
        }
        return call;
    }

    private static MovableStreamChannel claimed(Channel channel) {
        if (!(channel instanceof MovableStreamChannel connection)) {
            throw new IllegalArgumentException(channel + " is no connection of a service");
        }
        if (!connection.eventLoop().inEventLoop()) {
            throw new IllegalStateException("blocking work is asked for under the claim on " + connection
                    + ", as in a callback of its handler");
        }
        return connection;
    }

    private void ask(Consumer<? super Throwable> failed) {
        try {
            pool.add(work);
        } catch (Throwable t) { // refused, or an Error: who waits is told so, and waits no longer
            work.leaveOut();
            connection.offer(() -> told(() -> failed.accept(t), null));
        }
    }

    /** Waits by itself, and holds nothing back. */
    private static final class WaitingTask implements Waiter {
        private boolean over;

        @Override
        public boolean end(BlockingCall call) {
            boolean first = !over;
            over = true;
            return first;
        }

        @Override
        public void told() {}
    }

    private <T extends @Nullable Object> void run(
            Callable<? extends T> code, Consumer<? super T> then, Consumer<? super Throwable> failed) {
        if (!connection.isOpen()) {
            return;
        }
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
        if (!connection.isOpen() || !waiter.end(this)) {
            ReferenceCountUtil.safeRelease(value);
            return;
        }
        result.run();
        waiter.told();
    }

    @Override
    public void leaveOut() {
        if (waiter.end(this)) {
            pool.leaveOut(work);
        }
    }

    /** Under the claim: the connection has closed. */
    void closed() {
        pool.leaveOut(work);
    }
}
