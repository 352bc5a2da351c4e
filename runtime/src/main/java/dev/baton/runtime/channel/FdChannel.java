package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import io.netty.channel.Channel;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.DefaultChannelPipeline;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Netty channel on an fd of the table. {@link ClaimedChannel} says which thread may run on it, {@link PolledChannel}
 * which poller has it; here is how events reach it and how it ends: by a close, by a delete from outside, by code that
 * throws.
 */
abstract class FdChannel extends PolledChannel {
    private static final Logger LOG = LoggerFactory.getLogger(FdChannel.class);

    private volatile boolean open = true;

    /** A channel without an fd. */
    FdChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
    }

    @Override
    protected ChannelId newId() {
        return new ChannelNumber();
    }

    @Override
    protected DefaultChannelPipeline newChannelPipeline() {
        return new GuardedPipeline(this);
    }

    // ---- events ---------------------------------------------------------------------------------------------------

    @Override
    public final void dispatch(int loop, int ready) {
        hold();
        try {
            ready(env.loops().byId(loop), ready);
        } catch (Throwable t) {
            failed(t);
        } finally {
            leave();
        }
    }

    /** Holder: handles an event. */
    abstract void ready(BatonLoop loop, int ready);

    // ---- close ----------------------------------------------------------------------------------------------------

    @Override
    public final boolean isOpen() {
        return open;
    }

    /** Every close of a channel ends here: {@code fdDelete}, by the holder together with its leave (row 11). */
    @Override
    protected void doClose() throws Exception {
        open = false;
        Fd dying = fd();
        if (dying == null) {
            return;
        }
        delete(dying);
    }

    @Override
    public void closed() {
        BatonLoop last = lastOwner();
        if (!open || last == null) {
            return;
        }
        // Deleted from outside under a live channel: fail its writes and tell its handlers, on its last loop.
        try {
            last.execute(this::closeDeleted);
        } catch (RejectedExecutionException e) {
            if (last.inEventLoop()) {
                closeDeleted(); // the loop is ending, and this is its last step
            } else {
                lastLoopEnded(last, e);
            }
        }
    }

    /**
     * The last owner has ended, or ends: no thread is left to tell the handlers, unless the channel can have another
     * owner.
     */
    void lastLoopEnded(BatonLoop last, RejectedExecutionException cause) {
        LOG.debug("{} was deleted after its loop had ended: no thread is left to tell its handlers", fd(), cause);
    }

    private void closeDeleted() {
        if (enter()) {
            try {
                ClosedHere.mark(this);
                unsafe().close(voidPromise());
            } finally {
                leave();
            }
        }
    }

    // ---- failures -------------------------------------------------------------------------------------------------

    /** Holder: an I/O error reached the end of the pipeline. */
    void ended(IOException cause) {
        LOG.debug("{} ended: {}", fd(), cause.toString());
        closeQuietly();
    }

    /** Holder: a callback threw and no handler caught it. Gives up this channel and nothing else. */
    final void failed(Throwable cause) {
        try {
            if (isShortOfDirectMemory(cause)) {
                if (env.budget().allocationFailed()) {
                    LOG.warn(
                            "no direct memory for a buffer of {}, which is closed (logged once a minute; counted in"
                                    + " baton_memory_allocation_failures_total): {}",
                            fd(),
                            cause.getMessage());
                }
                return;
            }
            LOG.error("a callback of plugin {} threw on {}", plugin(), fd(), cause);
            env.failures().failed(plugin(), cause);
        } finally {
            giveUp();
        }
    }

    /** Holder: a listener of a future threw, which Netty would only log. */
    @Override
    public final void threw(Throwable cause) {
        failed(cause);
    }

    /** Not the fault of the code that asked. Netty throws a class of its own, the JDK says it in the message. */
    private static boolean isShortOfDirectMemory(Throwable cause) {
        return cause instanceof OutOfMemoryError
                && (cause.getClass() != OutOfMemoryError.class
                        || String.valueOf(cause.getMessage()).contains("direct buffer memory"));
    }

    /** Holder: one of the callbacks threw, so what state they are in is unknown. */
    void giveUp() {
        ClosedHere.mark(this);
        closeQuietly();
    }

    /** Holder: a message that no handler took; Netty releases it where it is counted. */
    void unhandled(Object message) {}

    @Override
    final void closeQuietly() {
        try {
            unsafe().close(voidPromise());
        } catch (Throwable t) { // the fd must not outlive the channel
            LOG.error("close of {} threw", fd(), t);
            Fd known = fd();
            if (known != null) {
                env.table().fdDelete(known);
            }
        }
    }

    @Override
    final void closeWith(Throwable cause) {
        ChannelPipeline pipeline = pipeline();
        pipeline.fireExceptionCaught(cause);
        closeQuietly();
    }

    @Override
    final void runGuarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) {
            if (enter()) {
                try {
                    failed(t);
                } finally {
                    leave();
                }
            } else {
                LOG.error("a task of plugin {} threw on {}", plugin(), fd(), t);
                env.failures().failed(plugin(), t);
                Fd known = fd();
                if (known != null) {
                    env.table().fdDelete(known);
                }
            }
        }
    }

    /**
     * Runs a task of the channel's own later, under a claim, never inline; not at all if the channel is out of reach.
     */
    void later(Runnable task) {
        try {
            homeLoop().execute(() -> {
                if (enter()) {
                    try {
                        runGuarded(task);
                    } finally {
                        leave();
                    }
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the loop of {} has ended, and the channel with it", fd(), e);
        }
    }
}
