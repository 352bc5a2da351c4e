package dev.baton.testkit;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.PollCalls;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** The real system calls of polling, counted, and failing where a test says so. */
public final class FaultyPollCalls implements PollCalls {

    /** What can be made to fail. */
    public enum Call {
        /** {@link PollCalls#epollCreate}. */
        EPOLL_CREATE,
        /** {@link PollCalls#epollCtl} with {@link EpollEvent#EPOLL_CTL_ADD}. */
        EPOLL_ADD,
        /** {@link PollCalls#epollCtl} with {@link EpollEvent#EPOLL_CTL_MOD}. */
        EPOLL_MODIFY,
        /** {@link PollCalls#epollCtl} with {@link EpollEvent#EPOLL_CTL_DEL}. */
        EPOLL_REMOVE,
        /** {@link PollCalls#epollWait} and {@link PollCalls#poll}. */
        WAIT,
        /** {@link PollCalls#eventfd}. */
        EVENTFD,
        /** {@link PollCalls#eventfdWrite}. */
        EVENTFD_WRITE,
        /** {@link PollCalls#eventfdRead}. */
        EVENTFD_READ
    }

    private static final int NEVER = -1;

    private final PollCalls real;
    private final Map<Call, Queue<Integer>> faults = new EnumMap<>(Call.class);
    private final Map<Call, AtomicInteger> made = new EnumMap<>(Call.class);
    private final AtomicInteger callsUntilFault = new AtomicInteger(NEVER);
    private volatile int errnoAtFault;
    private volatile long waiting;

    /** Wraps the real calls. */
    public FaultyPollCalls(PollCalls real) {
        this.real = real;
        for (Call call : Call.values()) {
            faults.put(call, new ConcurrentLinkedQueue<>());
            made.put(call, new AtomicInteger());
        }
    }

    /** Makes the next call of this kind fail, and not reach the kernel. Several add up. */
    public void fail(Call call, int errno) {
        faults(call).add(errno);
    }

    /** Makes the call after {@code calls} more, of whatever kind, fail. */
    public void failAfter(int calls, int errno) {
        errnoAtFault = errno;
        callsUntilFault.set(calls);
    }

    /** Forgets the faults that have not happened yet. */
    public void heal() {
        faults.values().forEach(Queue::clear);
        callsUntilFault.set(NEVER);
    }

    /** How many calls of this kind were made, the failed ones included; a wait counts when it begins. */
    public int made(Call call) {
        return counter(call).get();
    }

    /**
     * The first argument of the last wait, the array of poll(2) or the epoll fd: it tells this system call from every
     * other that a thread may be in.
     */
    public long waiting() {
        return waiting;
    }

    private Queue<Integer> faults(Call call) {
        return Objects.requireNonNull(faults.get(call));
    }

    private AtomicInteger counter(Call call) {
        return Objects.requireNonNull(made.get(call));
    }

    /** 0 to go on to the kernel, else what to return. */
    private int begin(Call call) {
        counter(call).incrementAndGet();
        if (callsUntilFault.get() >= 0 && callsUntilFault.getAndDecrement() == 0) {
            return -errnoAtFault;
        }
        Integer errno = faults(call).poll();
        return errno == null ? 0 : -errno;
    }

    @Override
    public int epollCreate() {
        int fault = begin(Call.EPOLL_CREATE);
        return fault != 0 ? fault : real.epollCreate();
    }

    @Override
    public int epollCtl(int epfd, int op, int fd, int events, long data) {
        int fault = begin(
                switch (op) {
                    case EpollEvent.EPOLL_CTL_ADD -> Call.EPOLL_ADD;
                    case EpollEvent.EPOLL_CTL_MOD -> Call.EPOLL_MODIFY;
                    case EpollEvent.EPOLL_CTL_DEL -> Call.EPOLL_REMOVE;
                    default -> throw new IllegalArgumentException("epoll_ctl operation " + op);
                });
        return fault != 0 ? fault : real.epollCtl(epfd, op, fd, events, data);
    }

    @Override
    public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
        int fault = begin(Call.WAIT);
        waiting = epfd;
        return fault != 0 ? fault : real.epollWait(epfd, eventsAddress, maxEvents, timeoutMillis);
    }

    @Override
    public int poll(long pollfdsAddress, int count, int timeoutMillis) {
        int fault = begin(Call.WAIT);
        waiting = pollfdsAddress;
        return fault != 0 ? fault : real.poll(pollfdsAddress, count, timeoutMillis);
    }

    @Override
    public int eventfd() {
        int fault = begin(Call.EVENTFD);
        return fault != 0 ? fault : real.eventfd();
    }

    @Override
    public int eventfdWrite(int fd) {
        int fault = begin(Call.EVENTFD_WRITE);
        return fault != 0 ? fault : real.eventfdWrite(fd);
    }

    @Override
    public int eventfdRead(int fd) {
        int fault = begin(Call.EVENTFD_READ);
        return fault != 0 ? fault : real.eventfdRead(fd);
    }
}
