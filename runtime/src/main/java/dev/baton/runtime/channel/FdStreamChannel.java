package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.FileRegion;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.SocketChannelConfig;
import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A stream socket: reading and writing. Connecting is {@link Connector}'s.
 *
 * <p>I/O scheme: one add to the poller for IN, edge-triggered where the poller can; OUT is asked for only after the
 * socket was full or while connecting. A read that fills less than its buffer has drained the socket, unless the peer
 * has shut its side down: then there is an end of file to be read. With {@code autoRead} off an edge is remembered and
 * costs no system call.
 */
abstract class FdStreamChannel extends CountedChannel {
    static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    /** Where a peek puts its byte. Of all threads: nobody reads it. */
    private static final NativeMemory PEEKED = NativeMemory.allocate(1);

    private final StreamConfig config = new StreamConfig(this);
    /** Made to bind or connect: an accepted channel needs none. */
    private @Nullable Connector connector;

    private volatile boolean active;
    private volatile @Nullable SocketAddress local;
    private volatile @Nullable SocketAddress remote;
    // The holder's:
    /** Somebody has asked for a read while {@code autoRead} was off. Only a read that brought something answers it. */
    private boolean readPending;
    /** The socket may hold bytes whose edge has been seen. */
    private boolean readable;
    /** The peer has sent all it will: read until the end of file. */
    private boolean peerDone;
    /** An error or a full hang-up was reported: with levels it would be again and again. */
    private boolean hungUp;

    private boolean reading;
    /** Nothing is read, whoever asks. */
    private boolean inputPaused;

    private boolean waitingForRoom;
    /** A file has had its share of the loop's turn: nothing is written until the next one. */
    private boolean waitingForTurn;
    /** In bytes, how much is read next; negative in a way that only {@link AdaptiveReads} knows. */
    int readSize = AdaptiveReads.INITIAL_BYTES;

    FdStreamChannel(@Nullable Channel parent, ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
        config.setAllocator(env.memory());
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
        active = true;
    }

    @Override
    final void registered() throws IOException {
        if (fd() != null) {
            beginPolling();
        }
    }

    @Override
    void rejoined() {
        later((Unsafe) unsafe());
    }

    /** Holder, at registration: an accepted socket goes to the poller. */
    void beginPolling() throws IOException {
        poll(idleInterest());
    }

    /** What a connected socket is polled for while nobody reads: an edge costs nothing, of a level only the end is wanted. */
    final int idleInterest() {
        return edgeTriggered() ? Interest.IN : Interest.RDHUP;
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
            if (!active) {
                return;
            }
        }
        if ((ready & (Interest.OUT | Interest.ERROR)) != 0 && waitingForRoom) {
            waitingForRoom = false;
            ((StreamUnsafe) unsafe()).flushNow();
        }
        hungUp |= (ready & Interest.ERROR) != 0;
        if ((ready & Interest.ERROR) != 0 && (inputShutdown || inputPaused) && active && !isGone()) {
            tellError();
        }
        if ((ready & (Interest.IN | Interest.RDHUP | Interest.ERROR)) != 0) {
            readable = true;
            peerDone |= (ready & (Interest.RDHUP | Interest.ERROR)) != 0;
            readOrTellEnd();
        }
    }

    private boolean wantsRead() {
        return (readPending || config.isAutoRead()) && canRead();
    }

    private boolean canRead() {
        // Deleted from outside and not told yet, it is still active: its number is somebody else's.
        return !inputShutdown && !inputPaused && active && !isGone();
    }

    private void readOrTellEnd() {
        if (wantsRead()) {
            read0(false);
        } else {
            if (peerDone && readable && canRead()) {
                tellEnd();
            }
            armLevels();
        }
    }

    /**
     * Holder: nobody reads, and the peer has sent all that it will, or has reset the connection. As with Netty's epoll
     * transport it is told all the same, behind all that is unread, so that a handler that has paused learns that its work is
     * for nobody. That is at most what the socket's receive buffer holds. Without {@link MovableChannel#READ_TO_END} it is
     * told at once if nothing is unread before it, else with the read that comes to it, as with Netty's NIO transport.
     */
    private void tellEnd() {
        if (config.isReadToEnd()) {
            read0(true);
            return;
        }
        int result = look(live().number());
        if (result == 0) {
            endOfInput();
        } else if (result < 0 && result != -Errno.EAGAIN) {
            readable = false;
            closeWith(error("read", result)); // which the look has taken from the socket
        }
    }

    /** Holder: nothing is read any more, so that no read would tell of a reset. A hang-up of both sides is none. */
    private void tellError() {
        int error = env.posix().socketError(live().number());
        if (error > 0) {
            closeWith(error("read", -error));
        }
    }

    /** Holder: a level would be reported again and again; tells the poller what is wanted now. */
    private void armLevels() {
        // By its own way in: a pinned channel begins to read from a plain task of the loop.
        if (fd() != null && !edgeTriggered() && enter()) {
            try {
                arm(inputInterest() | (waitsForRoom() ? Interest.OUT : 0));
            } finally {
                leave();
            }
        }
    }

    private int inputInterest() {
        if (wantsRead()) {
            return Interest.IN;
        }
        if (!active || hungUp) {
            return 0;
        }
        return canRead() && !peerDone ? Interest.RDHUP : Interest.ERROR;
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    @Override
    protected void doBeginRead() {
        // With autoRead on it says nothing: then everything is read, and nothing is owed once it is switched off.
        readPending = !config.isAutoRead();
        if (readable && !reading) {
            later((Unsafe) unsafe());
        }
        armLevels();
    }

    /**
     * Holder: nothing is read and the peer's end is not told, whoever asks and whatever {@code autoRead} says, until {@link
     * #resumeInput}. What is asked for meanwhile stands. A reset is told at once.
     */
    public final void pauseInput() {
        inputPaused = true;
        armLevels();
    }

    /** Holder: reads again as if there had been no pause. */
    public final void resumeInput() {
        inputPaused = false;
        if (readable && !reading) {
            later((Unsafe) unsafe());
        }
        armLevels();
    }

    private void readAgain() {
        if (readable && !reading) {
            readOrTellEnd();
        }
    }

    /**
     * Any thread: {@code autoRead} was switched off. What was asked for stands: a thread that is not the holder's cannot know
     * whether that was before (F10).
     */
    final void readCleared() {
        if (isHolder()) {
            armLevels(); // anybody else leaves it to the next event
        }
    }

    /** @param rest whether all is read up to the end, whoever asks for it */
    private void read0(boolean rest) {
        ChannelPipeline pipeline = pipeline();
        RecvByteBufAllocator.ExtendedHandle handle = config.hasSharedReads()
                ? AdaptiveReads.begin(this)
                : (RecvByteBufAllocator.ExtendedHandle) unsafe().recvBufAllocHandle();
        handle.reset(config);
        reading = true;
        boolean end = false;
        IOException failure = null;
        try {
            do {
                int result = readOnce(pipeline, handle);
                if (result == END) {
                    end = true;
                    break;
                }
                if (result < 0) {
                    if (result != -Errno.EAGAIN) {
                        failure = error("read", result);
                    }
                    break;
                }
                // Whether to go on while nobody asks is the allocator's to say: Netty's own do only with autoRead.
            } while (readable && canRead() && ((peerDone && (rest || wantsRead())) || handle.continueReading()));
            handle.readComplete();
            // Still reading: what asks for more in there is answered below, once.
            pipeline.fireChannelReadComplete();
        } finally {
            reading = false;
        }
        if (failure != null) {
            readable = false;
            closeWith(failure);
        } else if (end) {
            endOfInput();
        } else {
            if (readable && (wantsRead() || peerDone)) {
                later((Unsafe) unsafe());
            }
            armLevels();
        }
    }

    private static final int END = Integer.MIN_VALUE;

    /** One read: bytes, -errno, or {@link #END}. */
    private int readOnce(ChannelPipeline pipeline, RecvByteBufAllocator.ExtendedHandle handle) {
        ByteBuf buffer = handle.allocate(config.getAllocator());
        int room = buffer.writableBytes();
        handle.attemptedBytesRead(room);
        int result;
        do {
            result = env.posix().recv(live().number(), buffer.memoryAddress() + buffer.writerIndex(), room);
        } while (result == -Errno.EINTR);
        if (result <= 0) {
            buffer.release();
            handle.lastBytesRead(result == 0 ? -1 : 0);
            readable = false;
            return result == 0 ? END : result;
        }
        buffer.writerIndex(buffer.writerIndex() + result);
        handle.lastBytesRead(result);
        handle.incMessagesRead(1);
        // Not before: an EAGAIN answers nobody, and the next edge must find who waits (F10). Not later: the handler may
        // ask.
        readPending = false;
        if (result == room) {
            countEvent(); // much work for one event
        } else if (!peerDone) {
            readable = false;
        }
        pipeline.fireChannelRead(buffer);
        return result;
    }

    /** Holder: what there is to be read, which stays. Cost: a system call. */
    final Input peek(int number) {
        int result = look(number);
        if (result > 0) {
            return Input.BYTES;
        }
        if (result == 0) {
            return Input.END;
        }
        return result == -Errno.EAGAIN ? Input.NOTHING : Input.ERROR;
    }

    /** 1 if there are bytes, 0 at the end, or -errno; a reset's is taken from the socket by that. */
    private int look(int number) {
        int result;
        do {
            result = env.posix().recv(number, PEEKED.address(), 1, Sockets.MSG_PEEK);
        } while (result == -Errno.EINTR);
        return result;
    }

    private void endOfInput() {
        readable = false;
        if (inputShutdown) {
            return;
        }
        if (config.isAllowHalfClosure()) {
            inputShutdown = true;
            armLevels();
            pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
            pipeline().fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
        } else {
            unsafe().close(voidPromise());
        }
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
            switch (StreamWriter.write(env.posix(), live().number(), alloc(), out, config.getWriteSpinCount())) {
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
                case MORE -> later((Unsafe) unsafe());
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

    private void turnCame() {
        waitingForTurn = false;
        flushAgain();
    }

    private void flushAgain() {
        // Also asked when it was reading that had to go on: then there is nothing flushed to be written, or it may go
        // out.
        if (!waitingForRoom && !waitingForTurn && active && !isConnecting()) {
            ((StreamUnsafe) unsafe()).flushNow();
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
        active = false;
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

    @Override
    public final boolean isActive() {
        return active;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public SocketChannelConfig config() {
        return config;
    }

    final StreamConfig streamConfig() {
        return config;
    }

    /**
     * Any thread: asked of the kernel when somebody wants to know, which few do. It takes no claim. A number that was not this
     * channel's any more has told somebody else's address; but then the registration is not live afterwards, and never will be.
     */
    @Override
    protected @Nullable SocketAddress localAddress0() {
        SocketAddress known = local;
        if (known != null || !active || !isLive()) {
            return known;
        }
        try {
            SocketAddress told = env.posix().localAddress(live().number());
            if (!isLive()) {
                return null;
            }
            local = told;
            return told;
        } catch (IOException | IllegalArgumentException e) {
            return null; // not connected any more, or somebody else's already
        }
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return remote;
    }
}
