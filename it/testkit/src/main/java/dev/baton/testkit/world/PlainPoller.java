package dev.baton.testkit.world;

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
import dev.baton.spi.posix.PosixException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * epoll without anything clever: edge-triggered, each listener wakes every loop. It keeps all that
 * {@code PollerContract} asks for, so that a test of another plugin has a poller.
 *
 * <p>{@link #wakeup} and {@link #remove} may come after the close, when the numbers may be somebody else's: the fds
 * have users, counted like claims, and the last one after the close gives them back.
 */
final class PlainPoller implements Poller {
    static final int EVENTS_MAX = 512;

    private static final int CLOSED = Integer.MIN_VALUE;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final PollerContext context;
    private final NativeMemory events = NativeMemory.allocate(EVENTS_MAX * EpollEvent.SIZE);
    private final Fd epoll;
    private final Fd wakeup;
    private final AtomicInteger users = new AtomicInteger();

    private PlainPoller(PollerContext context, Fd epoll, Fd wakeup) {
        this.context = context;
        this.epoll = epoll;
        this.wakeup = wakeup;
    }

    static PlainPoller open(PollerContext context) throws PosixException {
        Fds fds = context.fds();
        Fd epoll =
                fds.fdInsert(checked("create an epoll instance", context.calls().epollCreate()), FdKind.POLLER);
        Fd wakeup = null;
        PlainPoller poller = null;
        boolean opened = false;
        try {
            wakeup = fds.fdInsert(checked("create an eventfd", context.calls().eventfd()), FdKind.WAKEUP);
            poller = new PlainPoller(context, epoll, wakeup);
            // Edge-triggered and never read: each write is a new edge.
            checked("poll the eventfd", poller.control(EpollEvent.EPOLL_CTL_ADD, wakeup, EpollEvent.EPOLLIN));
            opened = true;
            return poller;
        } finally {
            if (!opened) {
                if (poller != null) {
                    poller.events.close();
                }
                if (wakeup != null) {
                    fds.fdDelete(wakeup);
                }
                fds.fdDelete(epoll);
            }
        }
    }

    private static int checked(String action, int result) throws PosixException {
        if (result < 0) {
            throw PosixException.of(action, result);
        }
        return result;
    }

    private int control(int operation, Fd fd, int wanted) {
        return context.calls().epollCtl(epoll.number(), operation, fd.number(), wanted | EpollEvent.EPOLLET, fd.key());
    }

    private static int wanted(int interest) {
        return ((interest & Interest.IN) != 0 ? EpollEvent.EPOLLIN | EpollEvent.EPOLLRDHUP : 0)
                | ((interest & Interest.OUT) != 0 ? EpollEvent.EPOLLOUT : 0)
                | ((interest & Interest.RDHUP) != 0 ? EpollEvent.EPOLLRDHUP : 0);
    }

    @Override
    public int add(Fd fd, int interest) {
        int result = control(EpollEvent.EPOLL_CTL_ADD, fd, wanted(interest));
        if (result != -Errno.EEXIST) {
            return result;
        }
        // What a former turn of ownership left behind.
        control(EpollEvent.EPOLL_CTL_DEL, fd, 0);
        return control(EpollEvent.EPOLL_CTL_ADD, fd, wanted(interest));
    }

    @Override
    public int modify(Fd fd, int interest) {
        return control(EpollEvent.EPOLL_CTL_MOD, fd, wanted(interest));
    }

    @Override
    public void remove(Fd fd) {
        if (enter()) {
            control(EpollEvent.EPOLL_CTL_DEL, fd, 0);
            leave();
        }
    }

    @Override
    public int poll(long timeoutNanos, PollSink sink) {
        int count = context.calls().epollWait(epoll.number(), events.address(), EVENTS_MAX, millis(timeoutNanos));
        int taken = 0;
        for (int at = 0; at < count * EpollEvent.SIZE; at += EpollEvent.SIZE) {
            long key = events.getLong(at + EpollEvent.DATA_OFFSET);
            if (key != wakeup.key()) {
                int ready = ready(events.getInt(at + EpollEvent.EVENTS_OFFSET));
                taken += sink.ready((int) key, (int) (key >>> 32), ready) ? 1 : 0;
            }
        }
        return count < 0 && count != -Errno.EINTR ? count : taken;
    }

    /** Rounded up: rounded down, a loop would spin through the last millisecond before each timer. */
    private static int millis(long nanos) {
        return nanos <= 0
                ? (nanos == 0 ? 0 : -1)
                : (int) Math.min((nanos - 1) / NANOS_PER_MILLI + 1, Integer.MAX_VALUE);
    }

    private static int ready(int events) {
        int ready = (events & EpollEvent.EPOLLIN) != 0 ? Interest.IN : 0;
        ready |= (events & EpollEvent.EPOLLOUT) != 0 ? Interest.OUT : 0;
        ready |= (events & EpollEvent.EPOLLRDHUP) != 0 ? Interest.RDHUP | Interest.IN : 0;
        // What was asked is not kept here, so it is both: the next read or write tells what is wrong.
        return (events & (EpollEvent.EPOLLERR | EpollEvent.EPOLLHUP)) != 0
                ? ready | Interest.ERROR | Interest.IN | Interest.OUT
                : ready;
    }

    @Override
    public void wakeup() {
        if (enter()) {
            context.calls().eventfdWrite(wakeup.number());
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
        return users.updateAndGet(state -> state < 0 ? state : state + 1) >= 0;
    }

    private void leave() {
        if (users.decrementAndGet() == CLOSED) {
            giveBack();
        }
    }

    private void giveBack() {
        context.fds().fdDelete(wakeup);
        context.fds().fdDelete(epoll);
    }
}
