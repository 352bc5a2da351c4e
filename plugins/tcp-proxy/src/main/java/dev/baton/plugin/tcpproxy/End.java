package dev.baton.plugin.tcpproxy;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.SpliceListener;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of the two ends of a stream: what it reads its partner writes.
 *
 * <p>The ends may be on different loops at any time, and change loops. So each field is touched under a claim on this
 * end's own channel only, and an end talks to its partner in one of two ways:
 *
 * <ul>
 *   <li>bytes, the hot way: {@code tryEnter} on the partner's channel, write, {@code leave};
 *   <li>everything else, and bytes that find no way in: {@code post}, which keeps the order.
 * </ul>
 *
 * <p>Backpressure has two sources. The partner's peer is slow: the partner says so when its buffer fills and drains.
 * The partner's loop is slow: bytes that were posted are counted until it acknowledges them, at most
 * {@value #WINDOW_BYTES}. While either holds, this end does not read, so that one stream never holds more than a few
 * buffers. Once a direction has carried {@code splice-after} bytes the kernel may pass the next ones on
 * ({@link MovableChannel#spliceTo}), and this end sees none of them; the runtime then holds the source back.
 *
 * <p>A stream that was cut must not look complete. So the sockets are set to reset when they are closed
 * ({@code SO_LINGER} 0), from the beginning: whatever ends one, be it an error, a timeout, a callback that throws, a
 * stop, or the death of this process, its peer sees a reset. An end is closed in order in one case only: each peer has
 * ended its side, and all of it was written.
 *
 * <pre>
 *   this end                                             the partner is told
 *   its peer ends its side                               to end its output behind what it has to write
 *   ends in order: both directions have ended            nothing more can come; the rest is given up when it does not move
 *   ends in any other way                                to write what it has, then to close, with a reset
 * </pre>
 */
final class End extends ChannelInboundHandlerAdapter {
    /**
     * Bytes on the way to the partner's loop: some full reads, so that the way there and back does not slow a stream.
     */
    private static final int WINDOW_BYTES = 256 * 1024;

    /** How long the rest of a stream whose other end is gone may make no progress before it is given up. */
    private static final long LINGER_SECONDS = 30;

    /** Looks in an idle timeout: a stream is idle for at least the timeout and at most an eighth longer. */
    static final int LOOKS_PER_TIMEOUT = 8;

    /** Values of {@code SO_LINGER}. */
    static final int RESET = 0;

    private static final int KERNEL_SENDS_THE_REST = -1;

    private static final Logger LOG = LoggerFactory.getLogger(End.class);

    private final TcpProxy proxy;
    private final MovableChannel channel;
    private final boolean client;

    private @Nullable ChannelHandlerContext ctx;
    private @Nullable End partner;

    /** The partner's buffer is full. */
    private boolean partnerFull;
    /** Bytes posted to the partner that it has not written yet. */
    private long posted;
    /** Bytes were written to the partner in this turn and not flushed. */
    private boolean flushOwed;

    private boolean inputEnded;
    private boolean outputEnding;
    private boolean outputEnded;
    private boolean closing;
    /** It goes on in another process: what happens to the channel here happens to nobody. */
    private boolean packed;

    /** Since the last look. */
    private boolean moved;
    /** Bytes that have gone from a pipe to this end's peer. */
    private long spliced;

    private int quietLooks;
    private long pendingSeen;
    private @Nullable Future<?> timer;

    End(TcpProxy proxy, MovableChannel channel, boolean client) {
        this.proxy = proxy;
        this.channel = channel;
        this.client = client;
    }

    MovableChannel channel() {
        return channel;
    }

    // ---- coming and going -----------------------------------------------------------------------------------------

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        if (partner == null) {
            touch();
            if (client) {
                proxy.connect(this);
            }
        } else { // unpacked
            goOn();
        }
        context.fireChannelActive();
    }

    /** The upstream end, when it is connected, before it has read anything. */
    void link(End other) {
        assert partner == null : "linked twice";
        partner = other;
        if (proxy.splices()) {
            channel.spliceTo(other.channel, proxy.spliceAfter(), new Spliced(this, other));
        }
    }

    /** The client's end, when the upstream end is connected. */
    void linked(End other) {
        link(other);
        if (channel.isActive()) {
            touch();
            armIdleTimer();
            updateReading();
            if (inputEnded) { // before there was anybody to tell
                other.tell(other::endOutput);
            }
        } else {
            other.tell(other::partnerCut);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (timer != null) {
            timer.cancel(false);
        }
        End other = partner;
        if (other != null && !packed) {
            other.tell(isDone() ? other::partnerDone : other::partnerCut);
        }
        context.fireChannelInactive();
    }

    // ---- to another process ---------------------------------------------------------------------------------------

    /**
     * Packs the stream, of which this is the client's end, under the claim; it is no longer this process's then.
     * {@link Packed#NOT_NOW} while it is being connected or ended, or while bytes are on their way between the ends.
     */
    Packed pack(Packing packing) {
        End other = partner;
        // First the claim: from then on both ends are on one loop, and bytes do not have to be posted from one to the
        // other.
        if (other == null || closing || !packing.with(other.channel) || !isBetweenBytes() || !other.isBetweenBytes()) {
            return Packed.NOT_NOW;
        }
        PackedStream stream = new PackedStream(quietSoFar(), other.quietSoFar());
        packed = true;
        other.packed = true;
        return Packed.of(stream.bytes(), other.channel);
    }

    private boolean isBetweenBytes() {
        return !closing && posted == 0 && !flushOwed && channel.isActive();
    }

    private int quietSoFar() {
        return moved ? 0 : quietLooks;
    }

    /** Links the two ends of a stream of another process, under the claims on both. */
    static void unpack(End client, End upstream, PackedStream stream) {
        client.goOnQuietly(stream.client());
        upstream.goOnQuietly(stream.upstream());
        client.link(upstream);
        upstream.link(client);
        upstream.goOn(); // it is active already
    }

    /** What was not sent there is no sign of life, and neither is that it comes. */
    private void goOnQuietly(int looks) {
        quietLooks = looks;
        pendingSeen = pendingBytes();
        moved = false;
    }

    /** It is active, and both ends are linked: goes on where the other process has stopped. */
    private void goOn() {
        End other = Objects.requireNonNull(partner);
        partnerFull = !other.channel.isWritable();
        if (client) {
            armIdleTimer();
        }
        updateReading();
    }

    /** The partner has ended in order: this end does as soon as it has written the rest. */
    private void partnerDone() {
        if (!closing && channel.isActive()) {
            watchRest(rest());
        }
    }

    /** The partner was cut off: closes this end too, with a reset, once what the partner has sent is written. */
    private void partnerCut() {
        if (closing || !channel.isActive()) {
            return;
        }
        closing = true;
        channel.config().setAutoRead(false);
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        if (channel.isActive()) {
            watchRest(rest());
        }
    }

    /** Becomes less with each byte that goes, whether the kernel or a buffer has it. */
    private long rest() {
        return pendingBytes() - spliced;
    }

    private void watchRest(long before) {
        if (timer != null) {
            timer.cancel(false);
        }
        timer = channel.eventLoop()
                .schedule(
                        () -> {
                            long now = rest();
                            if (now < before) {
                                watchRest(now);
                            } else {
                                channel.close();
                            }
                        },
                        LINGER_SECONDS,
                        TimeUnit.SECONDS);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof IOException) {
            channel.close(); // the partner is told by channelInactive
        } else {
            context.fireExceptionCaught(cause);
        }
    }

    /** Passes a message to this end, from any thread. */
    private void tell(Runnable message) {
        try {
            channel.post(message);
        } catch (RejectedExecutionException e) {
            LOG.debug("the last loop of {} has ended", channel, e); // and its connections with it
        }
    }

    // ---- bytes ----------------------------------------------------------------------------------------------------

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        touch();
        ByteBuf bytes = (ByteBuf) message;
        End other = partner;
        if (other == null || closing) {
            bytes.release();
        } else if (other.channel.tryEnter()) {
            try {
                other.write(bytes);
                partnerFull = !other.channel.isWritable();
            } finally {
                other.channel.leave();
            }
            flushOwed = true;
            updateReading();
        } else {
            postBytes(other, bytes);
        }
    }

    /**
     * Counts what goes from one end to the other without being read, each end under its own claim.
     *
     * @param from whose peer has sent it
     * @param to whose peer gets it
     */
    private record Spliced(End from, End to) implements SpliceListener {
        @Override
        public void taken(int bytes) {
            from.touch();
        }

        @Override
        public void passed(int bytes) {
            to.touch();
            to.spliced += bytes;
        }
    }

    private void postBytes(End other, ByteBuf bytes) {
        int length = bytes.readableBytes();
        posted += length;
        channel.hold(0, posted);
        boolean accepted = false;
        try {
            other.channel.post(() -> {
                other.write(bytes);
                other.context().flush();
                tell(() -> acknowledged(length));
            });
            accepted = true;
        } finally {
            if (!accepted) {
                bytes.release(); // its loop has ended
            }
        }
        updateReading();
    }

    /** Called by the partner, which holds a claim on this channel. */
    private void write(ByteBuf bytes) {
        touch();
        // A write that fails releases the bytes and closes this end by exceptionCaught.
        context().write(bytes, channel.voidPromise());
    }

    private void acknowledged(int length) {
        posted -= length;
        channel.hold(0, posted);
        updateReading();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        End other = partner;
        if (flushOwed && other != null) {
            flushOwed = false;
            if (other.channel.tryEnter()) {
                try {
                    other.context().flush();
                } finally {
                    other.channel.leave();
                }
            } else {
                other.tell(() -> other.context().flush());
            }
        }
        context.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        End other = partner;
        if (other != null) {
            boolean full = !channel.isWritable();
            other.tell(() -> other.partnerFull(full));
        }
        context.fireChannelWritabilityChanged();
    }

    private void partnerFull(boolean full) {
        partnerFull = full;
        updateReading();
    }

    private void updateReading() {
        boolean wanted = !partnerFull && posted < WINDOW_BYTES && !closing && partner != null;
        if (wanted != channel.config().isAutoRead()) {
            channel.config().setAutoRead(wanted);
        }
    }

    // ---- the end of a direction -----------------------------------------------------------------------------------

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event instanceof ChannelInputShutdownEvent) {
            inputEnded = true;
            End other = partner;
            if (other != null) {
                other.tell(other::endOutput);
            }
            closeIfDone();
        }
        context.fireUserEventTriggered(event);
    }

    /** The partner will send no more: passes that on behind what is still to be written. */
    private void endOutput() {
        if (outputEnding || !channel.isActive()) {
            return;
        }
        outputEnding = true;
        // shutdownOutput would fail what is not written yet; an empty write is done when all before it are.
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((ChannelFutureListener) written -> {
            if (!written.isSuccess()) {
                channel.close();
                return;
            }
            channel.shutdownOutput();
            outputEnded = true;
            closeIfDone();
        });
    }

    private boolean isDone() {
        return inputEnded && outputEnded;
    }

    private void closeIfDone() {
        if (isDone()) {
            // What the kernel has not sent yet must not be lost to the close.
            channel.config().setSoLinger(KERNEL_SENDS_THE_REST);
            channel.close();
        }
    }

    // ---- idle timeout ---------------------------------------------------------------------------------------------

    /** A byte has come or gone. Reads no clock: the looks at the stream are the clock. */
    private void touch() {
        moved = true;
    }

    /** The client's end has the one timer of the stream, and asks the other each time. */
    private void armIdleTimer() {
        timer = channel.eventLoop()
                .schedule(this::lookForLife, proxy.idleNanos() / LOOKS_PER_TIMEOUT, TimeUnit.NANOSECONDS);
    }

    private void lookForLife() {
        End other = partner;
        if (other != null && !closing) {
            armIdleTimer();
            boolean quiet = isQuiet();
            other.tell(() -> other.closeIfQuiet(quiet));
        }
    }

    private void closeIfQuiet(boolean clientIsQuiet) {
        // Both: this end may still be writing what has passed the other long ago.
        if (isQuiet() && clientIsQuiet && channel.isActive()) {
            proxy.countIdleClose();
            channel.close();
        }
    }

    /**
     * A look: true when nothing has come or gone here, nor been written by the kernel, for as many looks as make a
     * timeout.
     */
    private boolean isQuiet() {
        long pending = pendingBytes();
        if (moved || pending != pendingSeen) {
            moved = false;
            pendingSeen = pending;
            quietLooks = 0;
        } else if (quietLooks < LOOKS_PER_TIMEOUT) {
            quietLooks++;
        }
        return quietLooks == LOOKS_PER_TIMEOUT;
    }

    private long pendingBytes() {
        ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        return buffer == null ? 0 : buffer.totalPendingWriteBytes();
    }

    private ChannelHandlerContext context() {
        return Objects.requireNonNull(ctx);
    }
}
