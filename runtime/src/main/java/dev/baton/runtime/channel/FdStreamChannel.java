package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream socket: writing, and how it comes and ends. Reading is {@link ReadingChannel}'s, connecting
 * {@link Connector}'s.
 *
 * <p>OUT is asked of the poller only after the socket was full or while connecting.
 */
abstract class FdStreamChannel extends ReadingChannel {
    /** Made to bind or connect: an accepted channel needs none. */
    private @Nullable Connector connector;

    /** Its own address, if {@link InetPeer} can hold it; most connections are asked for it once. */
    private volatile long packedLocal = InetPeer.NONE;
    /** Else its own address. */
    private volatile @Nullable SocketAddress local;

    private volatile @Nullable SocketAddress remote;
    // The holder's:
    private boolean waitingForRoom;
    /** A file has had its share of the loop's turn: nothing is written until the next one. */
    private boolean waitingForTurn;

    FdStreamChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
    }

    // ---- registration ---------------------------------------------------------------------------------------------

    /**
     * The socket is connected: holder, or the constructor of an accepted one.
     *
     * @param peer null: a subclass knows it
     */
    final void connected(@Nullable SocketAddress peer) {
        remote = peer;
        local = null; // bound to any address before, it has one now
        packedLocal = InetPeer.NONE;
        active(true);
    }

    @Override
    final void registered() throws IOException {
        if (fd() != null) {
            beginPolling();
        }
    }

    @Override
    void rejoined() {
        again();
    }

    /** Holder, at registration: an accepted socket goes to the poller. */
    void beginPolling() throws IOException {
        poll(idleInterest());
    }

    /** Whether a handler has registered it, or is about to: from then on it is the loop's to end. */
    boolean isTaken() {
        return isAtHome();
    }

    // ---- events ---------------------------------------------------------------------------------------------------

    private Connector connector() {
        Connector known = connector;
        if (known == null) {
            known = new Connector(this);
            connector = known;
        }
        return known;
    }

    private boolean isConnecting() {
        Connector known = connector;
        return known != null && known.isConnecting();
    }

    @Override
    final boolean waitsForRoom() {
        return waitingForRoom || isConnecting();
    }

    @Override
    final void ready(BatonLoop loop, int ready) {
        Connector connecting = connector;
        if (connecting != null && connecting.isConnecting()) {
            // An error without OUT ends a connect too (R25).
            if ((ready & (Interest.OUT | Interest.ERROR)) != 0) {
                connecting.finish();
            }
            if (!isActive()) {
                return;
            }
        }
        if ((ready & (Interest.OUT | Interest.ERROR)) != 0 && waitingForRoom) {
            waitingForRoom = false;
            ((StreamUnsafe) ownUnsafe()).flushNow();
        }
        inputReady(ready);
    }

    // ---- writing --------------------------------------------------------------------------------------------------

    @Override
    protected Object filterOutboundMessage(Object message) {
        if (!(message instanceof ByteBuf buffer)) {
            if (message instanceof FileRegion) {
                return message;
            }
            throw new UnsupportedOperationException("a stream channel writes ByteBuf and FileRegion, not "
                    + message.getClass().getName());
        }
        if (buffer.hasMemoryAddress() && !(waitingForRoom && isWasteful(buffer))) {
            return buffer;
        }
        ByteBuf direct = alloc().directBuffer(Math.max(1, buffer.readableBytes()));
        direct.writeBytes(buffer, buffer.readerIndex(), buffer.readableBytes());
        buffer.release();
        return direct;
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) throws Exception {
        // Our own way in: a pinned channel's handlers may write from a plain task of the loop.
        if (!enterSocket()) {
            throw new java.nio.channels.ClosedChannelException();
        }
        try {
            switch (StreamWriter.write(env.posix(), live().number(), alloc(), out, config().getWriteSpinCount())) {
                case DONE -> {
                    if (!edgeTriggered()) {
                        armLevels();
                    }
                }
                case FULL -> {
                    waitingForRoom = true;
                    if (edgeTriggered()) {
                        arm(Interest.IN | Interest.OUT);
                    } else {
                        armLevels();
                    }
                }
                case MORE -> again();
                case NEXT_TURN -> {
                    waitingForTurn = true;
                    // A timer is looked for once a turn, after the events; and it comes along in a rescue.
                    eventLoop().schedule(() -> later(this::turnCame), 0, TimeUnit.NANOSECONDS);
                }
            }
            countOutput(out);
        } finally {
            leave();
        }
    }

    @Override
    final void again() {
        later((Unsafe) ownUnsafe());
    }

    private void turnCame() {
        waitingForTurn = false;
        flushAgain();
    }

    private void flushAgain() {
        // Also called when it was reading that had to continue: then there is nothing flushed to be written, or it may
        // go out.
        if (!waitingForRoom && !waitingForTurn && isActive() && !isConnecting()) {
            ((StreamUnsafe) ownUnsafe()).flushNow();
        }
    }

    /** Goes on later with what was too much for one entry; one object for both directions, in every channel. */
    private final class Unsafe extends StreamUnsafe implements Runnable {
        @Override
        public void run() {
            flushAgain();
            readAgain();
        }
    }

    /** Flushes, unless the socket is known to be full, and connects. */
    abstract class StreamUnsafe extends AbstractUnsafe {
        @Override
        protected final void flush0() {
            if (!waitingForRoom && !waitingForTurn && !isConnecting()) {
                super.flush0();
                return;
            }
            ChannelOutboundBuffer out = outboundBuffer();
            if (out != null) {
                countOutput(out);
            }
        }

        final void flushNow() {
            super.flush0();
        }

        @Override
        public final void connect(
                SocketAddress remoteAddress, @Nullable SocketAddress localAddress, ChannelPromise promise) {
            // Not uncancellable: who does not want to wait any longer may cancel, which closes the channel.
            if (promise.isDone() || !ensureOpen(promise)) {
                return;
            }
            // Our own way in: a pinned channel is connected by a plain task of the loop.
            if (!enterSocket()) {
                promise.tryFailure(new java.nio.channels.ClosedChannelException());
                return;
            }
            try {
                connector().connect(remoteAddress, localAddress, promise);
            } finally {
                leave();
            }
        }

        final void fulfill(@Nullable ChannelPromise promise, boolean wasActive) {
            if (promise == null) {
                return;
            }
            boolean nowActive = isActive();
            boolean set = promise.trySuccess();
            if (!wasActive && nowActive) {
                pipeline().fireChannelActive();
            }
            if (!set) {
                close(voidPromise()); // cancelled meanwhile
            }
        }

        final void failConnect(ChannelPromise promise, Throwable cause) {
            promise.tryFailure(cause);
            closeIfClosed();
        }
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new Unsafe();
    }

    // ---- state ----------------------------------------------------------------------------------------------------

    @Override
    protected void doClose() throws Exception {
        giveBack();
        endTunnel();
        active(false);
        inputShutdown = true;
        outputShutdown = true;
        Connector known = connector;
        if (known != null) {
            known.closed();
        }
        super.doClose();
    }

    @Override
    protected void doDisconnect() throws Exception {
        doClose();
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        if (!enterSocket()) {
            throw new java.nio.channels.ClosedChannelException();
        }
        try {
            connector().bind(address);
            local = env.posix().localAddress(live().number());
        } finally {
            leave();
        }
    }

    /**
     * Any thread: asked of the kernel when it is first wanted, which is seldom. It takes no claim. A number that was no
     * longer this channel's has told another socket's address; but then the registration is not live afterwards, and
     * never will be.
     */
    @Override
    protected @Nullable SocketAddress localAddress0() {
        long packed = packedLocal;
        if (packed != InetPeer.NONE) {
            return InetPeer.unpack(packed);
        }
        SocketAddress known = local;
        if (known != null || !isActive() || !isLive()) {
            return known;
        }
        try {
            SocketAddress told = env.posix().localAddress(live().number());
            if (!isLive()) {
                return null;
            }
            long small = InetPeer.pack(told);
            packedLocal = small;
            local = small == InetPeer.NONE ? told : null;
            return told;
        } catch (IOException | IllegalArgumentException e) {
            return null; // no longer connected, or another socket's already
        }
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return remote;
    }
}
