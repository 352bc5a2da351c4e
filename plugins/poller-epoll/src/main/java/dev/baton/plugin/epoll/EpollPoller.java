package dev.baton.plugin.epoll;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollCalls;
import dev.baton.spi.posix.PosixException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One epoll instance, edge-triggered, for one loop.
 *
 * <p>It keeps no registrations of its own: the kernel has them, each with {@link Fd#key()} as its data, so an event
 * tells by itself under which generation it was asked for. A connection costs one {@code EPOLL_CTL_ADD} and a turn
 * costs one {@code epoll_wait}; nothing is allocated after {@link #open}.
 *
 * <p>Threads: {@link #add}, {@link #modify}, {@link #poll} and {@link #close} belong to the loop; {@link #remove} and
 * {@link #wakeup} to anybody, also while the loop waits, and after the close, when the numbers of the two fds may be
 * somebody else's. For that the two fds have users, counted like claims on an fd:
 *
 * <pre>
 * users: CLOSED:1 | count:31
 *   enter   not CLOSED: count+1; else refused
 *   leave   count-1; the last one after CLOSED gives the fds back
 *   close   CLOSED; with count 0 the closer gives them back
 * </pre>
 */
final class EpollPoller implements Poller {
    /**
     * Events a turn. Enough that the system call is a small part of what a full turn costs (each event runs a handler
     * of a microsecond or more), and few enough that tasks and timers get their turn within about a millisecond. 6 KiB.
     */
    static final int EVENTS_MAX = EVENTS_MAX_LEAST;

    private static final int CLOSED = Integer.MIN_VALUE;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final PollCalls calls;
    private final Fds fds;
    private final NativeMemory events;
    private final Fd epoll;
    private final Fd wakeup;
    private final AtomicInteger users = new AtomicInteger();

    private EpollPoller(PollerContext context, NativeMemory events, Fd epoll, Fd wakeup) {
        this.calls = context.calls();
        this.fds = context.fds();
        this.events = events;
        this.epoll = epoll;
        this.wakeup = wakeup;
    }

    static EpollPoller open(PollerContext context) throws PosixException {
        PollCalls calls = context.calls();
        Fds fds = context.fds();
        NativeMemory events = NativeMemory.allocate(EVENTS_MAX * EpollEvent.SIZE);
        Fd epoll = null;
        Fd wakeup = null;
        boolean opened = false;
        try {
            int number = check("create an epoll instance", context, calls.epollCreate());
            epoll = fds.fdInsert(number, FdKind.POLLER);
            number = check("create the eventfd that wakes a poller", context, calls.eventfd());
            wakeup = fds.fdInsert(number, FdKind.WAKEUP);
            // Edge-triggered and never read: each write is a new edge, which spares the loop a read for each wakeup.
            int added = calls.epollCtl(
                    epoll.number(),
                    EpollEvent.EPOLL_CTL_ADD,
                    wakeup.number(),
                    EpollEvent.EPOLLIN | EpollEvent.EPOLLET,
                    wakeup.key());
            check("poll the eventfd that wakes a poller", context, added);
            opened = true;
            return new EpollPoller(context, events, epoll, wakeup);
        } finally {
            if (!opened) {
                if (wakeup != null) {
                    fds.fdDelete(wakeup);
                }
                if (epoll != null) {
                    fds.fdDelete(epoll);
                }
                events.close();
            }
        }
    }

    private static int check(String action, PollerContext context, int result) throws PosixException {
        if (result < 0) {
            throw PosixException.of(action + " of loop " + context.loop(), result);
        }
        return result;
    }

    @Override
    public int add(Fd fd, int interest) {
        int wanted = wanted(interest);
        int result = control(EpollEvent.EPOLL_CTL_ADD, fd, wanted);
        if (result == -Errno.EEXIST) {
            // What a former turn of ownership left behind. Not MOD, which the kernel refuses for an exclusive one.
            control(EpollEvent.EPOLL_CTL_DEL, fd, 0);
            result = control(EpollEvent.EPOLL_CTL_ADD, fd, wanted);
        }
        return result;
    }

    @Override
    public int modify(Fd fd, int interest) {
        int wanted = wanted(interest);
        if ((interest & Interest.EXCLUSIVE) == 0) {
            int result = control(EpollEvent.EPOLL_CTL_MOD, fd, wanted);
            if (result != -Errno.EINVAL) {
                return result;
            }
        }
        // The kernel modifies no exclusive registration, neither from nor to it (EINVAL): it has to be a new one.
        int result = control(EpollEvent.EPOLL_CTL_DEL, fd, 0);
        return result < 0 ? result : control(EpollEvent.EPOLL_CTL_ADD, fd, wanted);
    }

    @Override
    public void remove(Fd fd) {
        if (!enter()) {
            return;
        }
        try {
            // ENOENT and EBADF are expected: the kernel has forgotten the registration by itself, or never had it.
            int result = control(EpollEvent.EPOLL_CTL_DEL, fd, 0);
            assert result == 0 || result == -Errno.ENOENT || result == -Errno.EBADF || result == -Errno.EPERM
                    : "cannot remove " + fd + " from " + epoll + ": " + Errno.explain(-result);
        } finally {
            leave();
        }
    }

    private int control(int operation, Fd fd, int wanted) {
        return calls.epollCtl(epoll.number(), operation, fd.number(), wanted, fd.key());
    }

    /** What to ask the kernel for; with EPOLLEXCLUSIVE it accepts no EPOLLRDHUP, of which listeners have none. */
    private static int wanted(int interest) {
        int wanted = EpollEvent.EPOLLET;
        boolean exclusive = (interest & Interest.EXCLUSIVE) != 0;
        if ((interest & Interest.IN) != 0) {
            wanted |= exclusive ? EpollEvent.EPOLLIN : EpollEvent.EPOLLIN | EpollEvent.EPOLLRDHUP;
        }
        if ((interest & Interest.OUT) != 0) {
            wanted |= EpollEvent.EPOLLOUT;
        }
        if ((interest & Interest.RDHUP) != 0) {
            wanted |= EpollEvent.EPOLLRDHUP;
        }
        return exclusive ? wanted | EpollEvent.EPOLLEXCLUSIVE : wanted;
    }

    @Override
    public int poll(long timeoutNanos, PollSink sink) {
        int count = calls.epollWait(epoll.number(), events.address(), EVENTS_MAX, millis(timeoutNanos));
        if (count < 0) {
            // Interrupted: the kernel has put nothing into the memory and keeps what is pending for the next turn.
            return count == -Errno.EINTR ? 0 : count;
        }
        long wakeupKey = wakeup.key();
        int taken = 0;
        for (int i = 0, at = 0; i < count; i++, at += EpollEvent.SIZE) {
            long key = events.getLong(at + EpollEvent.DATA_OFFSET);
            if (key != wakeupKey) {
                int ready = ready(events.getInt(at + EpollEvent.EVENTS_OFFSET));
                if (sink.ready((int) key, (int) (key >>> 32), ready)) {
                    taken++;
                }
            }
        }
        return taken;
    }

    /** Rounded up: rounded down, a loop would spin through the last millisecond before each timer. */
    static int millis(long nanos) {
        if (nanos <= 0) {
            return nanos == 0 ? 0 : -1;
        }
        return (int) Math.min((nanos - 1) / NANOS_PER_MILLI + 1, Integer.MAX_VALUE);
    }

    private static int ready(int events) {
        int ready = 0;
        if ((events & EpollEvent.EPOLLIN) != 0) {
            ready |= Interest.IN;
        }
        if ((events & EpollEvent.EPOLLOUT) != 0) {
            ready |= Interest.OUT;
        }
        if ((events & EpollEvent.EPOLLRDHUP) != 0) {
            ready |= Interest.RDHUP | Interest.IN;
        }
        if ((events & (EpollEvent.EPOLLERR | EpollEvent.EPOLLHUP)) != 0) {
            // What was asked is not kept here, so it is both: the next read or write tells what is wrong.
            ready |= Interest.ERROR | Interest.IN | Interest.OUT;
        }
        return ready;
    }

    @Override
    public void wakeup() {
        if (!enter()) {
            return;
        }
        try {
            int result = calls.eventfdWrite(wakeup.number());
            assert result == 0 : "cannot write " + wakeup + ": " + Errno.explain(-result);
        } finally {
            leave();
        }
    }

    @Override
    public boolean edgeTriggered() {
        return true;
    }

    @Override
    public void close() {
        int before = users.getAndUpdate(state -> state | CLOSED);
        if (before < 0) {
            throw new IllegalStateException("poller on " + epoll + " is closed twice");
        }
        events.close();
        if (before == 0) {
            giveBack();
        }
    }

    private boolean enter() {
        int state = users.get();
        while (state >= 0) {
            int seen = users.compareAndExchange(state, state + 1);
            if (seen == state) {
                return true;
            }
            state = seen;
        }
        return false;
    }

    private void leave() {
        if (users.decrementAndGet() == CLOSED) {
            giveBack();
        }
    }

    private void giveBack() {
        fds.fdDelete(wakeup);
        fds.fdDelete(epoll);
    }
}
