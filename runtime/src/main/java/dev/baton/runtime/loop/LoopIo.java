package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one loop does in a turn: sleep in the poller, then dispatch the events through the fd table.
 *
 * <p>Sleep and wakeup (R18, R19 of the race list): the loop announces SLEEPING, then looks once more whether there is
 * work, then polls. A thread that brings work queues it first and looks at the state then: either it sees SLEEPING and
 * wakes the poller, or the loop's second look sees the work. Both sides use volatile accesses: with less, each could
 * miss the other. A wakeup is written once for each sleep, by the CAS that ends it.
 */
final class LoopIo implements IoHandler, PollSink {
    private static final Logger LOG = LoggerFactory.getLogger(LoopIo.class);

    /**
     * A turn with so many events may have left some in the kernel: {@link Poller#EVENTS_MAX_LEAST} less one, which may
     * have been a wakeup that the poller keeps to itself.
     */
    private static final int FULL_TURN_EVENTS = Poller.EVENTS_MAX_LEAST - 1;

    /** Polls that fail one after the other until the loop gives up: so many take it a few milliseconds. */
    private static final int FAILURES_MAX = 1_000;

    private static final int AWAKE = 0;
    private static final int SLEEPING = 1;
    private static final VarHandle STATE;
    private static final VarHandle TURNS;
    private static final VarHandle LAST_TURN;
    private static final VarHandle CURRENT_KEY;
    private static final VarHandle EVENTS;
    private static final VarHandle TASKS;
    private static final VarHandle WAITED;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            STATE = lookup.findVarHandle(LoopIo.class, "state", int.class);
            TURNS = lookup.findVarHandle(LoopIo.class, "turns", long.class);
            LAST_TURN = lookup.findVarHandle(LoopIo.class, "lastTurn", long.class);
            CURRENT_KEY = lookup.findVarHandle(LoopIo.class, "currentKey", long.class);
            EVENTS = lookup.findVarHandle(LoopIo.class, "events", long.class);
            TASKS = lookup.findVarHandle(LoopIo.class, "tasks", long.class);
            WAITED = lookup.findVarHandle(LoopIo.class, "waited", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int id;
    private final Poller poller;
    private final FdTable table;
    private final FdObservers observers;
    private final Ticker ticker;
    private BatonLoop loop;
    private volatile String threadName = "not started";
    private volatile @Nullable LoopThread thread;

    // What the thread has begun: turns, events, tasks. Written by this thread only, so that a watchdog needs no clock
    // here.
    private long turns;
    private long events;
    private long tasks;

    private int failures;
    private int state;

    // Which events have been dispatched. This thread's only.
    /** When the poll returned whose events are being dispatched, or were last. */
    private long polledNanos;
    /** The poll under way may have slept, so {@link #polledNanos} is out of date. */
    private boolean maySleep;
    /** The last turn whose events have all been dispatched, and when its poll returned. */
    private long dispatchedTurn;

    private long dispatchedNanos;

    /** Nanoseconds in polls that might sleep. Written by this thread only. */
    private long waited;

    @SuppressWarnings("UnusedVariable") // read through LAST_TURN
    private long lastTurn;

    @SuppressWarnings("UnusedVariable") // read through CURRENT_KEY
    private long currentKey = -1;

    @SuppressWarnings(
            "NullAway.Init") // attach() follows at once: Netty makes the handler inside the loop's constructor
    LoopIo(int id, Poller poller, FdTable table, FdObservers observers, Ticker ticker) {
        this.id = id;
        this.poller = poller;
        this.table = table;
        this.observers = observers;
        this.ticker = ticker;
        this.lastTurn = now();
    }

    /** On the scale of {@link System#nanoTime()}, which {@link IoHandlerContext#delayNanos} wants. */
    private long now() {
        return ticker.initialNanoTime() + ticker.nanoTime();
    }

    void attach(BatonLoop owner) {
        this.loop = owner;
    }

    int id() {
        return id;
    }

    Poller poller() {
        return poller;
    }

    String threadName() {
        return threadName;
    }

    long turns() {
        return (long) TURNS.getOpaque(this);
    }

    /** Events of its poller so far, those that came too late too. */
    long events() {
        return (long) EVENTS.getOpaque(this);
    }

    /**
     * See {@link dev.baton.spi.loop.WatchedLoop#progress}. Each of the three only grows, so a sum that is the same at a
     * second look means that none has grown in between.
     */
    long progress() {
        return turns() + events() + (long) TASKS.getOpaque(this);
    }

    /** A task is begun, or looked for. Only on the loop's thread. */
    void taskBegun() {
        TASKS.setOpaque(this, tasks + 1);
    }

    /** True while it sleeps in its poller; it may have been woken already. */
    boolean isWaiting() {
        return (int) STATE.getVolatile(this) == SLEEPING || thread == null;
    }

    @Nullable
    LoopThread thread() {
        return thread;
    }

    /** See {@link BatonLoop#waitedNanos}. */
    long waitedNanos() {
        // In this order: a wait that ends in between counts for less than it was, and never twice.
        long since = lastTurnNanos();
        boolean waits = isWaiting();
        long before = (long) WAITED.getOpaque(this);
        return waits && since == lastTurnNanos() ? before + Math.max(0, now() - since) : before;
    }

    long lastTurnNanos() {
        return (long) LAST_TURN.getOpaque(this);
    }

    long currentKey() {
        return (long) CURRENT_KEY.getOpaque(this);
    }

    @Override
    public void initialize() {
        BatonLoop.CURRENT.set(loop);
        threadName = Thread.currentThread().getName();
        thread = new LoopThread(Thread.currentThread(), nativeId());
    }

    /** The kernel's id of the calling thread, or 0 where it does not tell. */
    private static long nativeId() {
        try {
            return Long.parseLong(Files.readSymbolicLink(Path.of("/proc/thread-self"))
                    .getFileName()
                    .toString());
        } catch (IOException | RuntimeException e) {
            LOG.debug("the kernel does not tell this thread's id", e);
            return 0;
        }
    }

    @Override
    public int run(IoHandlerContext context) {
        long now = now();
        LAST_TURN.setOpaque(this, now);
        TURNS.setOpaque(this, turns + 1);
        polledNanos = now;
        if (!context.canBlock()) {
            return poll(0);
        }
        maySleep = true;
        STATE.setVolatile(this, SLEEPING);
        // The second look: work that was queued before SLEEPING could be seen has not woken us.
        long timeout = context.canBlock() ? Math.max(0, context.delayNanos(now)) : 0;
        try {
            return poll(timeout);
        } finally {
            STATE.setRelease(this, AWAKE);
        }
    }

    /** A poller that fails or throws must not end the loop: its connections and tasks still have it. */
    private int poll(long timeout) {
        long eventsBefore = events;
        int taken;
        try {
            taken = poller.poll(timeout, this);
        } catch (Throwable t) {
            pollerFailed("threw", t);
            return 0;
        }
        if (taken < 0) {
            pollerFailed("answered errno " + -taken, null);
            return 0;
        }
        failures = 0;
        notePollReturned();
        if (events - eventsBefore < FULL_TURN_EVENTS) {
            dispatchedTurn = turns;
            dispatchedNanos = polledNanos;
        }
        return taken;
    }

    private void notePollReturned() {
        if (maySleep) {
            maySleep = false;
            long now = now();
            WAITED.setOpaque(this, waited + (now - polledNanos));
            polledNanos = now;
        }
    }

    /**
     * Whether every event has been dispatched that came at least so long ago, on an fd that is polled here since a
     * turn. Only on the loop's thread.
     */
    boolean hasDispatched(int sinceTurn, long agoNanos) {
        return (int) dispatchedTurn - sinceTurn > 0 && now() - dispatchedNanos <= agoNanos;
    }

    private void pollerFailed(String how, @Nullable Throwable cause) {
        failures++;
        if (failures == 1) {
            LOG.error("the poller of loop {} {}; the loop continues", id, how, cause);
        } else if (failures >= FAILURES_MAX) {
            throw new IllegalStateException(
                    "the poller of loop " + id + " has failed " + failures + " times in a row: " + how, cause);
        }
    }

    @Override
    public void wakeup() {
        if ((int) STATE.getVolatile(this) == SLEEPING && STATE.compareAndSet(this, SLEEPING, AWAKE)) {
            poller.wakeup();
        }
    }

    @Override
    public boolean ready(int number, int generation, int ready) {
        if (state == SLEEPING) {
            // Awake since the poll returned: what callbacks queue for this loop needs no system call.
            STATE.setRelease(this, AWAKE);
        }
        notePollReturned();
        EVENTS.setOpaque(this, events + 1);
        FdTable.Entry entry = table.enter(number, generation, id);
        if (entry == FdTable.Entry.ENTERED) {
            CURRENT_KEY.setOpaque(this, Fd.key(number, generation));
            dispatch(number, generation, ready);
            CURRENT_KEY.setOpaque(this, -1L);
            return true;
        }
        observers.staleEvent();
        if (entry == FdTable.Entry.NOT_OWNER) {
            // Row 3: it was taken over and our poller still has it. The number cannot be recycled into this poller
            // meanwhile: only this thread adds to it.
            poller.remove(new Fd(number, generation));
        }
        return false;
    }

    private void dispatch(int number, int generation, int ready) {
        FdHandler handler = table.handler(number);
        if (handler == null) {
            // A poller's own fd is never dispatched: its poller keeps it to itself.
            table.leave(new Fd(number, generation));
            throw new AssertionError("event for fd " + number + ", which has no handler");
        }
        try {
            handler.dispatch(id, ready);
        } catch (Throwable t) { // costs this fd only, not the loop
            LOG.error("handler of fd {} threw; deleting the fd", number, t);
            table.fdDelete(new Fd(number, generation));
        }
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    /** Netty's first step of a shutdown, repeated until the loop is quiet; what it queues still runs. */
    @Override
    public void prepareToDestroy() {
        deleteOwned();
    }

    int owned() {
        int[] owned = new int[1];
        table.forEach(each -> owned[0] += each.owner() == id ? 1 : 0);
        return owned[0];
    }

    /**
     * Deletes what this loop owns: no loop would dispatch it. Channels are told by tasks of this loop. SHARED fds have
     * other loops, and an end of their own.
     *
     * @return true if there was something
     */
    boolean deleteOwned() {
        int[] deleted = new int[1];
        table.forEach(each -> {
            Fd fd = each.fd();
            // By enter and not by what was read: it may have been taken over since.
            if (each.owner() == id && table.enter(fd.number(), fd.generation(), id) == FdTable.Entry.ENTERED) {
                deleted[0]++;
                if (!table.fdDeleteAndLeave(fd)) {
                    table.leave(fd); // another thread was faster
                }
            }
        });
        return deleted[0] > 0;
    }

    @Override
    public void destroy() {
        deleteOwned();
        poller.close();
    }

    // Baton's channels live in the fd table; Netty's registrations of foreign transports have no place here.

    @Override
    public IoRegistration register(IoHandle handle) {
        throw new UnsupportedOperationException(
                "not a Baton channel: " + handle.getClass().getName());
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return false;
    }
}
