package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every fd hook promises: it runs on whichever thread does the operation, under whatever locks that holds, so it
 * returns at once, waits for nothing and throws nothing, whatever it is told and in which order that may come. A hook's
 * test extends this.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class FdHookContract {
    private static final int LIVES = 2_000;
    private static final int THREADS = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** For a plugin's test. */
    protected FdHookContract() {}

    /** The hook under test; asked once a test. */
    protected abstract FdHook hook();

    /** How long something that has to happen may take. */
    protected Duration patience() {
        return PATIENCE;
    }

    private static FdInfo fd(int number, int generation, FdKind kind) {
        return new FdInfo(new Fd(number, generation), kind, "test");
    }

    /** Everything that can happen to one fd, in the order in which it happens. */
    private static void live(FdHook hook, FdInfo fd) {
        hook.inserted(fd);
        hook.takenOver(fd, 0, 1);
        hook.takenOver(fd, 1, 0);
        hook.orphaned(fd);
        hook.closed(fd, ClosedBy.LEAVER);
    }

    @ParameterizedTest
    @EnumSource(FdKind.class)
    final void shouldTakeEveryKind(FdKind kind) {
        FdHook hook = hook();
        assertThatCode(() -> live(hook, fd(7, 0, kind))).doesNotThrowAnyException();
    }

    /**
     * The deleter tells that it orphaned the fd after the last user has closed it, and perhaps after the number's next
     * life began.
     */
    @Test
    final void shouldTakeWhatComesLate() {
        FdHook hook = hook();
        FdInfo first = fd(7, 0, FdKind.DOWNSTREAM);
        FdInfo next = fd(7, 1, FdKind.DOWNSTREAM);
        assertThatCode(() -> {
                    hook.inserted(first);
                    hook.closed(first, ClosedBy.LEAVER);
                    hook.inserted(next);
                    hook.orphaned(first);
                    hook.closed(next, ClosedBy.DELETER);
                })
                .doesNotThrowAnyException();
    }

    /** What was in the table before hooks were there is not told from its beginning. */
    @Test
    final void shouldTakeWhatBeganBeforeIt() {
        FdHook hook = hook();
        assertThatCode(() -> {
                    hook.takenOver(fd(8, 3, FdKind.UPSTREAM), 0, 5);
                    hook.orphaned(fd(9, -1, FdKind.LISTENER));
                    hook.closed(fd(1_048_575, Integer.MIN_VALUE, FdKind.WAKEUP), ClosedBy.DELETER);
                })
                .doesNotThrowAnyException();
    }

    /** R01: fdDelete is called under locks; a hook that waits makes them everybody's. */
    @Test
    final void shouldNeverWait() {
        FdHook hook = hook();
        live(hook, fd(7, 0, FdKind.DOWNSTREAM)); // classes are loaded under locks of the JVM's
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        ThreadInfo before = threads.getThreadInfo(self);
        for (int generation = 1; generation <= LIVES; generation++) {
            live(hook, fd(7, generation, FdKind.DOWNSTREAM));
        }
        ThreadInfo after = threads.getThreadInfo(self);
        assertThat(after.getWaitedCount()).as("sleeps, parks and waits").isEqualTo(before.getWaitedCount());
        assertThat(after.getBlockedCount()).as("monitors waited for").isEqualTo(before.getBlockedCount());
    }

    /** The thread of one fd may well continue after that of another. */
    @Test
    final void shouldBeCalledByManyThreadsAtOnce() throws Exception {
        FdHook hook = hook();
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int number = i;
                runs.add(threads.submit(() -> {
                    start.await();
                    for (int generation = 0; generation < LIVES; generation++) {
                        live(hook, fd(number, generation, FdKind.UPSTREAM));
                    }
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(patience().toMillis(), TimeUnit.MILLISECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** A hook is told while the thread holds a monitor that another one, inside another call of the hook, wants. */
    @Test
    final void shouldNotCareForTheLocksOfItsCallers() throws Exception {
        FdHook hook = hook();
        Object lock = new Object();
        Runnable deleter = () -> {
            for (int generation = 0; generation < LIVES; generation++) {
                synchronized (lock) {
                    live(hook, fd(7, generation, FdKind.LISTENER));
                }
            }
        };
        Thread other = new Thread(deleter, "deletes under a lock");
        other.start();
        deleter.run();
        other.join(patience().toMillis());
        assertThat(other.isAlive()).isFalse();
    }
}
