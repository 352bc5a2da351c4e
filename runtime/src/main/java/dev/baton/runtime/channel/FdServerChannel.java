package dev.baton.runtime.channel;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.AcceptError;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.ServerSocketChannelConfig;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listening socket of one loop, as Netty and Vert.x know it: accepts and fires the connections through its pipeline.
 * Baton's own listeners are shared by loops and are not channels.
 *
 * <p>It outlives what goes wrong with one connection, be it in accept(2) or in a handler: it pauses and accepts again.
 * While it pauses nothing makes it accept, neither events nor reads, which come at the end of every turn; the timer
 * that ends the pause is the only one.
 */
public abstract class FdServerChannel extends FdChannel implements ServerChannel {
    /**
     * How long, in milliseconds, bytes of its connections may stay unacknowledged, or a peer may take none, until the
     * kernel ends the connection (tcp(7), RFC 5482). 0, the default: as long as the kernel tries to send them.
     * Connections over unix sockets, for which the kernel has no such thing, end themselves when the peer takes none
     * for so long; those that move do not.
     */
    public static final ChannelOption<Integer> TCP_USER_TIMEOUT =
            ChannelOption.valueOf(FdServerChannel.class, "TCP_USER_TIMEOUT");

    private static final Logger LOG = LoggerFactory.getLogger(FdServerChannel.class);
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);
    /** Accepts a turn: the rest waits for the next one, so that a burst does not starve the loop's connections. */
    private static final int ACCEPTS_MAX = 16;
    /**
     * Accepts in a row that may cost a connection each. After so many without another outcome the socket is to blame.
     */
    private static final int LOST_IN_A_ROW_MAX = 128;
    /** How long to pause when the process has no fds left. */
    private static final long PAUSE_MS = 100;

    private final ServerConfig config = new ServerConfig(this);
    private volatile @Nullable SocketAddress local;
    private volatile boolean active;
    /** Another process accepts from the socket, and its file is that one's. */
    private volatile boolean elsewhere;
    /** Of a unix socket, as long as it is this channel's to remove. */
    private volatile @Nullable ServerFile file;

    // The holder's:
    /** A handler has asked for a connection while {@code autoRead} was off. Only one that came answers it. */
    private boolean readPending;
    /** Connections may wait whose event has been seen. */
    private boolean acceptable;

    private boolean paused;
    /** Accepts that have cost a connection since the last one that has not. */
    private int lostInARow;
    /** Of the loop apart. */
    private @Nullable SpareFds spares;
    /** A timer is set to replace spare fds that were used. */
    private boolean refilling;

    private @Nullable Shortage shortage;
    /** What the pipeline is being told of now. */
    private @Nullable FdStreamChannel offered;
    /** Who may connect; null for everybody. Set by the bind. */
    private @Nullable UnixGuard guard;

    private final Runnable acceptAgain = this::acceptAgain;
    private final Runnable resume = this::resume;

    /** What becomes of the connections that a server channel accepts. */
    public enum Accepted {
        /** They stay with the loop that they are registered with, as Vert.x wants it. */
        PINNED,
        /** Any loop may take them over, and {@code channelRegistered} comes on the loop that accepts. */
        MOVABLE
    }

    private final Accepted accepted;

    /**
     * A server channel without a socket.
     *
     * @param env null for that of the loop with which it will be registered
     */
    FdServerChannel(@Nullable ChannelEnv env, Accepted accepted) {
        super(null, env, FdKind.LISTENER);
        this.accepted = accepted;
    }

    /**
     * The channel of a connection that was accepted here and stays with its loop; not registered yet.
     *
     * @param admitted whether its end gives a place in the budget of fds back
     */
    abstract FdStreamChannel pinned(int number, SocketAddress peer, boolean admitted);

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        if (fd() != null) {
            throw new java.nio.channels.AlreadyBoundException();
        }
        if (!enterSocket()) {
            throw new java.nio.channels.ClosedChannelException();
        }
        try {
            open(address);
        } catch (Exception e) {
            closeQuietly();
            throw e;
        } finally {
            leave();
        }
    }

    private void open(SocketAddress address) throws Exception {
        boolean both = AnyAddress.isBoth(address) && homeLoop().id() != LoopRegistry.APART;
        int left = left(address, both);
        guard = env.servers().guard(address);
        if (left >= 0) {
            if (guard != null) {
                guard.admit(env.posix());
                guard.bound(env.posix());
            }
            adopt(left);
            file = ServerFile.of(address);
        } else {
            make(address, both);
        }
        local = env.posix().localAddress(live().number());
        poll(edgeTriggered() ? Interest.IN : 0);
        active = true;
        env.servers().opened(this);
        if (homeLoop().id() == LoopRegistry.APART) {
            SpareFds kept = new SpareFds(env.table(), env.posix(), env.fds().spares());
            spares = kept;
            if (!kept.fill()) {
                refillLater(kept);
            }
        }
    }

    /**
     * The socket that the process before has left for an address. That of a process without IPv6 serves as well: the
     * port is not free as long as it is there.
     */
    private int left(SocketAddress address, boolean both) {
        int widened = both ? env.servers().take(AnyAddress.ofBoth(((InetSocketAddress) address).getPort())) : -1;
        return widened >= 0 ? widened : env.servers().take(address);
    }

    /** The process before has bound it, with these options, and it listens. */
    private void adopt(int number) {
        insert(number);
        env.table().heldElsewhere(live());
        acceptable = true; // what waits in it may have been reported over there
    }

    /**
     * Makes it.
     *
     * @param both whether any address is meant for both families. For the loop apart it never is: the address is the
     *     configuration's, in which {@code 0.0.0.0} is IPv4's.
     */
    private void make(SocketAddress address, boolean both) throws Exception {
        int family = Connector.family(address);
        int number = both
                ? AnyAddress.socket(env.posix(), Sockets.SOCK_STREAM)
                : env.posix().socket(family, Sockets.SOCK_STREAM, 0);
        if (number < 0) {
            throw error("create a socket", number);
        }
        insert(number);
        boolean tcp = family != Sockets.AF_UNIX;
        config.applyTo(env.posix(), number, tcp, false);
        if (tcp) {
            check("set TCP_NODELAY", StreamConfig.bequeath(env.posix(), number));
        }
        if (guard != null) {
            guard.prepare(env.posix(), number);
        }
        int bound = env.posix()
                .bind(
                        number,
                        both
                                ? AnyAddress.suited((InetSocketAddress) address, AnyAddress.widen(env.posix(), number))
                                : address);
        if (bound < 0) {
            throw bindError(tcp ? "bind tcp" : "bind unix", address, bound);
        }
        file = ServerFile.of(address);
        if (guard != null) {
            guard.bound(env.posix());
        }
        check("listen", env.posix().listen(number, config.getBacklog()));
    }

    /**
     * Any thread: another process accepts from the socket. It stays open here in case that process dies, but nothing is
     * accepted from it; what was accepted stays.
     */
    void handedOver() {
        elsewhere = true; // first: nothing may be accepted after what comes next
        if (fd() != null) {
            env.table().heldElsewhere(live());
        }
        later(this::armLevels);
    }

    /** Any thread: the other process is gone, this one accepts again. */
    void takenBack() {
        elsewhere = false;
        later(acceptAgain);
    }

    private static Exception bindError(String action, SocketAddress address, int result) {
        PosixException cause = PosixException.of(action, address, result);
        java.net.BindException wrapped = new java.net.BindException(cause.getMessage());
        wrapped.initCause(cause);
        return wrapped;
    }

    private static void check(String action, int result) throws IOException {
        if (result < 0) {
            throw error(action, result);
        }
    }

    // ---- accepting ------------------------------------------------------------------------------------------------

    @Override
    void ready(BatonLoop loop, int ready) {
        acceptable = true;
        if (wantsAccept()) {
            accept();
        } else {
            armLevels();
        }
    }

    private boolean wantsAccept() {
        return active && !paused && !elsewhere && (readPending || config.isAutoRead());
    }

    /** Holder: a level that is not wanted would be reported again and again. */
    private void armLevels() {
        if (!edgeTriggered()) {
            arm(wantsAccept() ? Interest.IN : 0);
        }
    }

    private void accept() {
        PeerAddress peer = Peers.mine();
        int listening = live().number();
        int accepts = 0;
        do {
            // The loop apart has reserved fds, and spare ones in case those are taken: the admin API answers when there
            // are none for others.
            boolean admitted = homeLoop().id() != LoopRegistry.APART;
            if (admitted && !env.fds().admit(1)) {
                starved(env.fds().refusal());
                pause();
                break;
            }
            int number = env.posix().accept(listening, peer);
            if (number >= 0) {
                lostInARow = 0;
                readPending = false; // not before: neither EAGAIN nor an error is what was asked for (F10)
                if (admitted) {
                    env.fds().came();
                }
                offer(number, peer.address(), admitted);
                continue;
            }
            if (admitted) {
                env.fds().release(1);
            }
            failed(number, admitted);
        } while (++accepts < ACCEPTS_MAX && acceptable && wantsAccept() && isLive());
        pipeline().fireChannelReadComplete();
        if (acceptable && wantsAccept()) {
            later(acceptAgain);
        }
        armLevels();
    }

    /** An accept gave no connection. */
    private void failed(int result, boolean admitted) {
        switch (AcceptError.of(-result)) {
            case NOBODY_WAITS -> {
                lostInARow = 0;
                acceptable = false;
            }
            case ONE_CONNECTION -> { // the next may be in order
                if (++lostInARow >= LOST_IN_A_ROW_MAX) {
                    broken(result);
                }
            }
            case OUT_OF_FDS -> {
                if (admitted || !freesSpare()) { // else it is tried again at once
                    starved(Errno.explain(-result));
                    pause();
                }
            }
            case OUT_OF_MEMORY -> {
                starved(Errno.explain(-result));
                pause();
            }
            case LISTENER_BROKEN -> broken(result);
        }
    }

    private void broken(int result) {
        lostInARow = 0;
        pause();
        pipeline().fireExceptionCaught(error("accept", result));
    }

    /** Whether the accept may be tried again, as an fd was closed for it. */
    private boolean freesSpare() {
        SpareFds kept = spares;
        if (kept == null || !kept.free()) {
            return false;
        }
        refillLater(kept);
        return true;
    }

    private void refillLater(SpareFds kept) {
        if (!refilling) {
            refilling = true;
            homeLoop()
                    .schedule(
                            () -> {
                                refilling = false;
                                if (active && !kept.fill()) {
                                    refillLater(kept);
                                }
                            },
                            PAUSE_MS,
                            TimeUnit.MILLISECONDS);
        }
    }

    private void offer(int number, SocketAddress peer, boolean admitted) {
        FdStreamChannel child = child(number, peer, admitted);
        if (child == null) {
            return;
        }
        try {
            offer(child);
        } finally {
            if (accepted == Accepted.MOVABLE) {
                child.leave();
            }
        }
    }

    /** Null if something threw, which must not cost more than this connection. */
    private @Nullable FdStreamChannel child(int number, SocketAddress peer, boolean admitted) {
        try {
            return accepted == Accepted.PINNED
                    ? pinned(number, peer, admitted)
                    : MovableStreamChannel.accepted(this, env, homeLoop(), number, peer, admitted);
        } catch (Throwable t) { // the number and its place must not leak
            LOG.error("{} cannot take fd {}", fd(), number, t);
            env.table().discard(number, FdKind.DOWNSTREAM);
            if (admitted) {
                env.fds().release(1);
            }
            return null;
        }
    }

    private void offer(FdStreamChannel child) {
        if (guard != null && !guard.admits(env.posix(), child.live().number())) {
            child.unsafe().closeForcibly();
            return;
        }
        offered = child;
        try {
            pipeline().fireChannelRead(child);
        } finally {
            offered = null;
        }
    }

    private void starved(String why) {
        Shortage known = shortage;
        if (known == null) {
            known = new Shortage(
                    "the server on " + local,
                    (delay, task) -> homeLoop().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS),
                    () -> homeLoop().ticker().nanoTime(),
                    () -> paused && isLive());
            shortage = known;
        }
        known.met(why);
    }

    /**
     * Holder: accepts nothing for a while. What waits stays {@link #acceptable}: with edges it is not reported again.
     */
    private void pause() {
        if (!paused && isLive()) {
            paused = true;
            armLevels();
            homeLoop().schedule(() -> later(resume), PAUSE_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void resume() {
        paused = false;
        acceptable = true;
        acceptAgain();
    }

    private void acceptAgain() {
        if (acceptable && wantsAccept() && isLive()) {
            accept();
        } else {
            armLevels();
        }
    }

    @Override
    protected void doBeginRead() {
        // With autoRead on it says nothing: then all are accepted, and nothing is owed once it is switched off.
        readPending = !config.isAutoRead();
        if (enter()) {
            try {
                if (acceptable && !paused) {
                    later(acceptAgain);
                }
                armLevels();
            } finally {
                leave();
            }
        }
    }

    /** Any thread: {@code autoRead} was switched off. What was asked for stands, as in {@link FdStreamChannel}. */
    void readCleared() {
        if (!isAtHome()) {
            return;
        }
        if (enter()) {
            try {
                armLevels();
            } finally {
                leave();
            }
        } else {
            later(this::readCleared);
        }
    }

    @Override
    void rejoined() {
        later(acceptAgain);
    }

    // ---- failures -------------------------------------------------------------------------------------------------

    /** A handler does not want to hear of an accept that failed: no reason to stop listening. */
    @Override
    void ended(IOException cause) {
        LOG.warn("{} pauses: {}", fd(), cause.getMessage());
        pause();
    }

    /** A handler threw: a connection that it did not take over has no owner, and the others are to be accepted. */
    @Override
    void giveUp() {
        FdStreamChannel child = offered;
        if (child != null && !child.isTaken()) {
            child.unsafe().closeForcibly();
        }
        pause();
    }

    /** The end of the pipeline: no handler took it. */
    @Override
    void unhandled(Object message) {
        if (message instanceof FdStreamChannel child) {
            child.unsafe().closeForcibly();
        }
    }

    // ---- the rest of a channel ------------------------------------------------------------------------------------

    @Override
    protected void doClose() throws Exception {
        active = false;
        if (hasEnv()) {
            env.servers().closed(this);
        }
        SpareFds kept = spares;
        if (kept != null) {
            spares = null;
            kept.close();
        }
        ServerFile bound = file;
        file = null;
        if (bound != null && !elsewhere) {
            bound.unlink(); // before the close is told: a listener of it may bind again at once
        }
        super.doClose();
    }

    @Override
    public boolean isActive() {
        return active;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    /** In milliseconds, {@link #TCP_USER_TIMEOUT}. */
    final int userTimeoutMillis() {
        return config.userTimeoutMillis();
    }

    @Override
    public ServerSocketChannelConfig config() {
        return config;
    }

    @Override
    protected @Nullable SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
        return null;
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new AbstractUnsafe() {
            @Override
            public void connect(SocketAddress remote, @Nullable SocketAddress localAddress, ChannelPromise promise) {
                promise.tryFailure(new UnsupportedOperationException("a server channel cannot connect"));
            }
        };
    }

    @Override
    protected void doDisconnect() {
        throw new UnsupportedOperationException("a server channel has no peer");
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) {
        throw new UnsupportedOperationException("a server channel cannot be written to");
    }
}
