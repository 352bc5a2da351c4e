package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.Occupant;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The first layer of {@link FdChannel}: which thread may run on the channel now.
 *
 * <p>A channel has three phases. <em>Unborn</em>: no fd yet; its home loop's thread may enter. <em>Live</em>: the
 * thread that gets a claim on the fd may. <em>Gone</em>: the fd is finalized and moves no more; the last owner's thread
 * may. The thread that has entered is the {@code holder} until it leaves; a holder that enters again only counts. An fd
 * that is inserted by a holder makes its first claim the holder's.
 *
 * <p>Threading: {@link #enter} by any thread; everything that says so only by the holder.
 */
abstract class ClaimedChannel extends AbstractChannel implements FdHandler, Occupant {
    private static final VarHandle EVENTS;

    static {
        try {
            EVENTS = MethodHandles.lookup().findVarHandle(ClaimedChannel.class, "events", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Null until the registration of a channel that was made without one. Set before any other thread can enter. */
    @SuppressWarnings("NullAway.Init")
    ChannelEnv env;

    private final FdKind kind;

    /** The loop it was registered with; set before any other thread can know of the channel's fd. */
    private volatile @Nullable BatonLoop home;
    /** Null while unborn; then for life. */
    private volatile @Nullable Fd fd;
    /** Set by the finalizer, before the slot is FREE: from here on gone. */
    private volatile @Nullable BatonLoop lastOwner;

    /**
     * The thread that has entered. Other threads read it without order and only compare it with themselves: a thread
     * finds itself here only if it wrote that itself and has not cleared it since.
     */
    private @Nullable Thread holder;
    // The holder's:
    private int depth;
    private boolean claimed;
    private @Nullable Runnable afterLeave;
    /**
     * What has run here. Beside {@link #holder}, whose line each leave writes to anyway: the claim word has no part in
     * it.
     */
    private long events;

    /**
     * A channel without an fd.
     *
     * @param env null for that of the loop with which it will be registered
     */
    @SuppressWarnings("NullAway")
    ClaimedChannel(@Nullable Channel parent, @Nullable ChannelEnv env, FdKind kind) {
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
     * {@link #enter} for system calls on the fd: refuses once it is gone. A gone channel may be entered, but its number
     * may be another fd's by then.
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

    /** How much has run here so far: one for each entry, and one for each buffer that a read has filled. Any thread. */
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
    final void hold() {
        assert holder == null || isHolder();
        claimed = true;
        if (holder == null) {
            begin(Thread.currentThread());
        }
    }

    /** True if the caller has a claim on the fd, which is neither unborn nor gone then. Holder. */
    final boolean isClaimed() {
        return claimed;
    }

    /** Any thread: deletes the fd; a holder's claim is given back with it. */
    final void delete(Fd dying) {
        if (isHolder() && claimed) {
            if (env.table().fdDeleteAndLeave(dying)) {
                claimed = false;
            }
        } else {
            env.table().fdDelete(dying);
        }
    }

    /** Runs something that must not take its caller down. */
    abstract void runGuarded(Runnable task);

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
        home(owner);
        fd = env.table().fdInsert(number, kind, plugin(), this, owner.id());
        hold();
    }

    /** Home loop: makes it the owner of an fd that no loop owns. False if it was deleted before. */
    final boolean settle() {
        Fd unowned = live();
        if (env.table().fdTakeover(unowned, homeLoop().id(), FdTable.NONE) < 0) {
            return false;
        }
        hold();
        return true;
    }

    /**
     * It is registered with this loop.
     *
     * @throws IllegalStateException if it lives with the loops of another Baton
     */
    void home(BatonLoop loop) {
        if (!hasEnv()) {
            env = ChannelEnv.of(loop);
        } else if (!loop.isAmong(env.loops())) {
            throw new IllegalStateException("it lives with the loops of one Baton, and " + loop + " is another's");
        }
        home = loop;
    }

    /** False before the registration of a channel that was made without one. */
    @SuppressWarnings("NullAway")
    final boolean hasEnv() {
        return env != null;
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

    // ---- owner ----------------------------------------------------------------------------------------------------

    /**
     * The loop that owns the fd, or did last, or will. Out of date when it returns, unless the caller is the holder.
     */
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

    /** The loop that the fd's last claim was on; null until it is gone. */
    final @Nullable BatonLoop lastOwner() {
        return lastOwner;
    }

    @Override
    public final void finalizing(int lastOwnerId) {
        BatonLoop last = env.loops().find(lastOwnerId);
        lastOwner = last != null ? last : home;
    }

    /** Gone channels whose last owner's thread has ended: another loop takes its place. */
    final void outlive(BatonLoop next) {
        lastOwner = next;
    }
}
