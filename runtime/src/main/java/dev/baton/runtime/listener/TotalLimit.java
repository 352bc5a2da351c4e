package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdBudget;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many connections all listeners of a process may have together: a number of connections where one is configured,
 * and always what the fds allow ({@link FdBudget}).
 *
 * <p>A listener that finds no room marks itself {@code CROWDED}, stops polling, and looks for room once more. Whoever
 * ends the fullness counts down first and looks for marked listeners then. Both sides use volatile accesses: either the
 * listener sees the room, or the other side sees the mark. So the last release always wakes a listener that waits
 * (R41), and a listener that has nothing to accept keeps no other waiting: all are woken, once for each time that it
 * was full.
 */
public final class TotalLimit {
    private final int max;
    private final FdBudget fds;
    private final AtomicInteger taken = new AtomicInteger();
    private final List<Waiting> listeners = new CopyOnWriteArrayList<>();
    private final IdleClients idle = new IdleClients(listeners);

    /** A listener. */
    @FunctionalInterface
    interface Waiting extends IdleClients.Source {
        /** There is room again; only those that have marked themselves care. Must neither wait nor throw. */
        void roomAgain();
    }

    /**
     * Nothing is taken yet, and there are fds for all.
     *
     * @param max how many connections, at least 1; {@link Integer#MAX_VALUE} for no limit
     */
    public TotalLimit(int max) {
        this(max, new FdBudget());
    }

    /**
     * Nothing is taken yet.
     *
     * @param max how many connections, at least 1; {@link Integer#MAX_VALUE} for as many as there are fds for
     * @param fds the fds that there are
     */
    public TotalLimit(int max, FdBudget fds) {
        assert max >= 1 : max;
        this.max = max;
        this.fds = fds;
        fds.whenRoom(this::roomAgain);
    }

    void join(Waiting listener) {
        listeners.add(listener);
    }

    void quit(Waiting listener) {
        listeners.remove(listener);
    }

    /**
     * Asks for one connection.
     *
     * @param cost the fds that it may need; 0 if a client in front of it has paid for it, then it is not counted
     * @return true: the caller owes a {@link #release}
     */
    boolean reserve(int cost) {
        if (!counts(cost)) {
            return fds.admit(cost);
        }
        // First, or two listeners would wake each other for ever with a connection that they take and give back.
        if (!fds.hasRoom(cost)) {
            return false;
        }
        while (true) {
            int seen = taken.get();
            if (seen >= max) {
                return false;
            }
            if (taken.compareAndSet(seen, seen + 1)) {
                break;
            }
        }
        if (fds.admit(cost)) {
            return true;
        }
        giveBack();
        return false;
    }

    /** Counts one connection whether there is room or not; the caller owes a {@link #release}. */
    void admit(int cost) {
        if (counts(cost)) {
            taken.getAndIncrement();
        }
        fds.admitAnyway(cost);
    }

    void release(int cost) {
        fds.release(cost);
        if (counts(cost)) {
            giveBack();
        }
    }

    /** Without a limit of connections it is the budget that counts them. */
    private boolean counts(int cost) {
        return max != Integer.MAX_VALUE && cost > 0;
    }

    private void giveBack() {
        int before = taken.getAndDecrement();
        assert before > 0 : "more were released than were reserved";
        if (before >= max) {
            roomAgain();
        }
    }

    private void roomAgain() {
        for (Waiting listener : listeners) {
            listener.roomAgain();
        }
    }

    boolean hasRoom(int cost) {
        return (!counts(cost) || taken.get() < max) && fds.hasRoom(cost);
    }

    /** True if it is for want of fds that there is no room: more connections are allowed than there are fds for. */
    boolean wantsFds(int cost) {
        return !fds.hasRoom(cost);
    }

    /** Clients that may be closed to make room. */
    IdleClients idle() {
        return idle;
    }

    /** The fds that there are. */
    FdBudget fds() {
        return fds;
    }

    /** Connections and reservations now; 0 if there is no limit of connections. */
    public int taken() {
        return taken.get();
    }
}
