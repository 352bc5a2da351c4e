package dev.baton.runtime.channel;

import io.netty.channel.ChannelOutboundBuffer;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * A connection over a unix socket that stays with its loop.
 *
 * <p>Where its server says so ({@link FdServerChannel#TCP_USER_TIMEOUT}) it ends when its peer has taken nothing for so
 * long of what is to be written, as the kernel ends TCP connections. Nothing else would end it: a close by Vert.x waits
 * for what has been written.
 */
public final class PinnedUnixChannel extends PinnedStreamChannel {
    /** 0: the peer may take all the time. */
    private final long takeNanos;

    // The loop's:
    /** When the peer was last seen to take something. */
    private long takenAtNanos;

    private boolean watched;

    /** A connection to be opened. */
    public PinnedUnixChannel(ChannelEnv env) {
        super(env);
        takeNanos = 0;
    }

    PinnedUnixChannel(FdUnixServerChannel parent, ChannelEnv env, int number, SocketAddress peer, boolean admitted) {
        super(parent, env, number, peer, admitted);
        takeNanos = TimeUnit.MILLISECONDS.toNanos(parent.userTimeoutMillis());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) throws Exception {
        if (takeNanos == 0) {
            super.doWrite(out);
            return;
        }
        long pending = out.totalPendingWriteBytes();
        long progress = out.currentProgress();
        super.doWrite(out);
        boolean begins = waitsForRoom() && !watched;
        if (begins || pending != out.totalPendingWriteBytes() || progress != out.currentProgress()) {
            takenAtNanos = System.nanoTime();
        }
        if (begins) {
            watched = true;
            lookIn(takeNanos);
        }
    }

    private void lookIn(long nanos) {
        eventLoop().schedule(this::look, nanos, TimeUnit.NANOSECONDS);
    }

    /**
     * Whether the peer takes anything. The kernel tells of room only when most of the socket's buffer is empty, so that
     * a slow peer looks like one that has stopped: to write is the way to know.
     */
    private void look() {
        if (isActive() && waitsForRoom()) {
            ((StreamUnsafe) ownUnsafe()).flushNow();
        }
        if (!isActive() || !waitsForRoom()) {
            watched = false;
            return;
        }
        long left = takeNanos - (System.nanoTime() - takenAtNanos);
        if (left > 0) {
            lookIn(left);
        } else {
            unsafe().close(voidPromise());
        }
    }
}
