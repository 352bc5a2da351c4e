package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.Attachable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.PosixException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The second layer of {@link FdChannel}: which poller has the fd, for what, and how both change with the loop. */
abstract class PolledChannel extends ClaimedChannel implements Attachable {
    private static final Logger LOG = LoggerFactory.getLogger(PolledChannel.class);

    /** What the pollers of this process are like; set with the home loop. */
    private boolean edges;

    // The holder's:
    /** Deregistered while it had a socket: no poller has it until it is registered again. */
    private boolean apart;
    /** It waits for another loop to take it over, and no poller has it: see {@link #beginAside}. */
    private boolean aside;

    private int armed;
    /** The owner's turn in which its poller got the fd: that turn's events cannot have told anything about it. */
    private int polledSinceTurn;

    PolledChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
        super(parent, env, kind);
    }

    /** Holder: closes; if even that throws, deletes the fd. */
    abstract void closeQuietly();

    /** Holder: tells the handlers why, then closes. */
    abstract void closeWith(Throwable cause);

    // ---- registration ---------------------------------------------------------------------------------------------

    @Override
    final void home(BatonLoop loop) {
        edges = loop.poller().edgeTriggered();
        super.home(loop);
    }

    @Override
    public EventLoop attach(BatonLoop loop) {
        home(loop);
        return loop;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof BatonLoop;
    }

    /** On the loop, or under the claim of a channel that has a facade. */
    @Override
    protected final void doRegister(ChannelPromise promise) {
        try {
            if (eventLoop() instanceof BatonLoop loop) {
                attach(loop); // again, unless it was registered by its unsafe, which knows of no attaching
            }
            if (!apart) {
                registered();
            } else if (!rejoin()) {
                homeLoop().nextTurn(() -> doRegister(promise)); // the old loop's thread is in it, for a moment
                return;
            }
        } catch (Throwable t) { // Netty closes the channel if the promise fails, and does not if this throws
            promise.setFailure(t);
            return;
        }
        promise.setSuccess();
    }

    /** At the first registration: begins to poll a socket that is there already. */
    void registered() throws IOException {}

    /** Holder: begins anew what tasks of the old loop may have been for, since those find that it is gone. */
    void rejoined() {}

    /** Registered again, perhaps with another loop. False if another thread holds a claim now. */
    private boolean rejoin() throws IOException {
        BatonLoop loop = BatonLoop.currentLoop();
        if (loop == null) {
            throw new IllegalStateException("registered by a thread that is not a loop's");
        }
        if (!enterSocket()) {
            int from = env.table().fdTakeover(live(), loop.id(), FdTable.ANY_VICTIM);
            if (from == FdTable.BUSY) {
                return false;
            }
            if (from < 0) {
                throw new ClosedChannelException();
            }
            hold();
        }
        try {
            apart = false;
            aside = false;
            poll(armed);
            rejoined();
        } finally {
            leave();
        }
        return true;
    }

    /** On the loop, or under the claim. What comes meanwhile waits in the socket. */
    @Override
    protected void doDeregister() {
        if (isOpen() && fd() != null && !apart && enterSocket()) {
            try {
                owner().poller().remove(live());
                apart = true;
            } finally {
                leave();
            }
        }
    }

    // ---- takeover -------------------------------------------------------------------------------------------------

    /**
     * Makes the calling loop the owner and the caller the holder.
     *
     * @return the victim's id, or {@link FdTable#BUSY} or {@link FdTable#GONE}, with nothing changed
     */
    final int takeFrom(BatonLoop thief, int victim) {
        assert thief.inEventLoop() : "taken over by a thread that is not the loop's";
        Fd taken = fd();
        if (taken == null) {
            return FdTable.BUSY;
        }
        int from = env.table().fdTakeover(taken, thief.id(), victim);
        if (from < 0) {
            return from;
        }
        hold();
        boolean polled = false;
        try {
            polled = movePolling(taken, env.loops().find(from), thief);
        } finally {
            if (!polled) { // also when something threw: wholly the thief's, or gone (R31)
                closeQuietly();
                leave();
            }
        }
        return polled ? from : FdTable.GONE;
    }

    private boolean movePolling(Fd taken, @Nullable BatonLoop old, BatonLoop thief) {
        if (apart) {
            return true;
        }
        aside = false;
        if (old != null) {
            // Under our claim, so that the number is still this registration's. Works when the old loop is stuck.
            old.poller().remove(taken);
        }
        if (edgeTriggered() && !waitsForRoom()) {
            // Left armed since the connect or a full socket: an add reports it again at once, an event for nothing.
            armed &= ~Interest.OUT;
        }
        int result = thief.poller().add(taken, armed);
        polledSinceTurn = (int) thief.turns();
        if (result < 0) {
            LOG.warn(
                    "cannot poll {} on {} after a takeover: {}",
                    taken,
                    thief,
                    error("poll", result).getMessage());
        }
        return result >= 0;
    }

    // ---- stepping aside -------------------------------------------------------------------------------------------
    //
    // A connection whose peer asks again as soon as it is answered is free for some microseconds at a time, which
    // another loop may not meet for long. So its owner can take it out of its poller: no event begins anything until
    // another loop has taken it over, which adds it to its own poller. If none does, the owner adds it to its own
    // again. Either add re-arms the edge, so what has come meanwhile is reported. Tasks and timers run all the while.

    /** Holder: no poller has it from here on. False if none has it, or may have it, already. */
    final boolean beginAside() {
        if (apart || aside || !polled()) {
            return false;
        }
        owner().poller().remove(live());
        aside = true;
        return true;
    }

    /** Holder: nobody has taken it over. */
    final void endAside() {
        if (!aside) {
            return;
        }
        aside = false;
        if (apart || !polled()) {
            return;
        }
        try {
            poll(armed);
        } catch (IOException e) {
            closeWith(e);
        }
    }

    /** Holder: true while it matters that the socket can be written to. */
    boolean waitsForRoom() {
        return true;
    }

    // ---- polling --------------------------------------------------------------------------------------------------

    /** Holder: starts polling, with the owner's poller. */
    final void poll(int interest) throws IOException {
        armed = interest;
        if (apart) {
            return;
        }
        BatonLoop owner = owner();
        int result = owner.poller().add(live(), interest);
        if (result < 0) {
            throw error("poll " + live(), result);
        }
        polledSinceTurn = (int) owner.turns();
    }

    /** Holder: whether everything that happened to the fd at least so long ago has been dispatched by now. */
    final boolean hasSeenAll(long agoNanos) {
        return !aside && owner().hasDispatched(polledSinceTurn, agoNanos);
    }

    /**
     * Holder: sees to it that the poller reports this. With edges an interest that is armed stays so: it costs nothing,
     * and taking it back would cost a system call.
     */
    final void arm(int interest) {
        int wanted = edgeTriggered() ? armed | interest : interest;
        if (wanted == armed || !polled()) {
            return;
        }
        if (apart || aside) {
            armed = wanted;
            return;
        }
        int result = owner().poller().modify(live(), wanted);
        if (result < 0) {
            closeWith(error("poll " + live(), result));
            return;
        }
        armed = wanted;
    }

    private boolean polled() {
        return fd() != null && isClaimed() && isOpen();
    }

    final boolean edgeTriggered() {
        return edges;
    }

    static IOException error(String action, int result) {
        return PosixException.of(action, result);
    }
}
