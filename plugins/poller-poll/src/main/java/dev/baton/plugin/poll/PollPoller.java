package dev.baton.plugin.poll;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollCalls;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * poll(2), level-triggered, for one loop.
 *
 * <p>The registrations are kept here, in a {@link PollSet} that only the loop touches. Another thread that removes one
 * leaves a note in a queue and wakes the loop. The wakeup is not for speed: while the loop waits in poll(2), the kernel
 * holds every open file that it polls, and a socket that is closed meanwhile stays open, its peer none the wiser, until
 * the wait ends.
 *
 * <p>A note stands for one registration, {fd, generation}. Those that were left before an fd is added are older than
 * that registration, even if they bear the same pair: the connection was taken away and taken back. Therefore
 * {@link #add} works off the queue first.
 *
 * <p>{@link #wakeup} may come after the close, when the number of the eventfd may be somebody else's. For that the
 * eventfd has users, counted like claims on an fd:
 *
 * <pre>
 * users: CLOSED:1 | count:31
 *   enter   not CLOSED: count+1; else refused
 *   leave   count-1; the last one after CLOSED gives the eventfd back
 *   close   CLOSED; with count 0 the closer gives it back
 * </pre>
 */
final class PollPoller implements Poller {
    /**
     * Events a turn, so that tasks and timers of the loop get their turn within about a millisecond. What is left over
     * is reported in the next turn, which begins where this one stopped.
     */
    static final int EVENTS_MAX = EVENTS_MAX_LEAST;

    private static final int CLOSED = Integer.MIN_VALUE;
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int WAKEUP_SLOT = 0;
    private static final int FIRST_SLOT = 1;

    private final PollCalls calls;
    private final Fds fds;
    private final Fd wakeup;
    private final PollSet set;
    private final Queue<Fd> removals = new ConcurrentLinkedQueue<>();
    private final AtomicInteger users = new AtomicInteger();
    private volatile @Nullable Thread loop;
    private int cursor = FIRST_SLOT;

    private PollPoller(PollerContext context, PollSet set, Fd wakeup) {
        this.calls = context.calls();
        this.fds = context.fds();
        this.set = set;
        this.wakeup = wakeup;
    }

    static PollPoller open(PollerContext context) throws PosixException {
        return open(context, NativeMemory::allocate);
    }

    static PollPoller open(PollerContext context, IntFunction<NativeMemory> allocator) throws PosixException {
        PollSet set = new PollSet(allocator);
        int number = context.calls().eventfd();
        if (number < 0) {
            set.close();
            throw PosixException.of("create the eventfd that wakes the poller of loop " + context.loop(), number);
        }
        Fd wakeup = context.fds().fdInsert(number, FdKind.WAKEUP);
        set.put(number, wakeup.generation(), Interest.IN);
        return new PollPoller(context, set, wakeup);
    }

    @Override
    public int add(Fd fd, int interest) {
        becomeLoop();
        applyRemovals();
        if (fd.number() < 0) {
            return -Errno.EBADF;
        }
        try {
            set.put(fd.number(), fd.generation(), interest);
            return 0;
        } catch (OutOfMemoryError e) {
            // Told as the kernel tells it to a poller that keeps its registrations there: the caller gives up this fd.
            return -Errno.ENOMEM;
        }
    }

    @Override
    public int modify(Fd fd, int interest) {
        int slot = set.find(fd.number(), fd.generation());
        if (slot == SlotIndex.NONE) {
            return -Errno.ENOENT;
        }
        set.ask(slot, interest);
        return 0;
    }

    @Override
    public void remove(Fd fd) {
        if (Thread.currentThread() != loop) {
            removals.add(fd);
            wakeup();
        } else if (users.get() >= 0) {
            forget(fd.number(), fd.generation());
        }
    }

    private void applyRemovals() {
        for (Fd fd = removals.poll(); fd != null; fd = removals.poll()) {
            forget(fd.number(), fd.generation());
        }
    }

    private void forget(int number, int generation) {
        int slot = set.find(number, generation);
        if (slot != SlotIndex.NONE) {
            set.remove(slot);
        }
    }

    @Override
    public int poll(long timeoutNanos, PollSink sink) {
        becomeLoop();
        applyRemovals();
        set.compact();
        int found = calls.poll(set.address(), set.count(), millis(timeoutNanos));
        if (found <= 0) {
            // Interrupted: conditions are levels, the next turn sees them again.
            return found == -Errno.EINTR ? 0 : found;
        }
        if (set.happened(WAKEUP_SLOT) != 0) {
            // Before the loop looks for the work that the wakeup was for: a wakeup that comes later fires again.
            calls.eventfdRead(wakeup.number());
            applyRemovals();
            found--;
        }
        return dispatch(found, sink);
    }

    /** The thread that polls may touch the set; for every other one a removal has to wait. */
    private void becomeLoop() {
        if (loop != Thread.currentThread()) {
            loop = Thread.currentThread();
        }
    }

    private int dispatch(int found, PollSink sink) {
        int slots = set.count();
        int slot = cursor < slots ? cursor : FIRST_SLOT;
        int left = Math.min(found, EVENTS_MAX);
        int taken = 0;
        for (int i = FIRST_SLOT; i < slots && left > 0; i++) {
            short happened = set.happened(slot);
            if (happened != 0) {
                left--;
                taken += dispatch(slot, happened, sink);
            }
            slot = slot + 1 < slots ? slot + 1 : FIRST_SLOT;
        }
        cursor = slot;
        return taken;
    }

    private int dispatch(int slot, short happened, PollSink sink) {
        int number = set.number(slot);
        int generation = set.generation(slot);
        int ready = ready(happened, set.interest(slot));
        if (ready == 0) {
            // An earlier handler of this turn has changed what is asked.
            return 0;
        }
        boolean taken = sink.ready(number, generation, ready);
        // POLLNVAL: closed behind the table's back, or closed and not removed. There is nothing left to poll, and the
        // kernel
        // would say so without end.
        if (!taken || (happened & PollFd.POLLNVAL) != 0) {
            forget(number, generation);
        }
        return taken ? 1 : 0;
    }

    private static int ready(short happened, int interest) {
        int asked = interest & (Interest.IN | Interest.OUT);
        if (asked == 0 && (interest & (Interest.RDHUP | Interest.ERROR)) == 0) {
            return 0;
        }
        int ready = 0;
        if ((happened & PollFd.POLLIN) != 0) {
            ready |= Interest.IN;
        }
        if ((happened & PollFd.POLLOUT) != 0) {
            ready |= Interest.OUT;
        }
        if ((happened & PollFd.POLLRDHUP) != 0 && (interest & (Interest.IN | Interest.RDHUP)) != 0) {
            ready |= Interest.RDHUP | Interest.IN;
        }
        if ((happened & (PollFd.POLLERR | PollFd.POLLHUP | PollFd.POLLNVAL)) != 0) {
            ready |= Interest.ERROR | asked;
        }
        return ready & (asked | Interest.RDHUP | Interest.ERROR);
    }

    /** Rounded up: rounded down, a loop would spin through the last millisecond before each timer. */
    static int millis(long nanos) {
        if (nanos <= 0) {
            return nanos == 0 ? 0 : -1;
        }
        return (int) Math.min((nanos - 1) / NANOS_PER_MILLI + 1, Integer.MAX_VALUE);
    }

    @Override
    public void wakeup() {
        if (!enter()) {
            return;
        }
        try {
            int result = calls.eventfdWrite(wakeup.number());
            assert result == 0 || result == -Errno.EAGAIN : "cannot write " + wakeup + ": " + Errno.explain(-result);
        } finally {
            leave();
        }
    }

    @Override
    public boolean edgeTriggered() {
        return false;
    }

    @Override
    public void close() {
        int before = users.getAndUpdate(state -> state | CLOSED);
        if (before < 0) {
            throw new IllegalStateException("poller on " + wakeup + " is closed twice");
        }
        set.close();
        if (before == 0) {
            fds.fdDelete(wakeup);
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
            fds.fdDelete(wakeup);
        }
    }
}
