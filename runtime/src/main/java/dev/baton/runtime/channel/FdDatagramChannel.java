package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.SocketAddresses;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.DatagramChannelConfig;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.util.UncheckedBooleanSupplier;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A UDP socket that stays with the loop it was registered with.
 *
 * <p>Its socket is made when it is known what for: at the bind, the connect, or, for a channel that is active on
 * registration, the first datagram. Where no family was asked for, it serves IPv4 and IPv6 if it is bound to any
 * address or not bound at all.
 *
 * <p>A datagram that cannot be sent fails its own promise and nothing else. That no socket listens at the peer (ICMP)
 * is told to connected sockets only, as {@link PortUnreachableException}; the channel stays open.
 */
public class FdDatagramChannel extends MulticastChannel {
    private static final Logger LOG = LoggerFactory.getLogger(FdDatagramChannel.class);
    private static final ChannelMetadata METADATA = new ChannelMetadata(true, 16);
    /** The address family is chosen by what the socket is used for first. */
    private static final int ANY_FAMILY = Sockets.AF_UNSPEC;

    private final DatagramConfig config = new DatagramConfig(this);
    private final int wantedFamily;
    private volatile boolean bound;
    private volatile @Nullable InetSocketAddress local;
    private volatile @Nullable InetSocketAddress remote;

    // The holder's:
    private int family = ANY_FAMILY;
    /** A handler has asked for a datagram while {@code autoRead} was off. Only one that came answers it. */
    private boolean readPending;
    /** The socket may hold datagrams whose edge has been seen. */
    private boolean readable;

    private boolean reading;
    private boolean waitingForRoom;
    private final Runnable readAgain = this::readAgain;
    private final Runnable flushAgain = this::flushAgain;

    /** A channel without a socket, for either family, that lives with the loops with which it is registered. */
    public FdDatagramChannel() {
        super(null);
        this.wantedFamily = ANY_FAMILY;
    }

    /**
     * The same, of one family.
     *
     * @param family {@code INET}, or {@code INET6}, which serves IPv4 too
     */
    public FdDatagramChannel(SocketProtocolFamily family) {
        super(null);
        this.wantedFamily = switch (family) {
            case INET -> Sockets.AF_INET;
            case INET6 -> Sockets.AF_INET6;
            default -> throw new IllegalArgumentException(family + " is no family of internet addresses");
        };
    }

    /** A channel without a socket, for either family. */
    public FdDatagramChannel(ChannelEnv env) {
        this(env, ANY_FAMILY);
    }

    /**
     * A channel without a socket.
     *
     * @param family {@link Sockets#AF_INET} or {@link Sockets#AF_INET6}
     */
    public FdDatagramChannel(ChannelEnv env, int family) {
        super(env);
        this.wantedFamily = family;
    }

    // ---- the socket -----------------------------------------------------------------------------------------------

    /** Holder: the socket, made if there is none yet. */
    private int socket(int familyNeeded) throws IOException {
        if (fd() != null) {
            return live().number();
        }
        int chosen = wantedFamily == ANY_FAMILY ? familyNeeded : wantedFamily;
        int number = chosen == ANY_FAMILY
                ? AnyAddress.socket(env.posix(), Sockets.SOCK_DGRAM)
                : env.posix().socket(chosen, Sockets.SOCK_DGRAM, 0);
        if (number < 0) {
            throw error("create a datagram socket", number);
        }
        insert(number);
        try {
            family = AnyAddress.widen(env.posix(), number) ? Sockets.AF_INET6 : Sockets.AF_INET;
            config.applyTo(env.posix(), number);
            poll(edgeTriggered() || wantsRead() ? Interest.IN : 0);
        } catch (IOException | RuntimeException e) {
            closeQuietly(); // a socket that is never polled would be deaf
            throw e;
        }
        return number;
    }

    /** Holder: the socket for a datagram, made if there is none; the kernel binds it. */
    int socketToSend() throws IOException {
        return socket(ANY_FAMILY);
    }

    @Override
    int family() {
        return family;
    }

    /** Holder: a datagram has been sent, so that the kernel has bound the socket. */
    void sent() {
        if (!bound) {
            try {
                noteLocal(live().number());
            } catch (IOException e) {
                LOG.debug("{} does not know its address", fd(), e);
            }
        }
    }

    /** Holder: as this socket's family wants it. */
    InetSocketAddress suited(InetSocketAddress address) {
        return family == Sockets.AF_INET6 ? SocketAddresses.forBoth(address) : address;
    }

    /** Holder: the same for a bind; any address is that of the socket's family. */
    private InetSocketAddress suitedToBind(InetSocketAddress address) {
        return AnyAddress.suited(address, family == Sockets.AF_INET6);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        InetSocketAddress wanted = DatagramWriter.resolved(address);
        if (!enterSocket()) {
            throw new ClosedChannelException();
        }
        try {
            int number = socket(AnyAddress.isBoth(wanted) ? ANY_FAMILY : Connector.family(wanted));
            int result = env.posix().bind(number, suitedToBind(wanted));
            if (result < 0) {
                PosixException cause = PosixException.of("bind udp", wanted, result);
                BindException wrapped = new BindException(cause.getMessage());
                wrapped.initCause(cause);
                throw wrapped;
            }
            noteLocal(number);
        } finally {
            leave();
        }
    }

    private void noteLocal(int number) throws IOException {
        local = (InetSocketAddress) env.posix().localAddress(number);
        bound = true;
    }

    private void connect0(SocketAddress peer, @Nullable SocketAddress from) throws IOException {
        InetSocketAddress wanted = DatagramWriter.resolved(peer);
        int number = socket(Connector.family(wanted));
        if (from != null) {
            int result = env.posix().bind(number, suitedToBind(DatagramWriter.resolved(from)));
            if (result < 0) {
                throw PosixException.of("bind udp", from, result);
            }
        }
        int result;
        do {
            result = env.posix().connect(number, suited(wanted));
        } while (result == -Errno.EINTR);
        if (result < 0) {
            throw PosixException.of("connect udp to", wanted, result);
        }
        remote = wanted;
        noteLocal(number);
    }

    @Override
    protected void doDisconnect() throws Exception {
        if (!enterSocket()) {
            throw new ClosedChannelException();
        }
        try {
            remote = null;
            int result = env.posix().disconnect(live().number());
            if (result < 0) {
                throw error("disconnect", result);
            }
            noteLocal(live().number());
        } finally {
            leave();
        }
    }

    // ---- events ---------------------------------------------------------------------------------------------------

    @Override
    void ready(BatonLoop loop, int ready) {
        if ((ready & (Interest.OUT | Interest.ERROR)) != 0 && waitingForRoom) {
            waitingForRoom = false;
            ((DatagramUnsafe) unsafe()).flushNow();
        }
        if ((ready & (Interest.IN | Interest.RDHUP | Interest.ERROR)) != 0) {
            readable = true;
            if (wantsRead()) {
                read0();
            } else {
                armLevels();
            }
        }
    }

    private boolean wantsRead() {
        return (readPending || config.isAutoRead()) && isOpen() && !isGone();
    }

    /** A level would be reported again and again: tells the poller what is wanted now. */
    private void armLevels() {
        if (fd() != null && !edgeTriggered() && enter()) {
            try {
                arm((wantsRead() ? Interest.IN : 0) | (waitingForRoom ? Interest.OUT : 0));
            } finally {
                leave();
            }
        }
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    @Override
    protected void doBeginRead() {
        // With autoRead on it says nothing: then everything is read, and nothing is owed once it is switched off.
        readPending = !config.isAutoRead();
        if (readable && !reading) {
            later(readAgain);
        }
        armLevels();
    }

    private void readAgain() {
        if (readable && !reading && wantsRead()) {
            read0();
        }
    }

    /** Any thread: {@code autoRead} was switched off. What was asked for stands, as in {@link FdStreamChannel}. */
    void readCleared() {
        if (isHolder()) {
            armLevels(); // others leave it to the next event
        }
    }

    private void read0() {
        ChannelPipeline pipeline = pipeline();
        RecvByteBufAllocator.ExtendedHandle handle =
                (RecvByteBufAllocator.ExtendedHandle) unsafe().recvBufAllocHandle();
        handle.reset(config);
        reading = true;
        try {
            do {
                int result = readOnce(pipeline, handle);
                if (result == -Errno.EAGAIN) {
                    readable = false;
                } else if (result < 0) {
                    // An error that was waiting; it says nothing about the datagrams behind it.
                    pipeline.fireExceptionCaught(DatagramWriter.failure("receive a datagram from", remote, result));
                }
            } while (readable
                    && wantsRead()
                    && isLive()
                    && handle.continueReading(UncheckedBooleanSupplier.TRUE_SUPPLIER));
            handle.readComplete();
            pipeline.fireChannelReadComplete();
        } finally {
            reading = false;
        }
        if (readable && wantsRead()) {
            later(readAgain);
        }
        armLevels();
    }

    private int readOnce(ChannelPipeline pipeline, RecvByteBufAllocator.ExtendedHandle handle) {
        ByteBuf buffer = handle.allocate(config.getAllocator());
        PeerAddress from = Peers.mine();
        int room = buffer.writableBytes();
        handle.attemptedBytesRead(room);
        int result;
        do {
            result = env.posix().recvFrom(live().number(), buffer.memoryAddress() + buffer.writerIndex(), room, from);
        } while (result == -Errno.EINTR);
        if (result < 0) {
            buffer.release();
            handle.lastBytesRead(-1);
            return result;
        }
        buffer.writerIndex(buffer.writerIndex() + result);
        handle.lastBytesRead(result);
        handle.incMessagesRead(1);
        readPending = false; // not before: neither EAGAIN nor an error is what was asked for (F10)
        InetSocketAddress sender = (InetSocketAddress) from.address();
        if (from.truncated()) {
            pipeline.fireUserEventTriggered(new TruncatedDatagram(sender, result));
        }
        pipeline.fireChannelRead(new DatagramPacket(buffer, localAddress(), sender));
        return result;
    }

    // ---- writing --------------------------------------------------------------------------------------------------

    @Override
    protected Object filterOutboundMessage(Object message) {
        return DatagramWriter.prepared(message, alloc());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) throws Exception {
        // Our own way in: handlers may write from a plain task of the loop.
        if (!enterSocket()) {
            throw new ClosedChannelException();
        }
        try {
            switch (DatagramWriter.write(this, out, config.getWriteSpinCount())) {
                case DONE -> armLevels();
                case FULL -> {
                    waitingForRoom = true;
                    arm(Interest.OUT | (edgeTriggered() || wantsRead() ? Interest.IN : 0));
                }
                case MORE, NEXT_TURN -> later(flushAgain);
            }
        } finally {
            leave();
        }
    }

    private void flushAgain() {
        if (!waitingForRoom) {
            ((DatagramUnsafe) unsafe()).flushNow();
        }
    }

    @Override
    void rejoined() {
        later(readAgain);
        later(flushAgain);
    }

    /** That one peer's port is closed says nothing about the next datagram. */
    @Override
    void ended(IOException cause) {
        if (cause instanceof PortUnreachableException) {
            LOG.debug("{}: {}", fd(), cause.toString());
        } else {
            super.ended(cause);
        }
    }

    private final class DatagramUnsafe extends AbstractUnsafe {
        @Override
        protected void flush0() {
            if (!waitingForRoom) {
                super.flush0();
            }
        }

        void flushNow() {
            super.flush0();
        }

        @Override
        public void connect(SocketAddress peer, @Nullable SocketAddress from, ChannelPromise promise) {
            if (!promise.setUncancellable() || !ensureOpen(promise)) {
                return;
            }
            if (!enterSocket()) {
                promise.tryFailure(new ClosedChannelException());
                return;
            }
            try {
                boolean wasActive = isActive();
                connect0(peer, from);
                promise.trySuccess();
                if (!wasActive && isActive()) {
                    pipeline().fireChannelActive();
                }
            } catch (Throwable t) { // as Netty does: whatever it was, the promise tells it
                promise.tryFailure(t);
                closeQuietly();
            } finally {
                leave();
            }
        }
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new DatagramUnsafe();
    }

    // ---- state ----------------------------------------------------------------------------------------------------

    @Override
    public boolean isActive() {
        return isOpen() && (bound || (config.isActiveOnRegistration() && isRegistered()));
    }

    @Override
    public boolean isConnected() {
        return remote != null && isOpen();
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public DatagramChannelConfig config() {
        return config;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return remote;
    }
}
