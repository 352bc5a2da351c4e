package dev.baton.runtime.loop;

import dev.baton.lincheck.Interleavings;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.testkit.ClosingPosix;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.util.concurrent.Ticker;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rows R18 and R19 of the list of races: a loop never sleeps with work queued, whenever the work comes, and is woken by
 * one system call a poll at most. The poller here sleeps without a timeout, so that a lost wakeup is a deadlock, which
 * Lincheck reports.
 */
class SleepLincheckTest {
    private static volatile Mutation mutation = Mutation.NONE;

    /** What is wrong with the copy. */
    enum Mutation {
        NONE,
        /** Looks for work, then announces the sleep. */
        NO_SECOND_LOOK,
        /** Whoever brings work looks at the state first. */
        WAKES_BEFORE_IT_QUEUES,
        /** Stays announced as awake while it sleeps. */
        NEVER_ANNOUNCES,
        /** Wakes without the compare-and-set that ends the sleep: twice for one sleep. */
        WAKES_TWICE
    }

    private static final String[] SCENARIOS = {
        "turns 1 | submit", "turns 2 | submit, submit", "turns 2 | submit | submit",
    };

    /** The loop and those who bring it work. */
    public abstract static class World {
        private final AtomicInteger work = new AtomicInteger();
        private final Alarm alarm = new Alarm();
        private final IoHandler io;

        World() {
            io = io(alarm);
        }

        abstract IoHandler io(Alarm poller);

        /** Turns of the loop until it has done so much. */
        @Operation
        public void turns(@Param(gen = IntGen.class, conf = "1:2") int tasks) {
            Context context = new Context(work);
            int done = 0;
            while (done < tasks) {
                io.run(context);
                done += work.getAndAdd(-work.get());
            }
        }

        @Operation
        public void submit() {
            if (mutation == Mutation.WAKES_BEFORE_IT_QUEUES) {
                io.wakeup();
                work.incrementAndGet();
            } else {
                work.incrementAndGet();
                io.wakeup();
            }
        }

        @Validate
        public void quiet() {
            if (alarm.wakeups > alarm.polls) {
                throw new AssertionError(alarm.wakeups + " wakeups for " + alarm.polls + " polls");
            }
        }
    }

    /** What Netty tells an IoHandler. */
    private record Context(AtomicInteger work) implements IoHandlerContext {
        @Override
        public boolean canBlock() {
            return work.get() == 0;
        }

        @Override
        public long delayNanos(long now) {
            return Long.MAX_VALUE;
        }

        @Override
        public long deadlineNanos() {
            return -1;
        }
    }

    /** A poller without fds: sleeps until it is woken, and remembers a wakeup that comes before the sleep. */
    static final class Alarm implements Poller {
        private boolean woken;
        private int polls;
        private int wakeups;

        @Override
        public synchronized int poll(long timeoutNanos, PollSink sink) {
            polls++;
            if (timeoutNanos != 0) {
                while (!woken) {
                    try {
                        wait();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                }
                woken = false;
            }
            return 0;
        }

        @Override
        public synchronized void wakeup() {
            woken = true;
            wakeups++;
            notifyAll();
        }

        @Override
        public int add(Fd fd, int interest) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int modify(Fd fd, int interest) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void remove(Fd fd) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean edgeTriggered() {
            return true;
        }

        @Override
        public void close() {}
    }

    /** What Baton's loops run. */
    public static final class Real extends World {
        @Override
        IoHandler io(Alarm poller) {
            return new LoopIo(1, poller, TABLE, OBSERVERS, Ticker.systemTicker());
        }
    }

    private static final FdObservers OBSERVERS = new FdObservers();
    private static final FdTable TABLE = new FdTable(
            ClosingPosix.of(number -> 0),
            new FdPollers() {
                @Override
                public boolean closeRemoves() {
                    return true;
                }

                @Override
                public void remove(int loop, Fd fd) {}
            },
            OBSERVERS);

    /** The copy. */
    public static final class Mutant extends World {
        @Override
        IoHandler io(Alarm poller) {
            return new MutantIo(mutation, poller);
        }
    }

    @Test
    void noWakeupIsLost() {
        mutation = Mutation.NONE;
        Interleavings.ofSelfChecking(Real.class).scenarios(SCENARIOS).mustPass();
    }

    @Test
    void theCopyWithoutAnErrorPasses() {
        mutation = Mutation.NONE;
        Interleavings.ofSelfChecking(Mutant.class).scenarios(SCENARIOS).mustPass();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyErrorIsFound(Mutation error) {
        mutation = error;
        Interleavings.ofSelfChecking(Mutant.class).scenarios(SCENARIOS).mustFail(error);
    }
}
