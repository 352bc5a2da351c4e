package dev.baton.runtime.upstream;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The places of one server, of which each open connection has one, and those that wait for a place or a connection:
 * first come, first served, over all loops. Any thread; no method waits for another thread.
 *
 * <p>The order of arrival is that of the compare-and-set with which {@link #add} appends to the queue. Everybody goes
 * through the queue, also where a place is free, so that no newcomer overtakes. A waiter is served by whoever has
 * something for it in hand: a place that it has taken, or a connection that it has a claim on. The change of the
 * waiter's state decides, and who loses it keeps what it has in hand and looks for the next:
 *
 * <table>
 *   <caption>states of a waiter</caption>
 *   <tr><th>state</th><th>operation</th><th>by</th><th>new state</th><th>counted</th></tr>
 *   <tr><td>-</td><td>add: appended</td><td>its own thread</td><td>NEW</td><td>no</td></tr>
 *   <tr><td>NEW</td><td>serve</td><td>who has a place or a connection in hand</td><td>SERVED</td><td>no</td></tr>
 *   <tr><td>NEW</td><td>settle, fewer wait than may</td><td>its own thread</td><td>WAITS</td><td>+1</td></tr>
 *   <tr><td>NEW</td><td>settle, else</td><td>its own thread</td><td>ENDED</td><td>no</td></tr>
 *   <tr><td>WAITS</td><td>serve</td><td>who has a place or a connection in hand</td><td>SERVED</td><td>-1</td></tr>
 *   <tr><td>WAITS</td><td>end: cancelled, too late, server closed</td><td>any thread</td><td>ENDED</td><td>-1</td></tr>
 *   <tr><td>SERVED, ENDED</td><td>any</td><td></td><td>refused</td><td></td></tr>
 * </table>
 *
 * <p>No wakeup is lost, because each side first shows what it has and then looks at the other, with a full fence
 * between: {@link #add} appends and then looks for places ({@link #grant}) and idle connections; who frees a place or
 * rests a connection does that first, and then looks for waiters. The later of two such threads sees both. A place that
 * one thread holds for a waiter while another looks is no exception: if the waiter is lost, the holder frees the place
 * and looks again.
 *
 * @param <W> what waits
 */
final class ServerQueue<W extends ServerQueue.Waiter> {

    /** Is served or ended, once. */
    abstract static class Waiter {
        private static final int NEW = 0;
        private static final int WAITS = 1;
        private static final int SERVED = 2;
        private static final int ENDED = 3;

        private static final VarHandle STATE;

        static {
            try {
                STATE = MethodHandles.lookup().findVarHandle(Waiter.class, "state", int.class);
            } catch (ReflectiveOperationException e) {
                throw new ExceptionInInitializerError(e);
            }
        }

        /** Whose connections it can use. */
        private final Object kind;

        @SuppressWarnings("UnusedVariable") // by STATE
        private int state;

        Waiter(Object kind) {
            this.kind = kind;
        }

        /** It was given a place. By the thread that had it in hand. */
        abstract void placed();

        /** Neither served nor ended yet. */
        final boolean isWaiting() {
            int now = (int) STATE.getVolatile(this);
            return now == NEW || now == WAITS;
        }

        final boolean changes(int from, int to) {
            return STATE.compareAndSet(this, from, to);
        }
    }

    /** What became of a newcomer that looked for a place. */
    enum Settled {
        /** It has been given a place or a connection. */
        SERVED,
        /** It waits, and will be served or ended. */
        WAITS,
        /** It has been ended: as many wait as may. */
        FULL
    }

    private final int placesMax;
    private final int waitingMax;
    private final AtomicInteger taken = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Queue<W> queue = new ConcurrentLinkedQueue<>();

    /**
     * Without connections.
     *
     * @param placesMax how many connections there may be, at least 1
     * @param waitingMax how many may wait for one
     */
    ServerQueue(int placesMax, int waitingMax) {
        this.placesMax = placesMax;
        this.waitingMax = waitingMax;
    }

    // ---- places -----------------------------------------------------------------------------------------------------

    /** Takes a place, for a waiter or for a connection that is there already; false if none is free. */
    boolean takePlace() {
        int count = taken.get();
        while (count < placesMax) {
            int seen = taken.compareAndExchange(count, count + 1);
            if (seen == count) {
                return true;
            }
            count = seen;
        }
        return false;
    }

    /** Takes a place for a connection that is there and in use, whether one is free or not. */
    void overdraw() {
        taken.getAndIncrement();
    }

    /** Gives a place back, whose connection is closed; {@link #grant} must follow. */
    void freePlace() {
        int before = taken.getAndDecrement();
        assert before > 0 : "a place was given back twice";
    }

    /** Places that are not free. */
    int taken() {
        return taken.get();
    }

    // ---- waiters ----------------------------------------------------------------------------------------------------

    /** Appends a newcomer; {@link #grant}, a look for idle connections, and {@link #settle} must follow. */
    void add(W newcomer) {
        queue.add(newcomer);
        VarHandle.fullFence(); // before it looks for what is free
    }

    /** Says what becomes of a newcomer that has looked for a place. By the thread that added it. */
    Settled settle(W newcomer) {
        if (waiting.incrementAndGet() <= waitingMax) {
            if (newcomer.changes(Waiter.NEW, Waiter.WAITS)) {
                return Settled.WAITS;
            }
        } else if (newcomer.changes(Waiter.NEW, Waiter.ENDED)) {
            waiting.decrementAndGet();
            queue.remove(newcomer);
            return Settled.FULL;
        }
        waiting.decrementAndGet();
        return Settled.SERVED;
    }

    /** Whether any request waits. Call it after what is offered can be seen by others. */
    boolean isEmpty() {
        VarHandle.fullFence();
        return first() == null;
    }

    /** Whether one waits for a connection of this kind. Call it after what is offered can be seen by others. */
    boolean isWaitedFor(Object kind) {
        VarHandle.fullFence();
        return first(kind) != null;
    }

    /** The one that has waited longest; null if none waits. */
    @Nullable
    W first() {
        while (true) {
            W first = queue.peek();
            if (first == null || first.isWaiting()) {
                return first;
            }
            queue.remove(first); // the thread that changed its state may not have come to it
        }
    }

    /** The one that has waited longest for a connection of this kind; null if none does. */
    @Nullable
    private W first(Object kind) {
        for (W each : queue) {
            if (((Waiter) each).kind == kind && each.isWaiting()) {
                return each;
            }
        }
        return null;
    }

    /** Gives free places to waiters in turn; returns the first that got none, or null. */
    @Nullable
    W grant() {
        W first;
        while ((first = first()) != null && takePlace()) {
            if (serve(first)) {
                first.placed();
            } else {
                freePlace();
            }
        }
        return first;
    }

    /**
     * Serves the first of a kind. The caller has a claim on a connection, which is the waiter's.
     *
     * @return null if none waits for it
     */
    @Nullable
    W serve(Object kind) {
        W first;
        while ((first = first(kind)) != null) {
            if (serve(first)) {
                return first;
            }
        }
        return null;
    }

    private boolean serve(W waiter) {
        // NEW first: it may become WAITS in between, and never the reverse.
        boolean isNew = waiter.changes(Waiter.NEW, Waiter.SERVED);
        if (!isNew && !waiter.changes(Waiter.WAITS, Waiter.SERVED)) {
            return false;
        }
        if (!isNew) {
            waiting.decrementAndGet();
        }
        queue.remove(waiter);
        return true;
    }

    /** Ends a wait from any thread; false if it was over. */
    boolean end(W waiter) {
        if (!waiter.changes(Waiter.WAITS, Waiter.ENDED)) {
            return false;
        }
        waiting.decrementAndGet();
        queue.remove(waiter);
        return true;
    }

    /** Ends the waits of all that have settled; the others must look by themselves whether to wait. */
    void endAll(Consumer<W> ended) {
        for (W each : queue) {
            if (end(each)) {
                ended.accept(each);
            }
        }
    }

    /** How many wait now. */
    int waiting() {
        return waiting.get();
    }
}
