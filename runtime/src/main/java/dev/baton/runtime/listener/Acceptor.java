package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.Admission.Answer;
import dev.baton.runtime.posix.AcceptError;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import io.netty.util.concurrent.FastThreadLocal;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One loop's side of a listening socket: whether its poller has the fd, and its accepts.
 *
 * <p>Polled if and only if READY (R38): what changes the readiness queues {@link #SYNC} here afterwards; the task, on
 * the loop and under a claim on the fd, reads the gate and brings the poller in line. The task takes its orders before
 * it reads the gate: a change after that read queues another task, so the last change always has a task behind it. A
 * loop that is blocked catches up when it continues; until then its poller's events find the gate closed.
 *
 * <p>A burst does not become one loop's: a turn accepts a few, then asks itself and its neighbour to go on. It asks
 * itself because with edges nothing else tells it of the rest of the backlog, and because the neighbour may be blocked.
 *
 * <p>A loop that is to accept no more lets go in an order that leaves no half of it behind: its poller first, then its
 * place among those that share the fd, then {@code GONE}, all in one task of the loop and under one claim; and the
 * others look for connections, because an exclusive wakeup of this loop's may be lost with it. Until then {@link #keep}
 * revokes it.
 *
 * <p>Threading: {@link #request} by any thread, everything else on the loop.
 */
final class Acceptor implements Runnable, Admission.Backlog {
    private static final Logger LOG = LoggerFactory.getLogger(Acceptor.class);

    /** Order: bring the poller in line with the gate. */
    static final int SYNC = 1;
    /** Order: look for connections without waiting for an event. */
    static final int ACCEPT = 2;
    /** Order: let the kernel refuse new connections. */
    static final int REFUSE = 4;

    /**
     * How many accepts in a row may cost a connection each. So many without one that works or an empty backlog, and it
     * is not the connections: a security module may refuse every accept, with the same EPERM.
     */
    static final int LOST_IN_A_ROW_MAX = 128;

    /** Whether the loop serves the socket. */
    private enum Service {
        /** It does. */
        SERVING,
        /** It is to let go. */
        RETIRING,
        /** It has let go, for good: a loop that comes back gets another acceptor. */
        GONE
    }

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

    private static final FastThreadLocal<NativeMemory> ASKED = new FastThreadLocal<>() {
        @Override
        protected NativeMemory initialValue() {
            return NativeMemory.allocate(PollFd.SIZE);
        }

        @Override
        protected void onRemoval(NativeMemory asked) {
            asked.close();
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

        /** It has accepted a socket, for which there is a reservation. On the loop; throws nothing. */
        void accepted(int number, PeerAddress peer);
    }

    /** What an acceptor tells its listener. */
    interface Reports {
        /** The listener accepts faster than it should: it is to be asked again after some nanoseconds. */
        void throttled(long waitNanos);

        /** This acceptor has let go of its socket. */
        void gone(Acceptor acceptor);

        /** The readiness has changed: every loop must bring its poller in line. */
        void readinessChanged();

        /** A connection was accepted, for which a reservation is held. On the loop; throws nothing. */
        void accepted(Seat seat, int number, PeerAddress peer);

        /** A reservation was given back: perhaps it was the last connection. */
        void reservationEnded();

        /**
         * There is no room for more connections among all listeners; told again and again while it lasts.
         *
         * @param wantsFds it is fds that are missing
         */
        void crowded(boolean wantsFds);

        /** The kernel cannot give more connections now, for the errno given. */
        void limited(long episode, int errno);

        /** More connections wait than one turn takes; this acceptor continues by itself. */
        void backlogLeft(Acceptor acceptor);

        /** Something that must not happen kept this acceptor from its work: it must be asked again after a while. */
        void stumbled(Acceptor acceptor);
    }

    private final Seat seat;
    private final ListeningSocket socket;
    private final Fd fd;
    private final FdTable table;
    private final Posix posix;
    private final Admission admission;
    private final int acceptsPerTurn;
    private final Reports reports;
    private final AtomicInteger orders = new AtomicInteger();
    private final AtomicReference<Service> service = new AtomicReference<>(Service.SERVING);
    /** The loop's: accepts that have cost a connection since the last one that has not. */
    private int lostInARow;
    /** The loop's: whether its poller has the fd. */
    private boolean polled;

    Acceptor(
            Seat seat,
            ListeningSocket socket,
            FdTable table,
            Posix posix,
            Admission admission,
            int acceptsPerTurn,
            Reports reports) {
        this.seat = seat;
        this.socket = socket;
        this.fd = socket.fd();
        this.table = table;
        this.posix = posix;
        this.admission = admission;
        this.acceptsPerTurn = acceptsPerTurn;
        this.reports = reports;
    }

    ListeningSocket socket() {
        return socket;
    }

    int loop() {
        return seat.id();
    }

    /** For tests, on the loop or when it is quiet. */
    boolean polled() {
        return polled;
    }

    // ---- orders ---------------------------------------------------------------------------------------------------

    /** Queues {@link #SYNC}, {@link #ACCEPT} or {@link #REFUSE}; several before the task runs are one task. */
    void request(int order) {
        if (orders.getAndUpdate(queued -> queued | order) == 0) {
            try {
                seat.execute(this);
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended and accepts no more", seat.id(), ended);
                // Its poller is closed, and no task of it can be between the poller and the fd any more.
                if (service.get() == Service.RETIRING) {
                    letGo();
                }
            }
        }
    }

    /** Has the loop let go of the socket, as soon as it has time; if it has ended, at once. */
    void retire() {
        if (service.compareAndSet(Service.SERVING, Service.RETIRING)) {
            request(SYNC);
        }
    }

    /** Takes a {@link #retire} back; false if that is too late. */
    boolean keep() {
        if (service.compareAndSet(Service.RETIRING, Service.SERVING)) {
            request(SYNC);
        }
        return service.get() == Service.SERVING;
    }

    boolean isServing() {
        return service.get() == Service.SERVING;
    }

    /** The poller has let go: so does the loop. False if it was told to stay meanwhile. */
    private boolean letGo() {
        table.removeSharer(fd, seat.id());
        if (!service.compareAndSet(Service.RETIRING, Service.GONE)) {
            table.addSharer(fd, seat.id());
            return false;
        }
        reports.gone(this);
        return true;
    }

    @Override
    public void run() {
        // Before the gate is read: a change that this run does not see finds no order queued and queues a new one.
        int taken = orders.getAndSet(0);
        if (service.get() == Service.GONE) {
            // An order of before. The loop may share the fd again by now, with another acceptor: this one would enter,
            // and poll
            // what is never taken out.
            return;
        }
        if (table.enter(fd.number(), fd.generation(), seat.id()) != FdTable.Entry.ENTERED) {
            polled = false; // deleted: the finalizer sees to the pollers
            if (service.compareAndSet(Service.RETIRING, Service.GONE)) {
                reports.gone(this);
            }
            return;
        }
        try {
            if (service.get() == Service.RETIRING && retireNow()) {
                return;
            }
            if ((taken & REFUSE) != 0) {
                socket.refuse();
            }
            sync();
            if ((taken & ACCEPT) != 0 && polled) {
                accept();
            }
        } catch (Throwable t) {
            stumbled(t);
        } finally {
            table.leave(fd);
        }
    }

    /** An event of the poller: the caller holds a claim. */
    void ready() {
        if (!polled) {
            return; // it has let go since the event was fetched; a loop that came back has another acceptor
        }
        try {
            accept();
        } catch (Throwable t) { // the fd serves the other loops as well and must survive it
            stumbled(t);
        }
    }

    private void stumbled(Throwable cause) {
        LOG.error("accept on {} of loop {} threw", fd, seat.id(), cause);
        reports.stumbled(this);
    }

    /** Under a claim. */
    private boolean retireNow() {
        if (polled) {
            seat.poller().remove(fd);
            polled = false;
        }
        return letGo();
    }

    /** Under a claim. */
    private void sync() {
        boolean wanted = admission.isReady();
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
     * Under a claim. Returns only when the backlog is empty, or the fd is out of the poller, or this is queued again:
     * with edges the rest would not be reported. So whatever finds the gate closed looks again after it has told the
     * poller: the gate may have opened in between, and then no sync would add the fd anew.
     */
    private void accept() {
        PeerAddress peer = PEER.get();
        for (int i = 0; i < acceptsPerTurn; i++) {
            // Before the accept: what it finds says nothing about a moment before.
            boolean refuses = socket.refuses();
            Answer answer = admission.admit(reports, this);
            if (answer == Answer.NOBODY_WAITS) {
                if (refuses) {
                    socket.emptied();
                }
                return; // still polled: who comes from now on is an event
            }
            if (answer == Answer.HELD) {
                sync();
                if (!polled) {
                    return;
                }
                continue;
            }
            int number = acceptReserved(peer);
            if (number < 0) {
                if (number == -Errno.EAGAIN) {
                    lostInARow = 0;
                    admission.nothingCame(reports);
                    if (refuses) {
                        socket.emptied();
                    }
                    return;
                }
                noConnection(-number);
                continue;
            }
            lostInARow = 0;
            admission.came();
            reports.accepted(seat, number, peer);
            if (!admission.isReady()) {
                // This one may have been the last that fits, and only its acceptor knows it.
                reports.readinessChanged();
            }
        }
        if (seat.poller().edgeTriggered()) {
            request(ACCEPT);
            reports.backlogLeft(this);
        }
    }

    /** Under a claim. */
    @Override
    public boolean isWaiting() {
        NativeMemory asked = ASKED.get();
        asked.putInt(PollFd.FD_OFFSET, fd.number());
        asked.putShort(PollFd.EVENTS_OFFSET, PollFd.POLLIN);
        asked.putShort(PollFd.REVENTS_OFFSET, (short) 0);
        // An error is taken for a connection: the accept tells what it is.
        return posix.poll(asked.address(), 1, 0) != 0;
    }

    private int acceptReserved(PeerAddress peer) {
        try {
            return posix.accept(fd.number(), peer);
        } catch (Throwable t) { // the reservation must not be lost with it
            admission.nothingCame(reports);
            throw t;
        }
    }

    /** No connection came of a reservation, although there may be one. */
    private void noConnection(int errno) {
        AcceptError error = AcceptError.of(errno);
        boolean onlyOne = error == AcceptError.ONE_CONNECTION && ++lostInARow < LOST_IN_A_ROW_MAX;
        if (onlyOne || (error == AcceptError.OUT_OF_FDS && admission.makesRoom(this))) {
            admission.nothingCame(reports); // and is asked again
        } else {
            // Also if the listener is broken, or no accept works: a pause does not spin.
            lostInARow = 0;
            admission.shortage(reports, errno);
        }
    }

    @Override
    public String toString() {
        return "acceptor of loop " + seat.id() + " on " + fd + ", " + service + (polled ? ", polled" : "");
    }
}
