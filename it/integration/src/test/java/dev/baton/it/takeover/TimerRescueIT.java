package dev.baton.it.takeover;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * F7: a timer fires twice, or never, across a rescue. The loop that has it is blocked, its connection is taken from it
 * by name: the timer fires on the thief, and not again when the loop goes on. A takeover that names nobody leaves it
 * where it is.
 */
@Timeout(60)
class TimerRescueIT {
    private static final int SECONDS_MAX = 20;
    private static final int ROUNDS = 10_000;
    private static final int OUTSTANDING_MAX = 64;
    private static final long DELAY_MS = 20;
    private static final long PERIOD_MS = 5;

    private final CountDownLatch blocked = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Queue<BatonLoop> firedOn = new ConcurrentLinkedQueue<>();
    private TestLoops loops;
    private ServerSocket server;
    private MovableSocketChannel channel;

    private void start(PollerProvider poller) throws Exception {
        loops = TestLoops.start(poller, 2);
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
    }

    @AfterEach
    void stop() throws Exception {
        release.countDown();
        channel.close().sync();
        server.close();
        assertThat(loops.failures()).isEmpty();
        loops.close();
    }

    private void block(BatonLoop loop) throws InterruptedException {
        loop.execute(() -> {
            blocked.countDown();
            try {
                if (!release.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                    throw new AssertionError("never released");
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(blocked.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
    }

    private void rescue() throws Exception {
        assertThat(on(loops.loop(1), () -> {
                    TakeoverResult result = channel.takeover(loops.loop(1), 0);
                    if (result == TakeoverResult.TAKEN) {
                        channel.leave();
                    }
                    return result;
                }))
                .isEqualTo(TakeoverResult.TAKEN);
    }

    /** Lets the old loop go on, and waits until whatever it still had has hopped and run. */
    private void unblock() throws Exception {
        release.countDown();
        for (int i = 0; i < 3; i++) {
            loops.loop(0).schedule(() -> null, DELAY_MS, TimeUnit.MILLISECONDS).sync();
            on(loops.loop(1), () -> null);
        }
    }

    private void fire() {
        firedOn.add(BatonLoop.currentLoop());
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void firesOnTheThiefAndOnce(PollerProvider poller) throws Exception {
        start(poller);
        // Armed on the old loop before it blocks, by its own thread; and from elsewhere, queued behind what blocks it.
        ScheduledFuture<?> early =
                on(loops.loop(0), () -> channel.eventLoop().schedule(this::fire, DELAY_MS, TimeUnit.MILLISECONDS));
        block(loops.loop(0));
        ScheduledFuture<?> late = channel.eventLoop().schedule(this::fire, DELAY_MS, TimeUnit.MILLISECONDS);
        int before = firedOn.size();
        rescue();
        assertThat(early.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        assertThat(late.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        assertThat(release.getCount()).as("the old loop is still blocked").isEqualTo(1);
        assertThat(firedOn).hasSize(2);
        assertThat(firedOn.stream().skip(before)).containsOnly(loops.loop(1));
        unblock();
        assertThat(firedOn).hasSize(2);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aPeriodicOneGoesOnAndDoesNotDouble(PollerProvider poller) throws Exception {
        start(poller);
        long began = System.nanoTime();
        ScheduledFuture<?> rate =
                channel.eventLoop().scheduleAtFixedRate(this::fire, PERIOD_MS, PERIOD_MS, TimeUnit.MILLISECONDS);
        Queue<Long> delayed = new ConcurrentLinkedQueue<>();
        ScheduledFuture<?> delay = channel.eventLoop()
                .scheduleWithFixedDelay(
                        () -> delayed.add(System.nanoTime()), PERIOD_MS, PERIOD_MS, TimeUnit.MILLISECONDS);
        await().until(() -> firedOn.size() > 2 && delayed.size() > 2);
        block(loops.loop(0));
        int before = firedOn.size();
        int delayedBefore = delayed.size();
        rescue();
        await().until(() -> firedOn.size() > before + 10 && delayed.size() > delayedBefore + 10);
        assertThat(release.getCount()).isEqualTo(1);
        unblock();
        int after = firedOn.size();
        await().until(() -> firedOn.size() > after + 10);
        // The n-th run of a rate is never early.
        int runs = firedOn.size();
        long periods = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) / PERIOD_MS;
        assertThat((long) runs).isLessThanOrEqualTo(periods + 1);
        assertApart(delayed, PERIOD_MS);
        assertThat(rate.cancel(false)).isTrue();
        assertThat(delay.cancel(false)).isTrue();
        // A run that has begun when it is cancelled ends; after it there is none.
        on(loops.loop(1), () -> null);
        int last = firedOn.size();
        loops.loop(1).schedule(() -> null, 4 * PERIOD_MS, TimeUnit.MILLISECONDS).sync();
        assertThat(firedOn).hasSize(last);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aTakeoverLeavesItWhereItIs(PollerProvider poller) throws Exception {
        start(poller);
        ScheduledFuture<?> timer =
                on(loops.loop(0), () -> channel.eventLoop().schedule(this::fire, SECONDS_MAX, TimeUnit.SECONDS));
        ScheduledFuture<?> due =
                on(loops.loop(0), () -> channel.eventLoop().schedule(this::fire, 1, TimeUnit.MILLISECONDS));
        block(loops.loop(0));
        boolean firedBefore = due.isDone();
        assertThat(on(loops.loop(1), () -> {
                    TakeoverResult result = channel.takeover(loops.loop(1));
                    if (result == TakeoverResult.TAKEN) {
                        channel.leave();
                    }
                    return result;
                }))
                .isEqualTo(TakeoverResult.TAKEN);
        loops.loop(1).schedule(() -> null, DELAY_MS, TimeUnit.MILLISECONDS).sync();
        assertThat(due.isDone()).isEqualTo(firedBefore);
        unblock();
        assertThat(due.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        assertThat(firedOn).hasSize(1);
        assertThat(timer.cancel(false)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aCancelledOneDoesNotCome(PollerProvider poller) throws Exception {
        start(poller);
        block(loops.loop(0));
        ScheduledFuture<?> before = channel.eventLoop().schedule(this::fire, DELAY_MS, TimeUnit.MILLISECONDS);
        ScheduledFuture<?> after = channel.eventLoop().schedule(this::fire, DELAY_MS, TimeUnit.MILLISECONDS);
        assertThat(before.cancel(false)).isTrue();
        assertThat(on(loops.loop(1), () -> {
                    TakeoverResult result = channel.takeover(loops.loop(1), 0);
                    try {
                        // Armed here by now, and due soon; it cannot run before the leave.
                        return after.cancel(false) ? result : null;
                    } finally {
                        channel.leave();
                    }
                }))
                .isEqualTo(TakeoverResult.TAKEN);
        loops.loop(1).schedule(() -> null, 2 * DELAY_MS, TimeUnit.MILLISECONDS).sync();
        unblock();
        assertThat(firedOn).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aCopyThatHasHoppedAlreadyIsOfTheSameTurn(PollerProvider poller) throws Exception {
        start(poller);
        Queue<Long> runs = new ConcurrentLinkedQueue<>();
        ScheduledFuture<?> timer = channel.eventLoop()
                .scheduleWithFixedDelay(() -> runs.add(System.nanoTime()), DELAY_MS, DELAY_MS, TimeUnit.MILLISECONDS);
        // Taken over by a loop that blocks at once: the copy, on loop 0, fires and hops, and what it hopped with waits.
        loops.loop(1).execute(() -> {
            while (channel.takeover(loops.loop(1)) != TakeoverResult.TAKEN) {
                Thread.onSpinWait(); // it may be running just now
            }
            channel.leave();
            blocked.countDown();
            try {
                release.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertThat(blocked.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        loops.loop(0).schedule(() -> null, 2 * DELAY_MS, TimeUnit.MILLISECONDS).sync();
        int before = runs.size();
        assertThat(on(loops.loop(0), () -> {
                    TakeoverResult result = channel.takeover(loops.loop(0), 1);
                    channel.leave();
                    return result;
                }))
                .isEqualTo(TakeoverResult.TAKEN);
        await().until(() -> runs.size() >= before + 10);
        assertThat(timer.cancel(false)).isTrue();
        assertApart(runs, DELAY_MS);
    }

    /** A delay is from the end of one run to the beginning of the next: two copies would run closer together. */
    private static void assertApart(Queue<Long> runs, long delayMillis) {
        long last = Long.MIN_VALUE / 2;
        for (long run : runs) {
            assertThat(run - last).isGreaterThanOrEqualTo(TimeUnit.MILLISECONDS.toNanos(delayMillis));
            last = run;
        }
    }

    /** One timer: how often it ran. */
    private record Round(AtomicInteger runs, ScheduledFuture<?> timer) {}

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void unforced(PollerProvider poller) throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        SplittableRandom random = new SplittableRandom(seed);
        start(poller);
        AtomicInteger rescues = new AtomicInteger();
        AtomicBoolean stop = new AtomicBoolean();
        loops.loop(1).execute(() -> move(1, rescues, stop));
        List<Round> all = new ArrayList<>();
        ArrayDeque<Round> outstanding = new ArrayDeque<>();
        for (int i = 0; i < ROUNDS; i++) {
            AtomicInteger runs = new AtomicInteger();
            Round round = new Round(
                    runs,
                    channel.eventLoop().schedule(runs::incrementAndGet, random.nextInt(300), TimeUnit.MICROSECONDS));
            all.add(round);
            outstanding.add(round);
            if (random.nextInt(3) == 0) {
                round.timer.cancel(false);
            }
            if (outstanding.size() == OUTSTANDING_MAX) {
                Round oldest = outstanding.remove();
                if (random.nextBoolean()) {
                    oldest.timer.cancel(false);
                }
                assertThat(oldest.timer.await(SECONDS_MAX, TimeUnit.SECONDS))
                        .as("a timer that never fires")
                        .isTrue();
            }
        }
        for (Round round : all) {
            assertThat(round.timer.await(SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
        }
        stop.set(true);
        // Copies that nobody could cancel in time are due by now.
        for (int i = 0; i < 2; i++) {
            loops.loop(0).schedule(() -> null, 1, TimeUnit.MILLISECONDS).sync();
            loops.loop(1).schedule(() -> null, 1, TimeUnit.MILLISECONDS).sync();
        }
        for (Round round : all) {
            assertThat(round.runs.get()).isEqualTo(round.timer.isCancelled() ? 0 : 1);
        }
        assertThat(rescues.get()).isGreaterThan(100);
    }

    private void move(int id, AtomicInteger rescues, AtomicBoolean stop) {
        if (stop.get()) {
            return;
        }
        BatonLoop loop = loops.loop(id);
        if (channel.takeover(loop, 1 - id) == TakeoverResult.TAKEN) {
            channel.leave();
            rescues.incrementAndGet();
        }
        loops.loop(1 - id).execute(() -> move(1 - id, rescues, stop));
    }
}
