package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.TestSockets.Pair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How long poll waits, and what ends the wait. */
interface WakeupPromises extends PollerPromises {
    /** Pollers that are closed until all numbers of one could be had: the JVM opens a file of its own now and then. */
    int ROUNDS_MAX = 50;

    @Test
    default void shouldReturnAtOnceIfItMayNotWait() {
        PollerRig rig = rig();
        rig.polledPair();
        long begin = System.nanoTime();
        assertThat(rig.poller().poll(0, rig.log())).isZero();
        assertThat(System.nanoTime() - begin).isLessThan(rig.patience().toNanos());
    }

    /** Rounded down to the clock of the system call a timer's last millisecond would be spent spinning. */
    @Test
    default void shouldWaitNoShorterThanTheTimeout() {
        PollerRig rig = rig();
        for (long timeout : new long[] {1, 100_000, 999_999, 1_000_001, 2_500_000, 20_000_000}) {
            long begin = System.nanoTime();
            assertThat(rig.poller().poll(timeout, rig.log())).isZero();
            assertThat(System.nanoTime() - begin).as("waited").isGreaterThanOrEqualTo(timeout);
        }
    }

    /** The end of time, as a loop without timers may ask for it, does not wrap around to none at all. */
    @Test
    default void shouldWaitForTheLongestTimeout() throws InterruptedException {
        PollerRig rig = rig();
        AtomicBoolean returned = new AtomicBoolean();
        Thread loop = new Thread(() -> {
            rig.poller().poll(Long.MAX_VALUE, rig.log());
            returned.set(true);
        });
        loop.setDaemon(true);
        loop.start();
        loop.join(PollerRig.MOMENT.toMillis());
        assertThat(returned).as("returned before the end of time").isFalse();
        rig.poller().wakeup();
        loop.join(rig.patience().toMillis());
        if (!returned.get()) {
            rig.abandon();
        }
        assertThat(returned).as("returned at the wakeup").isTrue();
    }

    @Test
    default void shouldWaitWithoutLimitForAnEvent() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        try (PollingThread loop = new PollingThread(rig)) {
            int before = loop.ended();
            rig.sockets().send(pair.peer());
            loop.awaitEnd(before);
            assertThat(rig.log().take()).isNotEmpty().allMatch(event -> event.of(pair.fd()));
            rig.sockets().drain(pair.fd());
        }
    }

    @Test
    default void shouldReturnAtOnceIfItWasWokenBefore() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.poller().wakeup();

        assertThat(waited(rig)).isLessThan(rig.patience());

        // Once: a wakeup that is never used up is a loop that never sleeps.
        assertThat(rig.poller().poll(PollerRig.MOMENT.toNanos(), rig.log())).isZero();
        rig.expectSilence();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());
    }

    @Test
    default void shouldUseUpManyWakeupsAtOnce() {
        PollerRig rig = rig();
        for (int i = 0; i < 1_000; i++) {
            rig.poller().wakeup();
        }
        assertThat(waited(rig)).isLessThan(rig.patience());
        rig.expectSilence();
        rig.poller().wakeup();
        assertThat(waited(rig)).isLessThan(rig.patience());
    }

    @Test
    default void shouldReturnWhenItIsWoken() {
        PollerRig rig = rig();
        try (PollingThread loop = new PollingThread(rig)) {
            for (int i = 0; i < 1_000; i++) {
                loop.passTurn();
            }
        }
        assertThat(rig.log().take()).as("a wakeup is no event").isEmpty();
    }

    @Test
    default void shouldReturnAtOnceIfAHandlerWokeIt() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.log().onEvent(event -> {
            rig.sockets().drain(pair.fd());
            rig.poller().wakeup();
            return true;
        });
        assertThat(rig.turn()).hasSize(1);

        assertThat(waited(rig)).isLessThan(rig.patience());
    }

    @Test
    default void shouldReportEventsThatComeWithAWakeup() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        for (int i = 0; i < 100; i++) {
            rig.poller().wakeup();
            rig.sockets().send(pair.peer());
            assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
            rig.sockets().drain(pair.fd());
        }
    }

    /**
     * R18: the loop announces that it sleeps, looks for work once more, and sleeps; others add work and wake it only if
     * it has announced. With each of them active at every gap of the other, no work may wait for a timeout.
     */
    @Test
    default void shouldLoseNoWakeupOfManyThreads() throws InterruptedException {
        PollerRig rig = rig();
        int threads = 3;
        int each = 20_000;
        AtomicInteger work = new AtomicInteger();
        AtomicBoolean asleep = new AtomicBoolean();
        List<Thread> producers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Thread producer = new Thread(() -> {
                for (int j = 0; j < each; j++) {
                    work.incrementAndGet();
                    if (asleep.compareAndSet(true, false)) {
                        rig.poller().wakeup();
                    }
                }
            });
            producers.add(producer);
            producer.start();
        }
        int done = 0;
        while (done < threads * each) {
            asleep.set(true);
            if (work.get() > done) {
                asleep.set(false);
            } else {
                long begin = System.nanoTime();
                rig.poller().poll(rig.patience().toNanos(), rig.log());
                assertThat(System.nanoTime() - begin)
                        .as("slept with work to do, after %s", done)
                        .isLessThan(rig.patience().toNanos());
                asleep.set(false);
            }
            done = work.get();
        }
        for (Thread producer : producers) {
            producer.join();
        }
    }

    /** Another thread wakes a loop that has gone: what has the eventfd's number by then must not be written to. */
    @Test
    default void shouldTouchNobodysFdWhenItIsWokenOrToldToRemoveAfterItsClose() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        boolean all = false;
        for (int i = 0; i < ROUNDS_MAX && !all; i++) {
            Set<Fd> before = rig.fds().open();
            Poller gone = rig.another();
            List<Fd> its = new ArrayList<>(rig.fds().open());
            its.removeAll(before);
            rig.add(gone, pair.fd(), Interest.IN);
            rig.close(gone);
            List<Fd> strangers = eventfds(rig, its);
            all = strangers.stream()
                    .map(Fd::number)
                    .collect(Collectors.toSet())
                    .containsAll(its.stream().map(Fd::number).toList());

            gone.wakeup();
            gone.remove(pair.fd());

            assertThat(strangers).allMatch(fd -> rig.posix().eventfdRead(fd.number()) == -Errno.EAGAIN);
            strangers.forEach(fd -> assertThat(rig.fds().fdDelete(fd)).isTrue());
        }
        // Otherwise nothing was shown: the JVM had opened files of its own under the numbers.
        assertThat(all).as("all numbers of the poller were had").isTrue();
    }

    /** The same while the close is going on. */
    @Test
    default void shouldTouchNobodysFdWhenItIsWokenDuringItsClose() throws InterruptedException {
        PollerRig rig = rig();
        for (int i = 0; i < 50; i++) {
            Set<Fd> before = rig.fds().open();
            Poller gone = rig.another();
            List<Fd> its = new ArrayList<>(rig.fds().open());
            its.removeAll(before);
            CountDownLatch begun = new CountDownLatch(1);
            AtomicBoolean gaveNumbersAway = new AtomicBoolean();
            Thread waker = new Thread(() -> {
                while (!gaveNumbersAway.get()) {
                    gone.wakeup();
                    begun.countDown();
                }
                gone.wakeup();
            });
            waker.start();
            begun.await();
            rig.close(gone);
            List<Fd> strangers = eventfds(rig, its);
            gaveNumbersAway.set(true);
            waker.join();
            assertThat(strangers).allMatch(fd -> rig.posix().eventfdRead(fd.number()) == -Errno.EAGAIN);
            strangers.forEach(fd -> assertThat(rig.fds().fdDelete(fd)).isTrue());
        }
    }

    /**
     * Makes an eventfd in the place of each of these, and in each lower place that was free: the kernel gives the
     * lowest first.
     */
    private static List<Fd> eventfds(PollerRig rig, List<Fd> closed) {
        List<Fd> strangers = new ArrayList<>();
        assertThat(closed).as("fds of the poller").isNotEmpty();
        Set<Integer> left = closed.stream().map(Fd::number).collect(Collectors.toCollection(HashSet::new));
        int highest = Collections.max(left);
        int number;
        do {
            number = rig.posix().eventfd();
            assertThat(number).as("eventfd").isNotNegative();
            strangers.add(rig.fds().fdInsert(number, FdKind.WAKEUP));
            left.remove(number);
            // Beyond the highest, what is left is somebody else's by now, a file that the JVM has opened.
        } while (!left.isEmpty() && number <= highest);
        return strangers;
    }

    private static Duration waited(PollerRig rig) {
        long begin = System.nanoTime();
        rig.poller().poll(rig.patience().toNanos(), rig.log());
        return Duration.ofNanos(System.nanoTime() - begin);
    }
}
