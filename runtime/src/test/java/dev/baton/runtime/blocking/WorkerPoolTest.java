package dev.baton.runtime.blocking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.metrics.Meters;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers that cannot be started, and work that is left out. */
@Timeout(30)
class WorkerPoolTest {
    private final List<String> done = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final ByHand threads = new ByHand();

    /** Threads that the test runs, or that cannot be had. */
    private static final class ByHand implements WorkerThreads {
        final List<Runnable> started = new ArrayList<>();
        Runnable atStart = () -> {};
        Runnable beforeWork = () -> {};

        @Override
        public void start(String name, Runnable task) {
            atStart.run();
            started.add(task);
        }

        @Override
        public int usual() {
            return 1;
        }

        @Override
        public void beforeWork() {
            beforeWork.run();
        }
    }

    private WorkerPool pool(int threadsMax, int waitingMax) {
        return new WorkerPool("test", threadsMax, waitingMax, threads, new Meters());
    }

    private Work work(String name) {
        return new Work(() -> done.add(name), why -> refused.add(name));
    }

    private static void noThread() {
        throw new OutOfMemoryError("unable to create native thread");
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /**
     * 1. T1 adds A; 2. a worker polls A; 3. T1's own start fails and T1 leaves A out; 4. the worker does not begin it.
     */
    @Test
    void shouldRefuseWorkWithoutAThreadThatAnotherWorkerHasPolled() throws InterruptedException {
        WorkerPool pool = pool(2, 2);
        pool.add(work("first"));
        Thread worker = new Thread(threads.started.get(0), "worker");
        worker.setDaemon(true);
        CountDownLatch polled = new CountDownLatch(1);
        CountDownLatch refusing = new CountDownLatch(1);
        threads.beforeWork = () -> {
            if (!done.isEmpty()) {
                polled.countDown();
                await(refusing);
            }
        };
        threads.atStart = () -> {
            worker.start();
            await(polled);
            noThread();
        };
        assertThatThrownBy(() -> pool.add(work("A")))
                .isInstanceOf(RejectedExecutionException.class)
                .hasMessageContaining("no thread");
        refusing.countDown();
        worker.join(10_000);
        assertThat(worker.isAlive()).isFalse();
        assertThat(done).containsExactly("first");
    }

    /** 1. T1 adds A and counts itself as the only worker; 2. T2 adds B and relies on that; 3. T1's start fails. */
    @Test
    void shouldRefuseWhatReliedOnAWorkerThatDoesNotStart() {
        WorkerPool pool = pool(1, 2);
        threads.atStart = () -> {
            threads.atStart = () -> {};
            pool.add(work("B"));
            noThread();
        };
        assertThatThrownBy(() -> pool.add(work("A"))).isInstanceOf(RejectedExecutionException.class);
        assertThat(refused).containsExactly("B");
        pool.add(work("C"));
        pool.add(work("D"));
        pool.add(work("E"));
        threads.started.get(0).run();
        assertThat(done).containsExactly("C", "D", "E");
    }

    @Test
    void shouldEndThoughTheLastWorkerDoesNotStart() {
        WorkerPool pool = pool(1, 2);
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        threads.atStart = () -> {
            ends.add(pool.end());
            noThread();
        };
        pool.add(work("A"));
        assertThat(ends.get(0)).isCompleted();
        assertThat(done).isEmpty();
    }

    @Test
    void shouldGiveTheRoomOfWorkBackWhenThatIsLeftOut() {
        WorkerPool pool = pool(1, 1);
        pool.add(work("A"));
        for (int i = 0; i < 3; i++) {
            Work gone = work("gone");
            pool.add(gone);
            pool.leaveOut(gone);
        }
        pool.add(work("B"));
        assertThatThrownBy(() -> pool.add(work("C"))).isInstanceOf(RejectedExecutionException.class);
        threads.started.get(0).run();
        assertThat(done).containsExactly("A", "B");
        // Neither more room than there was nor less.
        pool.add(work("D"));
        pool.add(work("E"));
        assertThatThrownBy(() -> pool.add(work("F"))).isInstanceOf(RejectedExecutionException.class);
    }
}
