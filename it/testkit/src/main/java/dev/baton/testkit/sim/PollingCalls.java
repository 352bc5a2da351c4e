package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PollFd;
import io.netty.util.internal.PlatformDependent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** epoll, poll and eventfd. */
abstract class PollingCalls extends DescriptorCalls {
    private static final long NANOS_PER_MILLI = 1_000_000;
    /** What faults call the operations of {@code epollCtl}, of which each has its own errors. */
    private static final String[] OPERATIONS = {"epollCtl", "epollCtl.add", "epollCtl.delete", "epollCtl.modify"};

    PollingCalls(Simulation simulation) {
        super(simulation);
    }

    /** The numbers under which an epoll instance has registrations, in the order of their making. */
    public final List<Integer> polled(int epfd) {
        List<Integer> numbers = new ArrayList<>();
        if (file(epfd) instanceof EpollFile epoll) {
            for (EpollItem each : epoll.items()) {
                numbers.add(each.number);
            }
        }
        return numbers;
    }

    /** Registrations that no number leads to any more although their open file lives: they cannot be removed. */
    public final List<String> deadRegistrations() {
        List<String> dead = new ArrayList<>();
        for (int number : open()) {
            if (file(number) instanceof EpollFile epoll) {
                for (EpollItem each : epoll.items()) {
                    if (file(each.number) != each.file) {
                        dead.add("number " + each.number + " in epoll " + number);
                    }
                }
            }
        }
        return dead;
    }

    /** The instances of epoll that have a number, by their own. */
    public final List<Integer> pollersOf(int number) {
        List<Integer> found = new ArrayList<>();
        for (int each : open()) {
            if (polled(each).contains(number)) {
                found.add(each);
            }
        }
        return found;
    }

    // ---- polling --------------------------------------------------------------------------------------------------

    @Override
    public int epollCreate() {
        int failed = enter("epollCreate", -1);
        return failed != 0 ? failed : done(newNumber(new EpollFile(simulation())));
    }

    @Override
    public int epollCtl(int epfd, int op, int fd, int events, long data) {
        int failed = enter("epollCtl", fd);
        int failedOp = faults().next(OPERATIONS[op]);
        if (failed != 0 || failedOp != 0) {
            return failed != 0 ? failed : done(-failedOp);
        }
        OpenFile file = file(fd);
        if (!(file(epfd) instanceof EpollFile epoll) || file == null) {
            return done(-Errno.EBADF);
        }
        return done(epoll.control(op, fd, file, events, data));
    }

    @Override
    public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
        if (!(file(epfd) instanceof EpollFile epoll)) {
            return -Errno.EBADF;
        }
        // The call holds the instance, as the kernel does.
        epoll.hold();
        epoll.waiting++;
        try {
            simulation().await("epollWait", epoll::hasEvents, deadline(timeoutMillis));
        } finally {
            epoll.waiting--;
        }
        int failed = faults().next("epollWait");
        List<EpollItem> taken = failed != 0 ? List.of() : epoll.harvest(maxEvents);
        long at = eventsAddress;
        for (EpollItem each : taken) {
            PlatformDependent.putInt(at + EpollEvent.EVENTS_OFFSET, each.happened());
            PlatformDependent.putLong(at + EpollEvent.DATA_OFFSET, each.data);
            at += EpollEvent.SIZE;
        }
        epoll.release();
        int result = done(failed != 0 ? -failed : taken.size());
        return returned(result);
    }

    @Override
    public int poll(long pollfdsAddress, int count, int timeoutMillis) {
        // While the call waits the kernel holds what it polls: a file that is closed meanwhile stays open.
        List<@Nullable OpenFile> held = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = PlatformDependent.getInt(pollfdsAddress + (long) i * PollFd.SIZE + PollFd.FD_OFFSET);
            OpenFile file = file(number);
            held.add(file);
            if (file != null) {
                file.hold();
            }
        }
        simulation().await("pollWait", () -> report(pollfdsAddress, held, false) > 0, deadline(timeoutMillis));
        int failed = faults().next("poll");
        int result = failed != 0 ? -failed : report(pollfdsAddress, held, true);
        for (OpenFile file : held) {
            if (file != null) {
                file.release();
            }
        }
        return returned(done(result));
    }

    private static int report(long address, List<@Nullable OpenFile> files, boolean write) {
        int found = 0;
        for (int i = 0; i < files.size(); i++) {
            long at = address + (long) i * PollFd.SIZE;
            OpenFile file = files.get(i);
            int happened = 0;
            if (PlatformDependent.getInt(at + PollFd.FD_OFFSET) >= 0) {
                int wanted = PlatformDependent.getShort(at + PollFd.EVENTS_OFFSET) | PollFd.POLLERR | PollFd.POLLHUP;
                // The bits of poll(2) are those of epoll.
                happened = file == null ? PollFd.POLLNVAL : file.events() & wanted;
            }
            if (write) {
                PlatformDependent.putShort(at + PollFd.REVENTS_OFFSET, (short) happened);
            }
            found += happened == 0 ? 0 : 1;
        }
        return found;
    }

    private long deadline(int timeoutMillis) {
        return timeoutMillis < 0 ? SimThread.NEVER : simulation().now() + timeoutMillis * NANOS_PER_MILLI;
    }

    /** The events stand in memory, and no thread has looked at them yet. */
    private int returned(int result) {
        if (result > 0) {
            simulation().point("poll.return");
        }
        return result;
    }

    @Override
    public int eventfd() {
        int failed = enter("eventfd", -1);
        return failed != 0 ? failed : done(newNumber(new EventFile(simulation())));
    }

    @Override
    public int eventfdWrite(int fd) {
        int failed = enter("eventfdWrite", fd);
        if (failed != 0) {
            return failed;
        }
        return done(file(fd) instanceof EventFile event ? event.write() : -Errno.EBADF);
    }

    @Override
    public int eventfdRead(int fd) {
        int failed = enter("eventfdRead", fd);
        if (failed != 0) {
            return failed;
        }
        return done(file(fd) instanceof EventFile event ? event.read() : -Errno.EBADF);
    }
}
