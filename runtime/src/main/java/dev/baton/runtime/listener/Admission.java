package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.listener.ListenerGate.Change;
import java.util.function.LongSupplier;

/**
 * The right to accept one connection: a place at the listener's gate, one among all listeners, and a token of its rate.
 * What one of the three refuses gives back what the others gave, holds the gate until there is room or time has passed,
 * and has every loop told; so a loop only ever has to look at the gate.
 *
 * <p>Threading: any thread; nothing here waits.
 */
final class Admission {
    /** How many idle clients are closed for one new one; others may take the room that each makes. */
    private static final int CLOSES_MAX = 2 * FdBudget.FDS_MAX;

    private final ListenerGate gate;
    private final TotalLimit total;
    private final AcceptRate rate;
    /** Fds that one connection may need. */
    private final int cost;

    private final LongSupplier clockNanos;

    /** What an acceptor is told. */
    enum Answer {
        /** Accept one connection. It owes a {@link #nothingCame}, a {@link #shortage}, or an {@link #ended}. */
        ADMITTED,
        /** The gate is closed, or was a moment ago. */
        HELD,
        /**
         * There is room only if an idle client is closed for it, and none waits: to be asked again at the next event.
         */
        NOBODY_WAITS
    }

    /** The connections that the kernel keeps for a listener. */
    @FunctionalInterface
    interface Backlog {
        /** Whether there is one. Cost: a system call. */
        boolean isWaiting();
    }

    Admission(ListenerGate gate, TotalLimit total, AcceptRate rate, int cost, LongSupplier clockNanos) {
        this.clockNanos = clockNanos;
        this.gate = gate;
        this.total = total;
        this.rate = rate;
        this.cost = cost;
    }

    boolean isReady() {
        return gate.isReady();
    }

    /** Asks for the right to accept a connection. On a loop. */
    Answer admit(Acceptor.Reports reports, Backlog backlog) {
        if (!gate.reserve()) {
            return Answer.HELD;
        }
        for (int closed = 0; !total.reserve(cost); closed++) {
            boolean more = closed < CLOSES_MAX && total.idle().areKnown();
            if (more && !backlog.isWaiting()) {
                notUsed(reports);
                return Answer.NOBODY_WAITS;
            }
            if (!more || !total.idle().closeOne()) {
                crowded(reports);
                return Answer.HELD;
            }
        }
        long wait = rate.take();
        if (wait > 0) {
            total.release(cost);
            if (gate.throttle()) {
                reports.throttled(wait);
            }
            told(reports);
            return Answer.HELD;
        }
        return Answer.ADMITTED;
    }

    private void crowded(Acceptor.Reports reports) {
        reports.crowded(total.wantsFds(cost));
        gate.crowd();
        told(reports);
        // The second look, after the mark: see TotalLimit.
        if (total.hasRoom(cost)) {
            roomAgain(reports);
        }
    }

    /**
     * Has the listener accept again if it is held by the want of room and there are idle clients that can be closed. No
     * loop.
     *
     * @return true if it is to look again later
     */
    boolean lookForIdle(Acceptor.Reports reports) {
        if (gate.isCrowded() && total.idle().search(clockNanos.getAsLong())) {
            roomAgain(reports);
        }
        return gate.isCrowded() && total.idle().mayCome();
    }

    /** There is room among all listeners again. */
    void roomAgain(Acceptor.Reports reports) {
        if (gate.uncrowd() == Change.READINESS) {
            reports.readinessChanged();
        }
    }

    /**
     * A right could not be used, as the process has no fd left, or the system: closes idle upstream connections, or
     * else clients if others wait for their place.
     *
     * @return whether it has closed any: the same may be tried again
     */
    boolean makesRoom(Backlog backlog) {
        return total.fds().closeIdle()
                || (total.idle().areKnown()
                        && backlog.isWaiting()
                        && total.idle().closeOne());
    }

    /**
     * A connection comes from another process, and is not refused for want of room. False: the listener takes none any
     * more. Else it owes an {@link #ended}.
     */
    boolean admitMoved(Acceptor.Reports reports) {
        if (!gate.admit()) {
            return false;
        }
        total.admit(cost);
        reports.readinessChanged(); // it may have been the last that fits
        return true;
    }

    /** A right was used. */
    void came() {
        total.fds().came();
    }

    /** A right was not used: no connection was there. */
    void nothingCame(Acceptor.Reports reports) {
        rate.giveBack();
        total.release(cost);
        notUsed(reports);
    }

    private void notUsed(Acceptor.Reports reports) {
        // If this reservation was the last that fitted, others have seen FULL and stopped polling.
        if (gate.unreserve() == Change.READINESS) {
            reports.readinessChanged();
        }
        reports.reservationEnded();
    }

    /** A right could not be used: the kernel is short of something. */
    void shortage(Acceptor.Reports reports, int errno) {
        rate.giveBack();
        total.release(cost);
        long episode = gate.limit();
        if (episode != ListenerGate.ALREADY_LIMITED) {
            reports.limited(episode, errno);
        }
        told(reports);
    }

    /** A connection has ended, or never began after its accept. */
    void ended(Acceptor.Reports reports) {
        if (gate.release() == Change.READINESS) {
            reports.readinessChanged();
        }
        total.release(cost);
        reports.reservationEnded();
    }

    private static void told(Acceptor.Reports reports) {
        // Always: others may have seen FULL because of this reservation, of which no one was told.
        reports.readinessChanged();
        reports.reservationEnded();
    }
}
