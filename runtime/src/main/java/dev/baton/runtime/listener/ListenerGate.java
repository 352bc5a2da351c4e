package dev.baton.runtime.listener;

import dev.baton.spi.listener.ListenerState;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Whether a listener accepts, and how many connections it has: one word, changed by CAS only, by any thread.
 *
 * <p>{@code episode:26 | THROTTLED:1 | LIMITED:1 | SUSPENDED:1 | phase:2 | CROWDED:1 | connections:32}
 *
 * <p>The phase only goes forward; the other parts are independent of each other, so that nothing that ends (a pause for
 * lack of fds, a suspension, a connection) has to know what else holds the listener back. The state that others see is
 * derived: the first row that applies.
 *
 * <pre>
 * state      when                                  accepts and is polled
 * STOPPED    phase STOPPED                         no, and never again
 * NEW        phase NEW                             no
 * ASSIGNED   phase ASSIGNED                        no
 * SUSPENDED  phase OPEN, SUSPENDED                 no
 * LIMITED    phase OPEN, LIMITED or THROTTLED      no
 * FULL       phase OPEN, connections = max, or     no
 *            CROWDED
 * READY      phase OPEN, everything else           yes
 *
 * operation    guard                               effect
 * assign       NEW                                 ASSIGNED
 * open         ASSIGNED                            OPEN
 * stop         not STOPPED                         STOPPED
 * suspend      ASSIGNED or OPEN, not SUSPENDED     SUSPENDED on
 * resume       ASSIGNED or OPEN, SUSPENDED         SUSPENDED off
 * reserve      READY                               connections + 1: the right to accept one
 * admit        not STOPPED                         connections + 1: one comes from another process, and is not
 *                                                  refused
 * unreserve    holds a reservation                 connections - 1: there was none to accept
 * limit        holds a reservation                 connections - 1; LIMITED on, next episode: out of fds
 * lift         LIMITED, same episode               LIMITED off: the timer of this pause and of no other
 * throttle     holds a reservation                 connections - 1; THROTTLED on: faster than its rate
 * unthrottle   THROTTLED                           THROTTLED off: the timer of the thread that set it
 * crowd        holds a reservation                 connections - 1; CROWDED on: all listeners together are full
 * uncrowd      CROWDED                             CROWDED off: there is room again
 * release      a connection has ended              connections - 1; LIMITED off: there is an fd again
 * </pre>
 *
 * <p>STOPPED is terminal because no guard of a row that sets the phase accepts it, whatever runs at the same time.
 * Connections are counted in every phase: they outlive the listener. 0 &lt;= connections &lt;= max, because a
 * reservation is counted before the accept; only with those of another process there may be more.
 *
 * <p>An operation that changed whether the listener is READY says so; its caller then has every loop bring its poller
 * in line. But for reserve: FULL because of a reservation may be over in a moment, and its holder, who knows, tells if
 * it lasts. Therefore nothing that holds the listener back may conclude from FULL that the loops were told: after
 * limit, throttle, crowd and suspend they always are.
 */
final class ListenerGate {
    /** Answer of {@link #limit}: somebody else has limited it already. */
    static final long ALREADY_LIMITED = -1;

    private static final long CONNECTION = 1;
    private static final long CONNECTIONS = 0xFFFF_FFFFL;

    private static final int PHASE_SHIFT = 33;
    private static final long PHASE = 3L << PHASE_SHIFT;
    private static final long NEW = 0;
    private static final long ASSIGNED = 1L << PHASE_SHIFT;
    private static final long OPEN = 2L << PHASE_SHIFT;
    private static final long STOPPED = 3L << PHASE_SHIFT;

    private static final long SUSPENDED = 1L << 35;
    private static final long LIMITED = 1L << 36;
    private static final long CROWDED = 1L << 32;
    private static final long THROTTLED = 1L << 37;
    /** Everything that lets an OPEN listener accept no more for a while. */
    private static final long HELD = SUSPENDED | LIMITED | THROTTLED | CROWDED;

    private static final int EPISODE_SHIFT = 38;

    private final AtomicLong word = new AtomicLong(NEW);
    private final int max;

    /** What an operation did. */
    enum Change {
        /** The listener became READY, or is no longer. */
        READINESS,
        /** It was done, and READY is as it was. */
        DONE,
        /** The guard said no: nothing was changed. */
        NONE
    }

    /**
     * A gate in phase NEW.
     *
     * @param max how many connections may be open at once, at least 1
     */
    ListenerGate(int max) {
        assert max >= 1 : max;
        this.max = max;
    }

    // ---- reading --------------------------------------------------------------------------------------------------

    ListenerState state() {
        return state(word.get());
    }

    boolean isReady() {
        return isReady(word.get());
    }

    boolean isStopped() {
        return (word.get() & PHASE) == STOPPED;
    }

    /** True before it is OPEN, too: the state does not show that. */
    boolean isSuspended() {
        return (word.get() & SUSPENDED) != 0;
    }

    /** True while fds are missing, of the kernel or among all listeners. */
    boolean isShort() {
        long seen = word.get();
        return (seen & PHASE) == OPEN && (seen & (LIMITED | CROWDED)) != 0;
    }

    /** True while it is OPEN and there is no room for it among all listeners. */
    boolean isCrowded() {
        long seen = word.get();
        return (seen & (PHASE | CROWDED)) == (OPEN | CROWDED);
    }

    /** Open connections, and reservations. */
    int connections() {
        return connections(word.get());
    }

    private static int connections(long seen) {
        return (int) (seen & CONNECTIONS);
    }

    private boolean isReady(long seen) {
        return (seen & (PHASE | HELD)) == OPEN && connections(seen) < max;
    }

    private ListenerState state(long seen) {
        long phase = seen & PHASE;
        if (phase == STOPPED) {
            return ListenerState.STOPPED;
        } else if (phase == NEW) {
            return ListenerState.NEW;
        } else if (phase == ASSIGNED) {
            return ListenerState.ASSIGNED;
        } else if ((seen & SUSPENDED) != 0) {
            return ListenerState.SUSPENDED;
        } else if ((seen & (LIMITED | THROTTLED)) != 0) {
            return ListenerState.LIMITED;
        }
        return connections(seen) >= max || (seen & CROWDED) != 0 ? ListenerState.FULL : ListenerState.READY;
    }

    // ---- phases ---------------------------------------------------------------------------------------------------

    Change assign() {
        return advance(NEW, ASSIGNED);
    }

    Change open() {
        return advance(ASSIGNED, OPEN);
    }

    private Change advance(long from, long to) {
        while (true) {
            long seen = word.get();
            if ((seen & PHASE) != from) {
                return Change.NONE;
            }
            long next = (seen & ~PHASE) | to;
            if (word.compareAndSet(seen, next)) {
                return change(seen, next);
            }
        }
    }

    /** NONE: somebody else has stopped it. */
    Change stop() {
        while (true) {
            long seen = word.get();
            if ((seen & PHASE) == STOPPED) {
                return Change.NONE;
            }
            // STOPPED is both bits of the phase: no other operation clears one of them.
            long next = seen | STOPPED;
            if (word.compareAndSet(seen, next)) {
                return change(seen, next);
            }
        }
    }

    // ---- suspend and resume ---------------------------------------------------------------------------------------

    Change suspend() {
        return suspended(SUSPENDED);
    }

    Change resume() {
        return suspended(0);
    }

    private Change suspended(long wanted) {
        while (true) {
            long seen = word.get();
            long phase = seen & PHASE;
            if ((phase != ASSIGNED && phase != OPEN) || (seen & SUSPENDED) == wanted) {
                return Change.NONE;
            }
            long next = (seen & ~SUSPENDED) | wanted;
            if (word.compareAndSet(seen, next)) {
                return change(seen, next);
            }
        }
    }

    // ---- connections ----------------------------------------------------------------------------------------------

    /** True: the caller may accept one connection, and then owes a release, or else an unreserve or a limit. */
    boolean reserve() {
        while (true) {
            long seen = word.get();
            if (!isReady(seen)) {
                return false;
            }
            if (word.compareAndSet(seen, seen + CONNECTION)) {
                return true;
            }
        }
    }

    /** Counts a connection that comes from another process; false: the listener takes none any more. */
    boolean admit() {
        while (true) {
            long seen = word.get();
            if ((seen & PHASE) == STOPPED) {
                return false;
            }
            if (word.compareAndSet(seen, seen + CONNECTION)) {
                return true;
            }
        }
    }

    Change unreserve() {
        return minusOne(0);
    }

    Change release() {
        return minusOne(LIMITED);
    }

    private Change minusOne(long cleared) {
        while (true) {
            long seen = word.get();
            assert connections(seen) > 0 : "more connections ended than were reserved";
            long next = (seen - CONNECTION) & ~cleared;
            if (word.compareAndSet(seen, next)) {
                return change(seen, next);
            }
        }
    }

    /**
     * Gives a reservation back and holds the listener for lack of fds.
     *
     * @return the episode, for {@link #lift}, or {@link #ALREADY_LIMITED}
     */
    long limit() {
        while (true) {
            long seen = word.get();
            assert connections(seen) > 0 : "limited without a reservation";
            if ((seen & LIMITED) != 0) {
                if (word.compareAndSet(seen, seen - CONNECTION)) {
                    return ALREADY_LIMITED;
                }
                continue;
            }
            // The episode's carry falls off the top.
            long next = ((seen - CONNECTION) | LIMITED) + (1L << EPISODE_SHIFT);
            if (word.compareAndSet(seen, next)) {
                return next >>> EPISODE_SHIFT;
            }
        }
    }

    Change lift(long episode) {
        while (true) {
            long seen = word.get();
            if ((seen & LIMITED) == 0 || seen >>> EPISODE_SHIFT != episode) {
                return Change.NONE;
            }
            long next = seen & ~LIMITED;
            if (word.compareAndSet(seen, next)) {
                return change(seen, next);
            }
        }
    }

    /**
     * Gives a reservation back and holds the listener for the sake of its rate.
     *
     * @return true: the caller has to {@link #unthrottle} after a while; false: somebody else has
     */
    boolean throttle() {
        return minusOneAnd(THROTTLED);
    }

    Change unthrottle() {
        return clear(THROTTLED);
    }

    /** Gives a reservation back and holds the listener until all listeners together have room. */
    void crowd() {
        minusOneAnd(CROWDED);
    }

    Change uncrowd() {
        return clear(CROWDED);
    }

    /** True if the flag was off before. */
    private boolean minusOneAnd(long flag) {
        while (true) {
            long seen = word.get();
            assert connections(seen) > 0 : "held without a reservation";
            if (word.compareAndSet(seen, (seen - CONNECTION) | flag)) {
                return (seen & flag) == 0;
            }
        }
    }

    private Change clear(long flag) {
        while (true) {
            long seen = word.get();
            if ((seen & flag) == 0) {
                return Change.NONE;
            }
            long next = seen & ~flag;
            if (word.compareAndSet(seen, next)) {
                return change(seen, next);
            }
        }
    }

    private Change change(long before, long after) {
        return isReady(before) == isReady(after) ? Change.DONE : Change.READINESS;
    }

    @Override
    public String toString() {
        long seen = word.get();
        return state(seen).word() + " with " + connections(seen) + " connections";
    }
}
