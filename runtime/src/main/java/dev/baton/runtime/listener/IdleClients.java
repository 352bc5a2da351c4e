package dev.baton.runtime.listener;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The clients of all listeners that are between two messages, of which some are closed where there is no room for new
 * ones: those first that have been idle longest.
 *
 * <p>Nothing is kept in order while connections come and go. A search asks the service of every connection
 * ({@link dev.baton.spi.service.Service#idleNanos}) and keeps the {@value #KEPT_MAX} that have been idle longest; the
 * loops close those one by one, each after another look under its claim. One that has had a message since the search is
 * passed over. So a search is paid for by many closes, a loop never searches, and as long as there is room nothing is
 * done at all.
 *
 * <p>Threading: {@link #search} by any thread that is no loop, {@link #closeOne} by loops, the rest by any; nothing
 * waits.
 */
final class IdleClients {
    /** How many a search keeps. */
    static final int KEPT_MAX = 1024;
    /**
     * A client that has been idle for less may have its next message on the way, and asks for one thing after the
     * other.
     */
    static final Duration IDLE_MIN = Duration.ofMillis(100);
    /** How long after a search that has found all there are the next may be; longer where there are many. */
    private static final Duration PAUSE = Duration.ofMillis(100);

    private static final long PAUSE_NANOS_PER_CONNECTION = 1_000;

    private static final Comparator<Idle> BY_TIME = Comparator.comparingLong(Idle::nanos);

    private final Iterable<? extends Source> listeners;
    private final Queue<Idle> longest = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean searching = new AtomicBoolean();
    /** The last search has kept all that it has found. Written by who searches, as is the next one. */
    private boolean exhausted;
    /** There were connections that may become idle, as far as is known. */
    private volatile boolean mayCome = true;

    private long notBefore;

    /** A listener. */
    interface Source {
        /** Offers its idle connections. */
        default void idle(Search search) {}
    }

    /** Whose connections they are. */
    @FunctionalInterface
    interface Owner {
        /**
         * Closes a connection that has been idle, if it is still. On a loop.
         *
         * @param nanos how long it had been idle at some time before; if it is less now, it has had a message meanwhile
         * @return whether it is closed
         */
        boolean closeIdle(MovableChannel connection, long nanos);
    }

    private record Idle(Owner listener, MovableChannel connection, long nanos) {}

    /** What a search has found so far. */
    static final class Search {
        private final PriorityQueue<Idle> kept = new PriorityQueue<>(BY_TIME);
        private int seen;
        private boolean mayCome;

        /**
         * Looks at a connection.
         *
         * @param idleNanos how long it has been idle; negative if it is not
         */
        void offer(Owner listener, MovableChannel connection, long idleNanos) {
            seen++;
            mayCome |= idleNanos != Service.NEVER_IDLE;
            if (idleNanos < IDLE_MIN.toNanos()) {
                return;
            }
            if (kept.size() == KEPT_MAX) {
                Idle shortest = kept.peek();
                if (shortest == null || shortest.nanos >= idleNanos) {
                    return;
                }
                kept.poll();
            }
            kept.add(new Idle(listener, connection, idleNanos));
        }
    }

    /** Of these listeners, whichever there are at the time of a search. */
    IdleClients(Iterable<? extends Source> listeners) {
        this.listeners = listeners;
    }

    /** Whether a search has found some that have not been closed yet; they may be at work again. */
    boolean areKnown() {
        return !longest.isEmpty();
    }

    /** Whether it is worth while to search later: false if the last search met no client that could become idle. */
    boolean mayCome() {
        return mayCome;
    }

    /**
     * Searches, if none are known and the last search is long enough ago.
     *
     * @param nowNanos by any clock that is always the same
     * @return whether any are known now
     */
    boolean search(long nowNanos) {
        if (areKnown() || !searching.compareAndSet(false, true)) {
            return areKnown();
        }
        try {
            if (exhausted && mayCome && nowNanos - notBefore < 0) {
                return false;
            }
            mayCome = true; // for who does not wait for the end of this search
            Search search = new Search();
            listeners.forEach(each -> each.idle(search));
            exhausted = search.kept.size() < KEPT_MAX;
            notBefore = nowNanos + PAUSE.toNanos() + search.seen * PAUSE_NANOS_PER_CONNECTION;
            List<Idle> found = new ArrayList<>(search.kept);
            found.sort(BY_TIME.reversed());
            longest.addAll(found);
            mayCome = search.mayCome;
        } finally {
            searching.set(false);
        }
        return areKnown();
    }

    /**
     * Closes the one that has been idle longest of those that are known, whichever loop has it. On a loop.
     *
     * @return false if there is none, or the caller is no loop that could take it over
     */
    boolean closeOne() {
        for (Idle next = longest.poll(); next != null; next = longest.poll()) {
            if (next.listener.closeIdle(next.connection, next.nanos)) {
                return true;
            }
        }
        return false;
    }
}
