package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Tenant;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.SpliceListener;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection that any loop may take over while no callback runs in it: of one of Baton's services, or of a program
 * that embeds Baton. Over TCP it is a {@link MovableSocketChannel}, over a unix socket a {@link MovableUnixChannel},
 * whose addresses are no internet ones.
 */
public abstract sealed class MovableStreamChannel extends FdStreamChannel implements MovableChannel
        permits MovableSocketChannel, MovableUnixChannel {
    /** Counted for what a program that embeds Baton has put on its channels. */
    private static final String EMBEDDER = "embedder";

    /**
     * An event that is younger may be unseen. It is as long as a segment needs through a network, and one that is on
     * its way is unseen by everybody; and it is longer than a busy loop's turn, so that only one that was held up costs
     * a look.
     */
    private static final long UNSEEN_NANOS_MAX = 5_000_000;

    /**
     * How often a loop that it is registered with tries to take it over: at first in each turn, which is enough for
     * most callbacks; then once in some milliseconds, as the thread that has the claim may wait for a processor. Not
     * for ever: a loop that is stuck in it is a rescue's.
     */
    private static final int MOVES_MAX = 1_000;

    private static final int MOVES_QUICK = 100;
    private static final long MOVE_AGAIN_MILLIS = 5;

    /**
     * How long its owner keeps its hands off it, for a loop that may be in the midst of other connections' callbacks.
     */
    private static final long ASIDE_MILLIS_MAX = 500;

    private static final Logger LOG = LoggerFactory.getLogger(MovableStreamChannel.class);

    private final ChannelLoop facade = new ChannelLoop(this);
    private final String plugin;
    /** There is a place for it in the process's budget of fds, which its end gives back. */
    private boolean admitted;
    /** It was registered with a loop: before that it is at home where it was accepted. */
    private volatile boolean attached;
    /** For whom it is there, if that is measured. */
    private volatile @Nullable Tenant tenant;

    MovableStreamChannel(@Nullable Channel parent, ChannelEnv env, FdKind kind, String plugin) {
        super(parent, env, kind);
        this.plugin = plugin;
    }

    /** A connection to be opened, that lives with the loops with which it is registered. */
    MovableStreamChannel() {
        super(null, null, FdKind.UPSTREAM);
        this.plugin = EMBEDDER;
    }

    /**
     * A connection that the calling loop has accepted: in the table and the caller's, which sets its pipeline up,
     * registers it with the loop, and then must {@link #leave}, in a finally.
     *
     * @param parent stands for the listener
     * @param number from accept; the table's from here on
     */
    public static MovableStreamChannel accepted(
            @Nullable ListenerChannel parent,
            ChannelEnv env,
            String plugin,
            BatonLoop loop,
            int number,
            SocketAddress peer) {
        assert loop.inEventLoop();
        return connected(parent, env, FdKind.DOWNSTREAM, plugin, loop, number, peer);
    }

    /**
     * A connection that a listener of another process has accepted; everything else as {@link #accepted}.
     *
     * @param number connected, non-blocking; the table's from here on
     */
    public static MovableStreamChannel moved(
            @Nullable ListenerChannel parent,
            ChannelEnv env,
            String plugin,
            BatonLoop loop,
            int number,
            SocketAddress peer) {
        MovableStreamChannel channel = accepted(parent, env, plugin, loop, number, peer);
        // The process that has accepted it may hold it for a moment more.
        env.table().heldElsewhere(channel.live());
        return channel;
    }

    /**
     * A connection that a Netty server channel has accepted, on its own loop; everything else as {@link #accepted}. It
     * may be registered with another loop, which then takes it over.
     *
     * @param admitted whether its end gives a place in the budget of fds back
     */
    static MovableStreamChannel accepted(
            FdServerChannel parent, ChannelEnv env, BatonLoop loop, int number, SocketAddress peer, boolean admitted) {
        MovableStreamChannel channel = connected(parent, env, FdKind.DOWNSTREAM, EMBEDDER, loop, number, peer);
        channel.admitted = admitted;
        return channel;
    }

    /**
     * A connection to a server that another process has opened; everything else as {@link #accepted}.
     *
     * @param number connected, non-blocking; the table's from here on
     */
    public static MovableStreamChannel inherited(
            ChannelEnv env, String plugin, BatonLoop loop, int number, SocketAddress peer) {
        assert loop.inEventLoop();
        MovableStreamChannel channel = connected(null, env, FdKind.UPSTREAM, plugin, loop, number, peer);
        Fd fd = channel.live();
        // The process that has opened it may hold it for a moment more.
        env.table().heldElsewhere(fd);
        return channel;
    }

    private static MovableStreamChannel connected(
            @Nullable Channel parent,
            ChannelEnv env,
            FdKind kind,
            String plugin,
            BatonLoop loop,
            int number,
            SocketAddress peer) {
        MovableStreamChannel channel = peer instanceof InetSocketAddress
                ? new MovableSocketChannel(parent, env, kind, plugin, peer)
                : new MovableUnixChannel(parent, env, kind, plugin, peer);
        channel.insertHeld(number, loop);
        return channel;
    }

    /**
     * Holder, of one claim: gives the socket away, which stays as it is. The channel closes when the caller leaves;
     * after that the number is the caller's.
     *
     * @return the number, or -1 if there is anything in the channel that would be lost: bytes to be read or written
     */
    public int surrender() {
        Fd mine = fd();
        ChannelOutboundBuffer out = unsafe().outboundBuffer();
        if (mine == null
                || !isLive()
                || !isActive()
                || out == null
                || !out.isEmpty()
                || peek(mine.number()) != Input.NOTHING) {
            return -1;
        }
        return env.table().fdDisown(mine) ? mine.number() : -1;
    }

    /**
     * Holder: whether {@link #pack} can take the connection to another process now: it is open, nothing is queued for
     * it, and what was written and not sent is bytes, not too many.
     */
    public boolean isPackable() {
        ChannelOutboundBuffer out = unsafe().outboundBuffer();
        if (!isLive() || !isActive() || facade.hasQueued()) {
            return false;
        }
        if (out == null) { // nothing can be written any more, and all that was is with the kernel
            return isOutputShutdown();
        }
        return UnsentBytes.isPackable(out);
    }

    /**
     * Holder, of one claim, after {@link #isPackable}: gives the socket away with what was not sent. The channel closes
     * when the caller leaves, which the peer does not notice; after that the number is the caller's.
     *
     * @return null if the connection was deleted meanwhile, or is closed now because what was not sent cannot be had
     */
    public @Nullable PackedSocket pack() {
        Fd mine = fd();
        ChannelOutboundBuffer out = unsafe().outboundBuffer();
        if (mine == null) {
            return null;
        }
        SocketAddress peer = remoteAddress();
        byte[] unsent;
        try {
            unsent = out == null ? new byte[0] : UnsentBytes.taken(out, env.posix(), alloc());
        } catch (IOException e) { // a part of them is lost
            closeWith(e);
            return null;
        }
        return env.table().fdDisown(mine) ? new PackedSocket(mine.number(), peer, unsent) : null;
    }

    /**
     * Holder, after its registration: sends what another process had not sent, before anything that is written from
     * here on, whatever handlers there are.
     */
    public void sendFirst(byte[] unsent) {
        if (unsent.length > 0) {
            unsafe().write(filterOutboundMessage(Unpooled.wrappedBuffer(unsent)), voidPromise());
            unsafe().flush();
        }
    }

    /**
     * Holder: what there is to be read of a connection on which nothing is expected. Asks the socket only if its events
     * may not have told: its loop was held up since it polled, or owns the connection since then (a takeover, a
     * rescue).
     */
    public Input unseenInput() {
        Fd mine = fd();
        if (mine == null || !isLive() || hasSeenAll(UNSEEN_NANOS_MAX)) {
            return Input.NOTHING;
        }
        return peek(mine.number());
    }

    /** Holder: what there is to be read, whatever events have told. Cost: a system call. */
    public Input unreadInput() {
        Fd mine = fd();
        return mine == null || !isLive() ? Input.NOTHING : peek(mine.number());
    }

    @Override
    public EventLoop attach(BatonLoop loop) {
        super.attach(loop);
        attached = true;
        return facade;
    }

    @Override
    boolean isTaken() {
        return attached;
    }

    /** Code that registers by this, without a word to the loop, must not leave the channel with that loop for life. */
    @Override
    public Unsafe unsafe() {
        Unsafe own = super.unsafe();
        // Null while Netty's constructor runs, which is where the pipeline gets its own.
        return facade == null || isRegistered() ? own : new RegisteringUnsafe(own);
    }

    /** It stays with its facade for life: a loop that is registered with directly would be taken for its owner. */
    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop == facade;
    }

    @Override
    void beginPolling() throws IOException {
        super.beginPolling();
        join();
    }

    @Override
    void rejoined() {
        super.rejoined();
        join();
    }

    /** Registered with a loop that does not own it: under the claim, which that one cannot have yet. */
    private void join() {
        BatonLoop wanted = homeLoop();
        int owner = owner().id();
        if (wanted.id() != owner) {
            wanted.execute(() -> moveTo(wanted, owner, MOVES_MAX));
        }
    }

    private void moveTo(BatonLoop wanted, int owner, int tries) {
        TakeoverResult result = takeover(wanted, owner);
        if (result == TakeoverResult.TAKEN) {
            leave();
        } else if (result == TakeoverResult.BUSY && tries > 1 && owner().id() == owner) {
            Runnable again = () -> moveTo(wanted, owner, tries - 1);
            if (tries > MOVES_MAX - MOVES_QUICK) {
                wanted.nextTurn(again);
            } else {
                wanted.schedule(again, MOVE_AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            }
        }
    }

    @Override
    String plugin() {
        // Null only while the super constructor runs, which has no callbacks.
        return plugin;
    }

    @Override
    void later(Runnable task) {
        facade.queue(task);
    }

    @Override
    public Loop loop() {
        return owner();
    }

    @Override
    public boolean tryEnter() {
        if (!enter()) {
            return false;
        }
        if (facade.hasQueued()) {
            leave();
            return false;
        }
        return true;
    }

    @Override
    public void spliceTo(MovableChannel target, long after, SpliceListener listener) {
        if (target instanceof MovableStreamChannel stream && isOpen()) {
            tunnel(new Tunnel(this, stream, after, listener));
        }
    }

    @Override
    public TakeoverResult takeover(Loop thief) {
        return takeover(thief, FdTable.ANY_VICTIM);
    }

    /**
     * {@link #takeover(Loop)} from one loop and no other: a rescue. What waits for that loop, which may be stuck, comes
     * along: what is queued, and the timers. Costs a timer's arming for each that is pending.
     *
     * @param victim id of the only loop from which it may be taken
     */
    public TakeoverResult takeover(Loop thief, int victim) {
        if (facade.hasQueued() && victim == FdTable.ANY_VICTIM) {
            return TakeoverResult.BUSY; // not idle: what is queued is still to run
        }
        int from = takeFrom((BatonLoop) thief, victim);
        if (from < 0) {
            return from == FdTable.BUSY ? TakeoverResult.BUSY : TakeoverResult.GONE;
        }
        boolean carried = false;
        try {
            facade.resendDrain();
            if (victim != FdTable.ANY_VICTIM) {
                facade.rescueTimers((BatonLoop) thief);
            }
            carried = true;
        } finally {
            if (!carried) { // no memory for a task or a timer: wholly the thief's, or gone (R31)
                closeQuietly();
                leave();
            }
        }
        return TakeoverResult.TAKEN;
    }

    @Override
    public @Nullable Tenant tenant() {
        return tenant;
    }

    /** Holder: it is there for a service from now on; null for one whose share is not measured. */
    public void tenant(@Nullable Tenant now) {
        if (tenant != now) { // most never have one
            tenant = now;
        }
    }

    /**
     * Has its owner keep its hands off it for a moment, so that another loop can take it over although something runs
     * in it nearly all the time. Nothing is lost if none does. Any thread.
     *
     * @param then runs as soon as it has begun, on the owner; the next moment is right to take it over
     */
    public void stepAside(Runnable then) {
        try {
            offer(() -> {
                if (beginAside()) {
                    facade.schedule(this::endAside, ASIDE_MILLIS_MAX, TimeUnit.MILLISECONDS);
                    then.run();
                }
            });
        } catch (RejectedExecutionException gone) {
            LOG.debug("{} has ended, or its loop has", this, gone);
        }
    }

    /** True if it has timers, which are with any loop that has owned it since they were set. */
    public boolean hasTimers() {
        return facade.hasTimers();
    }

    /**
     * Has the loop that owns it take its timers to itself, from wherever they were left: one of its former owners is to
     * end.
     *
     * @param done runs when that is so, or the channel is gone; any thread
     */
    public void bringTimers(Runnable done) {
        try {
            offer(() -> {
                try {
                    facade.rescueTimers(owner());
                } finally {
                    done.run();
                }
            });
        } catch (RejectedExecutionException gone) {
            done.run();
        }
    }

    @Override
    public void post(Runnable task) {
        facade.post(task);
    }

    @Override
    public void offer(Runnable task) {
        facade.queue(task);
    }

    @Override
    public void afterLeave(Runnable action) {
        setAfterLeave(action);
    }

    /**
     * The fd is closed, its number may be another's, and the loop that was to tell so has ended: another loop does. Not
     * before that loop's thread has ended, for until then it may be running on the channel, without a claim that could
     * keep others out.
     */
    @Override
    void lastLoopEnded(BatonLoop last, RejectedExecutionException cause) {
        last.terminationFuture().addListener(ended -> {
            for (BatonLoop next : env.loops().batonLoops()) {
                if (!next.isShuttingDown()) {
                    outlive(next);
                    closed();
                    return;
                }
            }
            super.lastLoopEnded(last, cause);
        });
    }

    /** By a reset: whatever was sent so far may not be all of it, and must not look as if it were. */
    @Override
    void giveUp() {
        config().setSoLinger(0);
        super.giveUp();
    }

    @Override
    public void closed() {
        if (admitted) {
            admitted = false; // this may be told once more, when another loop takes the place of one that has ended
            env.fds().release(1);
        }
        facade.resendDrain();
        super.closed();
    }
}
