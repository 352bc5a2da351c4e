package dev.baton.runtime.blocking;

import dev.baton.runtime.channel.MovableStreamChannel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One wait of a connection for the result of blocking code.
 *
 * <pre>
 * asked    under the claim: the socket is read no further; {@link KeptInput} keeps what was read already
 * work     on a worker, without a claim
 * told     posted to the connection, under the claim, on whichever loop owns it then:
 *            open    -> the result, then what was kept, then the socket is read again
 *            closed  -> nothing
 * </pre>
 *
 * <p>The connection closes before: work that has not begun is left out, and nothing is told.
 */
public final class BlockingCall {
    /** What a connection waits for; absent or null if it does not. Read and written under the claim. */
    private static final AttributeKey<BlockingCall> WAITS = AttributeKey.valueOf(BlockingCall.class, "WAITS");

    private final MovableStreamChannel connection;
    private final KeptInput kept;
    private final Work work;

    private <T extends @Nullable Object> BlockingCall(
            MovableStreamChannel connection,
            KeptInput kept,
            Callable<? extends T> code,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        this.connection = connection;
        this.kept = kept;
        this.work = new Work(() -> run(code, then, failed));
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
        Attribute<BlockingCall> waits = connection.attr(WAITS);
        if (waits.get() != null) {
            throw new IllegalStateException(connection + " waits for blocking work already");
        }
        if (!connection.isOpen()) {
            return;
        }
        BlockingCall call = new BlockingCall(connection, KeptInput.before(handler), code, then, failed);
        waits.set(call);
        call.kept.begin(call);
        connection.pauseInput();
        try {
            pool.add(call.work);
        } catch (RejectedExecutionException e) {
            connection.offer(() -> call.told(() -> failed.accept(e)));
        }
    }

    private <T extends @Nullable Object> void run(
            Callable<? extends T> code, Consumer<? super T> then, Consumer<? super Throwable> failed) {
        Runnable result;
        try {
            T value = code.call();
            result = () -> then.accept(value);
        } catch (Throwable t) { // the plugin says what becomes of it
            result = () -> failed.accept(t);
        }
        Runnable telling = result;
        try {
            connection.post(() -> told(telling));
        } catch (RejectedExecutionException gone) {
            // Its last loop has ended, and with it the connection.
        }
    }

    /** Under the claim. What the plugin throws here closes the connection, and what was kept goes with it. */
    private void told(Runnable result) {
        Attribute<BlockingCall> waits = connection.attr(WAITS);
        if (waits.get() == this) {
            waits.set(null);
        }
        if (!connection.isOpen()) {
            return;
        }
        kept.end();
        result.run();
        kept.giveAll();
        if (waits.get() == null && connection.isOpen()) {
            connection.resumeInput();
        }
    }

    /** Under the claim: the connection has closed. */
    void closed() {
        work.leaveOut();
    }
}
