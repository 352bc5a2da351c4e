package dev.baton.runtime.listener;

import dev.baton.runtime.listener.ListenerGate.Change;
import dev.baton.spi.posix.Errno;

/**
 * The right to accept one connection: a place at the listener's gate, one among all listeners, and a token of its rate. What
 * one of the three refuses gives back what the others gave, holds the gate until there is room or time has passed, and has
 * every loop told; so a loop only ever has to look at the gate.
 *
 * <p>Threading: any thread; nothing here waits.
 */
final class Admission {
    private final ListenerGate gate;
    private final TotalLimit total;
    private final AcceptRate rate;
    /** Fds that one connection may need. */
    private final int cost;

    Admission(ListenerGate gate, TotalLimit total, AcceptRate rate, int cost) {
        this.gate = gate;
        this.total = total;
        this.rate = rate;
        this.cost = cost;
    }

    boolean isReady() {
        return gate.isReady();
    }

    /**
     * Asks for the right to accept a connection.
     *
     * @return true: the caller owes a {@link #nothingCame}, a {@link #shortage}, or an {@link #ended}; false: the gate is
     *     closed, or was a moment ago
     */
    boolean admit(Acceptor.Reports reports) {
        if (!gate.reserve()) {
            return false;
        }
        if (!total.reserve(cost)) {
            if (total.wantsFds(cost)) {
                reports.crowded();
            }
            gate.crowd();
            told(reports);
            // The second look, after the mark: see TotalLimit.
            if (total.hasRoom(cost)) {
                roomAgain(reports);
            }
            return false;
        }
        long wait = rate.take();
        if (wait > 0) {
            total.release(cost);
            if (gate.throttle()) {
                reports.throttled(wait);
            }
            told(reports);
            return false;
        }
        return true;
    }

    /** There is room among all listeners again. */
    void roomAgain(Acceptor.Reports reports) {
        if (gate.uncrowd() == Change.READINESS) {
            reports.readinessChanged();
        }
    }

    /**
     * A right could not be used, as the process has no fd left, or the system: closes idle upstream connections.
     *
     * @return whether it has closed any: the same may be tried again
     */
    boolean makesRoom(int errno) {
        return (errno == Errno.EMFILE || errno == Errno.ENFILE) && total.fds().closeIdle();
    }

    /** A right was used. */
    void came() {
        total.fds().came();
    }

    /** A right was not used: nobody was there. */
    void nothingCame(Acceptor.Reports reports) {
        rate.giveBack();
        total.release(cost);
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
        // Always: others may have seen FULL because of this reservation, of which nobody was told.
        reports.readinessChanged();
        reports.reservationEnded();
    }
}
