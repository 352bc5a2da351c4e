package dev.baton.runtime.listener;

import dev.baton.runtime.listener.ListenerGate.Change;

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

    Admission(ListenerGate gate, TotalLimit total, AcceptRate rate) {
        this.gate = gate;
        this.total = total;
        this.rate = rate;
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
        if (!total.reserve()) {
            gate.crowd();
            told(reports);
            // The second look, after the mark: see TotalLimit.
            if (total.hasRoom()) {
                roomAgain(reports);
            }
            return false;
        }
        long wait = rate.take();
        if (wait > 0) {
            total.release();
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

    /** A right was not used: nobody was there. */
    void nothingCame(Acceptor.Reports reports) {
        rate.giveBack();
        total.release();
        // If this reservation was the last that fitted, others have seen FULL and stopped polling.
        if (gate.unreserve() == Change.READINESS) {
            reports.readinessChanged();
        }
        reports.reservationEnded();
    }

    /** A right could not be used: the kernel is short of something. */
    void shortage(Acceptor.Reports reports, int errno) {
        rate.giveBack();
        total.release();
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
        total.release();
        reports.reservationEnded();
    }

    private static void told(Acceptor.Reports reports) {
        // Always: others may have seen FULL because of this reservation, of which nobody was told.
        reports.readinessChanged();
        reports.reservationEnded();
    }
}
