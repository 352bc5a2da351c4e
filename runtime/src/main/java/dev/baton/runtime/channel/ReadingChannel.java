package dev.baton.runtime.channel;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.SocketChannelConfig;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The input of a stream socket: when it is read, and what the end of the peer's output means. With levels it also says
 * what is polled for. Writing and the rest of a connection are {@link FdStreamChannel}'s.
 *
 * <p>I/O scheme: one add to the poller for IN, edge-triggered where the poller can. A read that fills less than its
 * buffer has drained the socket, unless the peer has shut its side down: then there is an end of file to be read. With
 * {@code autoRead} off an edge is remembered and costs no system call.
 */
abstract class ReadingChannel extends CountedChannel {
    static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

    /** Where a peek puts its byte. Of all threads: it is never looked at. */
    private static final NativeMemory PEEKED = NativeMemory.allocate(1);

    private final StreamConfig config = new StreamConfig(this);
    /** Connected and not closed. */
    private volatile boolean active;

    // The holder's:
    /** A handler has asked for a read while {@code autoRead} was off. Only a read that brought something answers it. */
    private boolean readPending;
    /** The socket may hold bytes whose edge has been seen. */
    private boolean readable;
    /** The peer has sent all it will: read until the end of file. */
    private boolean peerDone;
    /** An error or a full hang-up was reported: with levels it would be again and again. */
    private boolean hungUp;

    private boolean reading;
    /** It is read in the midst of another channel's read, which has what the thread's reads share. */
    private boolean readsInside;
    /** Nothing is read, whatever asks. */
    private boolean inputPaused;
    /** In bytes, how much is read next; negative in a way that only {@link AdaptiveReads} knows. */
    int readSize = AdaptiveReads.INITIAL_BYTES;
    /** Where its bytes go without being read here; null for most. */
    private @Nullable Tunnel tunnel;

    ReadingChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
        if (env != null) {
            config.setAllocator(env.memory());
        }
    }

    /** Holder: calls {@link #readAgain} later, in another entry. */
    abstract void again();

    @Override
    public final boolean isActive() {
        return active;
    }

    /** Holder, or a constructor. */
    final void active(boolean now) {
        active = now;
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

    // ---- when it is read ------------------------------------------------------------------------------------------

    /** Holder: handles an event for as much as it is about input. */
    final void inputReady(int ready) {
        hungUp |= (ready & Interest.ERROR) != 0;
        if ((ready & Interest.ERROR) != 0 && (inputShutdown || inputPaused || isBlocked()) && active && !isGone()) {
            tellError();
        }
        if ((ready & (Interest.IN | Interest.RDHUP | Interest.ERROR)) != 0) {
            readable = true;
            peerDone |= (ready & (Interest.RDHUP | Interest.ERROR)) != 0;
            readOrTellEnd();
        }
    }

    /**
     * Holder, of one claim, perhaps in the midst of another channel's read: reads what there is to be read now, as an
     * event would, if a handler wants it.
     */
    public final void readNow() {
        readsInside = true;
        try {
            inputReady(Interest.IN);
        } finally {
            readsInside = false;
        }
    }

    private boolean wantsRead() {
        return (readPending || config.isAutoRead()) && canRead();
    }

    private boolean canRead() {
        // Deleted from outside and not told yet, it is still active: its number may be another's.
        return !inputShutdown && !inputPaused && !isBlocked() && active && !isGone();
    }

    private void readOrTellEnd() {
        if (wantsRead()) {
            Tunnel way = tunnel;
            if (way == null || !passOn(way)) {
                read0(false);
            }
        } else {
            if (peerDone && readable && canRead()) {
                tellEnd();
            }
            armLevels();
        }
    }

    /**
     * Holder: no handler reads, and the peer has sent all that it will, or has reset the connection. As with Netty's
     * epoll transport it is told all the same, behind all that is unread, so that a handler that has paused learns that
     * its work is in vain. That is at most what the socket's receive buffer holds. Without
     * {@link MovableChannel#READ_TO_END} it is told at once if nothing is unread before it, else with the read that
     * comes to it, as with Netty's NIO transport.
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

    /** Holder: nothing is read from here on, so that no read would tell of a reset. A hang-up of both sides is none. */
    private void tellError() {
        int error = env.posix().socketError(live().number());
        if (error > 0) {
            closeWith(error("read", -error));
        }
    }

    /** Holder: a level would be reported again and again; tells the poller what is wanted now. */
    final void armLevels() {
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

    /**
     * What a connected socket is polled for while no handler reads: an edge costs nothing, of a level only the end is
     * wanted.
     */
    final int idleInterest() {
        return edgeTriggered() ? Interest.IN : Interest.RDHUP;
    }

    // ---- passing on within the kernel -----------------------------------------------------------------------------

    /** Holder: from here on its bytes may go that way. */
    final void tunnel(Tunnel way) {
        if (tunnel == null) {
            env.pipes().began();
        }
        tunnel = way;
    }

    /** Holder, at the end. What is in the pipe is the target's. */
    final void endTunnel() {
        if (tunnel != null) {
            tunnel = null;
            env.pipes().ended();
        }
    }

    private boolean isBlocked() {
        Tunnel way = tunnel;
        return way != null && way.isBlocked();
    }

    /** Holder: the tunnel's target has written what it had to write. */
    final void unblocked() {
        Tunnel way = tunnel;
        if (way != null && way.isBlocked()) {
            way.unblock();
            if (readable && !reading) {
                again();
            }
            armLevels();
        }
    }

    /** Holder, which wants to read. False if it must read into a buffer. */
    private boolean passOn(Tunnel way) {
        Tunnel.Turn turn;
        reading = true;
        try {
            turn = way.turn();
            if (way.turnBytes() > 0) {
                readPending = false;
                countEvent();
                pipeline().fireChannelReadComplete();
            }
        } finally {
            reading = false;
        }
        switch (turn) {
            case READ -> {
                return !wantsRead(); // the callback may have ended it
            }
            case DRAINED -> {
                readable = false;
                armLevels();
            }
            case MORE -> {
                again();
                armLevels();
            }
            case BLOCKED -> {
                if (!way.isBlocked()) { // any more: the target was quick
                    again();
                }
                armLevels();
            }
            case END -> inputEnded();
            case BROKEN -> {
                readable = false;
                closeWith(error("read", way.error()));
            }
        }
        return true;
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    @Override
    protected void doBeginRead() {
        // With autoRead on it says nothing: then everything is read, and nothing is owed once it is switched off.
        readPending = !config.isAutoRead();
        if (readable && !reading) {
            again();
        }
        armLevels();
    }

    /**
     * Holder: nothing is read and the peer's end is not told, whatever asks and whatever {@code autoRead} says, until
     * {@link #resumeInput}. What is asked for meanwhile stands. A reset is told at once.
     */
    public final void pauseInput() {
        inputPaused = true;
        armLevels();
    }

    /** Holder: reads again as if there had been no pause. */
    public final void resumeInput() {
        inputPaused = false;
        if (readable && !reading) {
            again();
        }
        armLevels();
    }

    final void readAgain() {
        if (readable && !reading) {
            readOrTellEnd();
        }
    }

    /**
     * Any thread: {@code autoRead} was switched off. What was asked for stands: a thread that is not the holder's
     * cannot know whether that was before (F10).
     */
    final void readCleared() {
        if (isHolder()) {
            armLevels(); // others leave it to the next event
        }
    }

    /** @param rest whether all is read up to the end, asked for or not */
    private void read0(boolean rest) {
        ChannelPipeline pipeline = pipeline();
        RecvByteBufAllocator.ExtendedHandle handle = config.hasSharedReads() && !readsInside
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
                // Whether to continue unasked is the allocator's to say: Netty's own do only with autoRead.
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
            inputEnded();
        } else {
            if (readable && (wantsRead() || peerDone)) {
                again();
            }
            armLevels();
        }
    }

    private void inputEnded() {
        if (inputPaused) {
            // Paused by a handler at the end of this very read: the end is read again, and told, after the pause.
            readable = true;
            peerDone = true;
            armLevels();
        } else {
            endOfInput();
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
        if (tunnel != null) {
            tunnel.read(result);
        }
        // Not before: an EAGAIN is no answer, and the next edge must find the request (F10). Not later: the handler may
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
}
