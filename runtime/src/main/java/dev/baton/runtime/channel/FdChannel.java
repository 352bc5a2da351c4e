package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.Attachable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Occupant;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.posix.PosixException;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelId;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPipeline;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Netty channel on an fd of the table: who may run on it now.
 *
 * <p>A channel has three phases. <em>Unborn</em>: no fd yet; its home loop's thread may enter. <em>Live</em>: whoever
 * gets a claim on the fd may. <em>Gone</em>: the fd is finalized and cannot move any more; the last owner's thread may.
 * Whoever has entered is the {@code holder} until it leaves; a holder that enters again only counts. An fd that is
 * inserted by a holder makes its first claim the holder's.
 *
 * <p>Threading: {@link #enter} by any thread; everything that says so only by the holder.
 */
abstract class FdChannel extends AbstractChannel implements FdHandler, Attachable, Occupant {
    private static final Logger LOG = LoggerFactory.getLogger(FdChannel.class);

    private static final VarHandle EVENTS;

    static {
        try {
            EVENTS = MethodHandles.lookup().findVarHandle(FdChannel.class, "events", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final ChannelEnv env;
    private final FdKind kind;

    /** The loop it was registered with; set before any other thread can know of the channel's fd. */
    private volatile @Nullable BatonLoop home;
    /** Null while unborn; then for life. */
    private volatile @Nullable Fd fd;
    /** Set by the finalizer, before the slot is FREE: from here on gone. */
    private volatile @Nullable BatonLoop lastOwner;

    private volatile boolean open = true;
    /** What the pollers of this process are like; set with {@link #home}. */
    private boolean edges;

    /**
     * The thread that has entered. Read without order by others, who only compare it with themselves: a thread finds
     * itself here only if it wrote that itself and has not cleared it since.
     */
    private @Nullable Thread holder;
    // The holder's:
    private int depth;
    private boolean claimed;
    /** Deregistered while it had a socket: nobody polls it until it is registered again. */
    private boolean apart;

    private int armed;
    /** The owner's turn in which its poller got the fd: that turn's events cannot have told anything about it. */
    private int polledSinceTurn;

    private @Nullable Runnable afterLeave;
    /** What has run here. Beside {@link #holder}, whose line each leave writes to anyway: the claim word has no part in it. */
    private long events;

    /** A channel without an fd. */
    FdChannel(@Nullable Channel parent, ChannelEnv env, FdKind kind) {
        super(parent);
        this.env = env;
        this.kind = kind;
    }

    // ---- enter and leave ------------------------------------------------------------------------------------------

    /**
     * Makes the caller the holder if it may be. True: {@link #leave} must follow, in a finally. It may overtake what is
     * queued: for the dispatcher and for the channel's own system calls.
     */
    final boolean enter() {
        Thread caller = Thread.currentThread();
        if (holder == caller) {
            depth++;
            return true;
        }
        Fd live = fd;
        if (live == null) {
            BatonLoop at = home;
            if (at == null || !at.inEventLoop(caller)) {
                return false;
            }
        } else if (lastOwner == null && enterLive(live, caller)) {
            claimed = true;
        } else {
            BatonLoop last = lastOwner;
            if (last == null || !last.inEventLoop(caller)) {
                return false;
            }
        }
        begin(caller);
        return true;
    }

    /**
     * {@link #enter} for system calls on the fd: refuses once it is gone. A gone channel may be entered, and its number
     * belongs to somebody else.
     */
    final boolean enterSocket() {
        if (!enter()) {
            return false;
        }
        if (isGone()) {
            leave();
            return false;
        }
        return true;
    }

    private boolean enterLive(Fd live, Thread caller) {
        BatonLoop owner = env.loops().find(env.table().owner(live));
        return owner != null
                && owner.inEventLoop(caller)
                && env.table().enter(live.number(), live.generation(), owner.id()) == FdTable.Entry.ENTERED;
    }

    private void begin(Thread caller) {
        holder = caller;
        depth = 1;
        BatonLoop loop = BatonLoop.currentLoop();
        if (loop != null) {
            loop.occupants().entered(this);
        }
    }

    /** Gives back what {@link #enter}, a takeover or the dispatcher gave. */
    public final void leave() {
        assert holder == Thread.currentThread() : "left by a thread that has not entered";
        if (--depth > 0) {
            return;
        }
        countEvent();
        Runnable after = afterLeave;
        afterLeave = null;
        boolean hadClaim = claimed;
        claimed = false;
        BatonLoop loop = BatonLoop.currentLoop();
        if (loop != null) {
            loop.occupants().left(this);
        }
        // Before the claim goes: the next holder must not find us here, nor have its own note wiped out.
        holder = null;
        if (hadClaim) {
            env.table().leave(live());
        }
        if (after != null) {
            runGuarded(after);
        }
    }

    /** Holder: something has run that makes the channel's loop busy. */
    final void countEvent() {
        EVENTS.setOpaque(this, events + 1);
    }

    /** How much has run here so far: each time that somebody had entered, and each buffer that a read has filled. Any thread. */
    public final long events() {
        return (long) EVENTS.getOpaque(this);
    }

    /** True if the caller has entered. */
    final boolean isHolder() {
        return holder == Thread.currentThread();
    }

    final boolean isHolder(Thread thread) {
        return holder == thread;
    }

    final void setAfterLeave(Runnable action) {
        assert isHolder();
        afterLeave = action;
    }

    /** Holder: a claim came from a takeover or an insert, not from {@link #enter}. */
    private void hold() {
        assert holder == null || isHolder();
        claimed = true;
        if (holder == null) {
            begin(Thread.currentThread());
        }
    }

    @Override
    public final void dispatch(int loop, int ready) {
        hold();
        try {
            ready(env.loops().byId(loop), ready);
        } catch (Throwable t) { // an Error too: it costs this connection and nothing else
            failed(t);
        } finally {
            leave();
        }
    }

    /** Holder: handles an event. */
    abstract void ready(BatonLoop loop, int ready);

    // ---- birth ----------------------------------------------------------------------------------------------------

    /**
     * Unborn channels: enters an fd into the table, owned by the home loop, whose thread is calling and has entered.
     * The claim lasts until the holder leaves.
     */
    final Fd insert(int number) {
        assert isHolder() && fd == null;
        Fd inserted =
                env.table().fdInsert(number, kind, plugin(), this, homeLoop().id());
        fd = inserted;
        hold();
        return inserted;
    }

    /** In a constructor, before there is a home loop: enters an fd that no loop owns yet; {@link #settle} follows. */
    final void insertUnowned(int number) {
        Fd inserted = env.table().fdInsert(number, kind, plugin(), this, FdTable.NONE);
        fd = inserted;
        env.table().leave(inserted);
    }

    /** In a constructor, on the thread of the loop that is to own it: inserts and leaves the caller the holder. */
    final void insertHeld(int number, BatonLoop owner) {
        edges = owner.poller().edgeTriggered();
        home = owner;
        fd = env.table().fdInsert(number, kind, plugin(), this, owner.id());
        hold();
    }

    /** Home loop: makes it the owner of an fd that none owns. False if it was deleted before. */
    final boolean settle() {
        Fd unowned = live();
        if (env.table().fdTakeover(unowned, homeLoop().id(), FdTable.NONE) < 0) {
            return false;
        }
        hold();
        return true;
    }

    @Override
    public EventLoop attach(BatonLoop loop) {
        edges = loop.poller().edgeTriggered();
        home = loop;
        return loop;
    }

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof BatonLoop;
    }

    // ---- registration ---------------------------------------------------------------------------------------------

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

    /** Registered again, perhaps with another loop. False if somebody holds a claim now. */
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
        if (open && fd != null && !apart && enterSocket()) {
            try {
                owner().poller().remove(live());
                apart = true;
            } finally {
                leave();
            }
        }
    }

    final BatonLoop homeLoop() {
        BatonLoop at = home;
        if (at == null) {
            throw new IllegalStateException("channel is not registered with a loop yet");
        }
        return at;
    }

    /** True once it has a loop that it can queue for. */
    final boolean isAtHome() {
        return home != null;
    }

    /** The plugin that callbacks on this channel are counted for. */
    String plugin() {
        return FdTable.RUNTIME;
    }

    // ---- takeover -------------------------------------------------------------------------------------------------

    /**
     * Makes the calling loop the owner and the caller the holder.
     *
     * @return the victim's id, or {@link FdTable#BUSY} or {@link FdTable#GONE}, with nothing changed
     */
    final int takeFrom(BatonLoop thief, int victim) {
        assert thief.inEventLoop() : "taken over by a thread that is not the loop's";
        Fd taken = fd;
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
        return owner().hasDispatched(polledSinceTurn, agoNanos);
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
        if (apart) {
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
        Fd polled = fd;
        return polled != null && claimed && open;
    }

    final boolean edgeTriggered() {
        return edges;
    }

    // ---- owner ----------------------------------------------------------------------------------------------------

    /** The loop that owns the fd, or did last, or will. Out of date when it returns, unless the caller is the holder. */
    final BatonLoop owner() {
        BatonLoop last = lastOwner;
        if (last != null) {
            return last;
        }
        Fd known = fd;
        if (known == null) {
            return homeLoop();
        }
        int id = env.table().owner(known);
        BatonLoop owner = id == FdTable.GONE ? lastOwner : env.loops().find(id);
        return owner != null ? owner : homeLoop();
    }

    /** The pair, or null before there is a socket. */
    public final @Nullable Fd fd() {
        return fd;
    }

    final Fd live() {
        Fd known = fd;
        if (known == null) {
            throw new IllegalStateException("channel has no socket yet");
        }
        return known;
    }

    /** True while a claim on the fd is possible. */
    final boolean isLive() {
        Fd known = fd;
        return known != null && lastOwner == null && env.table().isLive(known);
    }

    /** True once nothing of the fd is left: the channel is a plain delegate of its last loop. */
    final boolean isGone() {
        return lastOwner != null;
    }

    // ---- death ----------------------------------------------------------------------------------------------------

    @Override
    public final boolean isOpen() {
        return open;
    }

    /** Every close of a channel ends here: {@code fdDelete}, by the holder together with its leave (row 11). */
    @Override
    protected void doClose() throws Exception {
        open = false;
        Fd dying = fd;
        if (dying == null) {
            return;
        }
        if (isHolder() && claimed) {
            if (env.table().fdDeleteAndLeave(dying)) {
                claimed = false;
            }
        } else {
            env.table().fdDelete(dying);
        }
    }

    @Override
    public final void finalizing(int lastOwnerId) {
        BatonLoop last = env.loops().find(lastOwnerId);
        lastOwner = last != null ? last : home;
    }

    @Override
    public void closed() {
        BatonLoop last = lastOwner;
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

    /** The last owner has ended, or ends: nobody is left to be told, unless the channel can have another one. */
    void lastLoopEnded(BatonLoop last, RejectedExecutionException cause) {
        LOG.debug("{} was deleted after its loop had ended: nobody is left to be told", fd, cause);
    }

    /** Gone channels whose last owner's thread is no more: another loop takes its place. */
    final void outlive(BatonLoop next) {
        lastOwner = next;
    }

    private void closeDeleted() {
        if (enter()) {
            try {
                unsafe().close(voidPromise());
            } finally {
                leave();
            }
        }
    }

    // ---- failures -------------------------------------------------------------------------------------------------

    @Override
    protected ChannelId newId() {
        return new ChannelNumber();
    }

    @Override
    protected DefaultChannelPipeline newChannelPipeline() {
        return new GuardedPipeline(this);
    }

    /** Holder: an I/O error reached the end of the pipeline. */
    void ended(IOException cause) {
        LOG.debug("{} ended: {}", fd, cause.toString());
        closeQuietly();
    }

    /** Holder: a callback threw and nobody handled it. Gives up this channel and nothing else. */
    final void failed(Throwable cause) {
        try {
            if (isShortOfDirectMemory(cause)) {
                if (env.budget().allocationFailed()) {
                    LOG.warn(
                            "no direct memory for a buffer of {}, which is closed (logged once a minute; counted in"
                                    + " baton_memory_allocation_failures_total): {}",
                            fd,
                            cause.getMessage());
                }
                return;
            }
            LOG.error("a callback of plugin {} threw on {}", plugin(), fd, cause);
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

    /** Nobody's fault who is on the stack. Netty throws a class of its own, the JDK says it in the message. */
    private static boolean isShortOfDirectMemory(Throwable cause) {
        return cause instanceof OutOfMemoryError
                && (cause.getClass() != OutOfMemoryError.class
                        || String.valueOf(cause.getMessage()).contains("direct buffer memory"));
    }

    /** Holder: one of the callbacks threw, so nobody knows what state they are in. */
    void giveUp() {
        closeQuietly();
    }

    /** Holder: a message that no handler took; Netty releases it where it is counted. */
    void unhandled(Object message) {}

    /** Holder: closes; if even that throws, deletes the fd. */
    final void closeQuietly() {
        try {
            unsafe().close(voidPromise());
        } catch (Throwable t) { // an Error too: the fd must not outlive it
            LOG.error("close of {} threw", fd, t);
            Fd known = fd;
            if (known != null) {
                env.table().fdDelete(known);
            }
        }
    }

    /** Holder: tells the handlers why, then closes. */
    final void closeWith(Throwable cause) {
        ChannelPipeline pipeline = pipeline();
        pipeline.fireExceptionCaught(cause);
        closeQuietly();
    }

    /** Runs something that must not take its caller down. */
    final void runGuarded(Runnable task) {
        try {
            task.run();
        } catch (Throwable t) { // an Error too
            if (enter()) {
                try {
                    failed(t);
                } finally {
                    leave();
                }
            } else {
                LOG.error("a task of plugin {} threw on {}", plugin(), fd, t);
                env.failures().failed(plugin(), t);
                Fd known = fd;
                if (known != null) {
                    env.table().fdDelete(known);
                }
            }
        }
    }

    /** Runs a task of the channel's own later, under a claim, never inline; not at all if the channel is out of reach. */
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
            LOG.debug("the loop of {} has ended, and the channel with it", fd, e);
        }
    }

    static IOException error(String action, int result) {
        return PosixException.of(action, result);
    }
}
