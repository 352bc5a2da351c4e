package dev.baton.runtime.listener;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many connections all listeners of a process may have together.
 *
 * <p>A listener that finds no room marks itself {@code CROWDED}, stops polling, and looks for room once more. Whoever ends the
 * fullness counts down first and looks for marked listeners then. Both sides use volatile accesses: either the listener sees
 * the room, or the other side sees the mark. So the last release always wakes whoever waits (R41), and a listener that has
 * nothing to accept keeps no other waiting: all are woken, once for each time that it was full.
 */
public final class TotalLimit {
    private final int max;
    private final AtomicInteger taken = new AtomicInteger();
    private final List<Waiting> listeners = new CopyOnWriteArrayList<>();

    /** A listener. */
    @FunctionalInterface
    interface Waiting {
        /** There is room again; only those that have marked themselves care. Must neither wait nor throw. */
        void roomAgain();
    }

    /**
     * Nothing is taken yet.
     *
     * @param max how many connections, at least 1; {@link Integer#MAX_VALUE} for no limit, which then costs nothing
     */
    public TotalLimit(int max) {
        assert max >= 1 : max;
        this.max = max;
    }

    void join(Waiting listener) {
        listeners.add(listener);
    }

    void quit(Waiting listener) {
        listeners.remove(listener);
    }

    /** True: the caller owes a {@link #release}. */
    boolean reserve() {
        if (max == Integer.MAX_VALUE) {
            return true;
        }
        while (true) {
            int seen = taken.get();
            if (seen >= max) {
                return false;
            }
            if (taken.compareAndSet(seen, seen + 1)) {
                return true;
            }
        }
    }

    void release() {
        if (max == Integer.MAX_VALUE) {
            return;
        }
        int before = taken.getAndDecrement();
        assert before > 0 : "more were released than were reserved";
        if (before == max) {
            for (Waiting listener : listeners) {
                listener.roomAgain();
            }
        }
    }

    boolean hasRoom() {
        return taken.get() < max;
    }

    /** Connections and reservations now; 0 if there is no limit. */
    public int taken() {
        return taken.get();
    }
}
