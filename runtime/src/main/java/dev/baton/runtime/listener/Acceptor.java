package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One loop's side of a listener: whether its poller has the listening fd, and its accepts.
 *
 * <p>Polled if and only if READY (R38): whoever changes the readiness queues {@link #SYNC} here afterwards; the task, on the
 * loop and under a claim on the fd, reads the gate and brings the poller in line. The task takes its orders before it reads the
 * gate: a change after that read queues another task, so the last change always has a task behind it. A loop that is blocked
 * catches up when it goes on; until then its poller's events find the gate closed.
 *
 * <p>A burst does not become one loop's: a turn accepts at most {@value #ACCEPTS_A_TURN}, then asks itself and its neighbour
 * to go on. It asks itself because with edges nobody else tells it of the rest of the backlog, and because the neighbour may
 * be blocked.
 *
 * <p>Threading: {@link #request} by any thread, everything else on the loop.
 */
final class Acceptor implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(Acceptor.class);

    /** Accepts a turn: few, so that loops which are woken together share a burst, and connections do not starve. */
    static final int ACCEPTS_A_TURN = 4;

    /** Order: bring the poller in line with the gate. */
    static final int SYNC = 1;
    /** Order: look for connections without waiting for an event. */
    static final int ACCEPT = 2;

    private static final FastThreadLocal<PeerAddress> PEER = new FastThreadLocal<>() {
        @Override
        protected PeerAddress initialValue() {
            return new PeerAddress();
        }

        @Override
        protected void onRemoval(PeerAddress peer) {
            peer.close();
        }
    };

    /** One loop, as far as an acceptor needs it. */
    interface Seat {
        /** The loop's id. */
        int id();

        /** The loop's poller; only on its thread. */
        Poller poller();

        /** Queues a task on the loop. */
        void execute(Runnable task);
    }

    /** What an acceptor tells its listener. */
    interface Reports {
        /** The readiness has changed: every loop must bring its poller in line. */
        void readinessChanged();

        /** A connection was accepted, for which a reservation is held. On the loop; throws nothing. */
        void accepted(Seat seat, int number, PeerAddress peer);

        /** A reservation was given back: perhaps it was the last connection. */
        void reservationEnded();

        /** The kernel cannot give more connections now, for the errno given. */
        void limited(long episode, int errno);

        /** More connections wait than one turn takes; this acceptor goes on by itself. */
        void backlogLeft(Acceptor acceptor);

        /** Something that must not happen kept this acceptor from its work: it must be asked again after a while. */
        void stumbled(Acceptor acceptor);
    }

    private final Seat seat;
    private final Fd fd;
    private final FdTable table;
    private final Posix posix;
    private final ListenerGate gate;
    private final Reports reports;
    private final AtomicInteger orders = new AtomicInteger();
    /** The loop's: whether its poller has the fd. */
    private boolean polled;

    Acceptor(Seat seat, Fd fd, FdTable table, Posix posix, ListenerGate gate, Reports reports) {
        this.seat = seat;
        this.fd = fd;
        this.table = table;
        this.posix = posix;
        this.gate = gate;
        this.reports = reports;
    }

    int loop() {
        return seat.id();
    }

    /** For tests, on the loop or when it is quiet. */
    boolean polled() {
        return polled;
    }

    // ---- orders ---------------------------------------------------------------------------------------------------

    /** Queues {@link #SYNC} or {@link #ACCEPT}; several before the task runs are one task. */
    void request(int order) {
        if (orders.getAndUpdate(queued -> queued | order) == 0) {
            try {
                seat.execute(this);
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended and accepts no more", seat.id(), ended);
            }
        }
    }

    @Override
    public void run() {
        // Before the gate is read: a change that this run does not see finds no order queued and queues a new one.
        int taken = orders.getAndSet(0);
        if (table.enter(fd.number(), fd.generation(), seat.id()) != FdTable.Entry.ENTERED) {
            polled = false; // deleted: the finalizer sees to the pollers
            return;
        }
        try {
            sync();
            if ((taken & ACCEPT) != 0 && polled) {
                accept();
            }
        } catch (Throwable t) { // an Error too
            stumbled(t);
        } finally {
            table.leave(fd);
        }
    }

    /** An event of the poller: the caller holds a claim. */
    void ready() {
        try {
            accept();
        } catch (Throwable t) { // an Error too: the fd serves the other loops as well and must survive it
            stumbled(t);
        }
    }

    private void stumbled(Throwable cause) {
        LOG.error("accept on {} of loop {} threw", fd, seat.id(), cause);
        reports.stumbled(this);
    }

    /** Under a claim. */
    private void sync() {
        boolean wanted = gate.isReady();
        if (wanted == polled) {
            return;
        }
        if (!wanted) {
            seat.poller().remove(fd);
            polled = false;
            return;
        }
        int result = seat.poller().add(fd, Interest.IN | Interest.EXCLUSIVE);
        if (result < 0) {
            LOG.warn("loop {} cannot poll {}: {}; it does not accept", seat.id(), fd, Errno.explain(-result));
            reports.stumbled(this);
            return;
        }
        polled = true;
    }

    // ---- accepting ------------------------------------------------------------------------------------------------

    /**
     * Under a claim. Returns only when the backlog is empty, or the fd is out of the poller, or this is queued again: with
     * edges nobody would report the rest. So whatever finds the gate closed looks again after it has told the poller: the gate
     * may have opened in between, and then no sync would add the fd anew.
     */
    private void accept() {
        PeerAddress peer = PEER.get();
        for (int i = 0; i < ACCEPTS_A_TURN; i++) {
            if (!gate.reserve()) {
                sync();
                if (!polled) {
                    return;
                }
                continue;
            }
            int number = acceptReserved(peer);
            if (number < 0) {
                if (number == -Errno.EAGAIN) {
                    unreserve();
                    return;
                }
                noConnection(-number);
                continue;
            }
            reports.accepted(seat, number, peer);
            if (!gate.isReady()) {
                // This one may have been the last that fits, and only its acceptor knows it.
                reports.readinessChanged();
            }
        }
        if (seat.poller().edgeTriggered()) {
            request(ACCEPT);
            reports.backlogLeft(this);
        }
    }

    private int acceptReserved(PeerAddress peer) {
        try {
            return posix.accept(fd.number(), peer);
        } catch (Throwable t) { // an Error too: the reservation must not be lost with it
            unreserve();
            throw t;
        }
    }

    /** No connection came of a reservation, although there may be one. */
    private void noConnection(int errno) {
        switch (errno) {
            case Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM -> limit(errno);
            case Errno.EINTR,
                    Errno.ECONNABORTED,
                    // accept(2): these belong to the connection that was to be accepted, not to the listener.
                    Errno.ENETDOWN,
                    Errno.ENOPROTOOPT,
                    Errno.EHOSTDOWN,
                    Errno.EHOSTUNREACH,
                    Errno.ENETUNREACH,
                    Errno.EOPNOTSUPP,
                    Errno.ETIMEDOUT -> unreserve();
            default -> {
                // Nobody knows what to do: a pause at least does not spin.
                LOG.error("accept on {} failed: {}", fd, Errno.explain(errno));
                limit(errno);
            }
        }
    }

    private void unreserve() {
        // If this reservation was the last that fitted, others have seen FULL and stopped polling.
        if (gate.unreserve() == ListenerGate.Change.READINESS) {
            reports.readinessChanged();
        }
        reports.reservationEnded();
    }

    private void limit(int errno) {
        long episode = gate.limit();
        if (episode != ListenerGate.ALREADY_LIMITED) {
            reports.limited(episode, errno);
        }
        reports.readinessChanged();
        reports.reservationEnded();
    }

    @Override
    public String toString() {
        return "acceptor of loop " + seat.id() + " on " + fd;
    }
}
