package dev.baton.plugin.rescue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.BoundConnections;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.loop.RunningFd;
import dev.baton.spi.loop.SpareLoops;
import dev.baton.spi.loop.WatchedLoop;
import dev.baton.spi.metrics.Metrics;
import dev.baton.testkit.FlightRecording;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import jdk.jfr.consumer.RecordedEvent;
import org.junit.jupiter.api.Test;

/**
 * R50: a watchdog punishes a healthy process. Time here is the test's: slow tasks far apart, many slightly slow ones,
 * pauses of the whole process, a machine without processors to spare, start-up; and what is really stuck is seen, in
 * time and once.
 */
class WatchdogTest {
    private static final long MS = 1_000_000;
    private static final long ROUND = 10 * MS;

    private final Counts counts = new Counts();
    private final List<FakeLoop> loops = new ArrayList<>(List.of(new FakeLoop(0), new FakeLoop(1)));
    private final FakeSpares spares = new FakeSpares(loops);
    private long now = 7 * MS;
    private Watchdog watchdog = watchdog(Duration.ZERO);

    /** What was counted. */
    private static final class Counts implements Metrics {
        final Map<String, Long> counters = new HashMap<>();
        final Map<String, LongSupplier> gauges = new HashMap<>();

        @Override
        public Counter counter(String name, String help, String... labels) {
            return new Counter() {
                @Override
                public void increment() {
                    counters.merge(name, 1L, Long::sum);
                }

                @Override
                public long count() {
                    return counters.getOrDefault(name, 0L);
                }
            };
        }

        @Override
        public void gauge(String name, String help, LongSupplier value, String... labels) {
            gauges.put(name, value);
        }

        @Override
        public String scrape() {
            return "";
        }

        long blocked() {
            return gauge("baton_loops_blocked");
        }

        long gauge(String name) {
            return Objects.requireNonNull(gauges.get(name)).getAsLong();
        }

        long of(String name) {
            return counters.getOrDefault(name, 0L);
        }
    }

    private final class Kernel implements ThreadStates {
        @Override
        public long cpuNanos(long nativeId) {
            return loopOf(nativeId).cpuNanos;
        }

        @Override
        public boolean isRunnable(long nativeId) {
            return loopOf(nativeId).runnable;
        }

        private FakeLoop loopOf(long nativeId) {
            return loops.stream()
                    .filter(each -> each.loop().id() + 1 == nativeId)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private Watchdog watchdog(Duration settle) {
        return watchdog(settle, true, Optional.of(0));
    }

    private Watchdog watchdog(Duration settle, Optional<Integer> most) {
        return watchdog(settle, true, most);
    }

    private Watchdog watchdog(Duration settle, boolean takeOver, Optional<Integer> most) {
        LoopWatch watch = new LoopWatch() {
            @Override
            public List<WatchedLoop> loops() {
                return List.copyOf(loops);
            }

            @Override
            public SpareLoops spares() {
                return spares;
            }
        };
        return new Watchdog(
                new RescueConfig(Duration.ofMillis(50), settle, takeOver, most), watch, counts, new Kernel(), now);
    }

    private FakeLoop loop(int id) {
        return loops.get(id);
    }

    /** A round in time; loop 1 always runs. */
    private void round() {
        roundAfter(ROUND);
    }

    private void roundAfter(long nanos) {
        now += nanos;
        if (loops.size() > 1) {
            loop(1).progress++;
        }
        watchdog.round(now);
    }

    private void rounds(int count) {
        for (int i = 0; i < count; i++) {
            round();
        }
    }

    @Test
    void shouldSeeABlockedLoopInTime() {
        loop(0).progress++;
        round();
        long begun = now;
        int rounds = 0;
        while (!loop(0).blocked) {
            round();
            assertThat(++rounds).isLessThan(10);
        }
        // Blocked since any moment of the round before the first that found it so.
        assertThat(now - begun + ROUND).isLessThanOrEqualTo(50 * MS);
        assertThat(now - begun).isGreaterThanOrEqualTo(40 * MS);
        assertThat(loop(0).rescues).hasSize(1);
        assertThat(counts.of("baton_loop_blocked_total")).isEqualTo(1);
        assertThat(counts.blocked()).isEqualTo(1);
    }

    @Test
    void shouldOnlySayThatALoopIsBlockedWhereItMustNotTakeOver() {
        watchdog = watchdog(Duration.ZERO, false, Optional.empty());
        loop(0).progress++;
        rounds(20);
        assertThat(loop(0).blocked).isTrue();
        assertThat(counts.of("baton_loop_blocked_total")).isEqualTo(1);
        assertThat(loop(0).rescues).isEmpty();
        loop(0).progress++;
        round();
        assertThat(loop(0).blocked).isFalse();
        roundsAllBlocked(30);
        assertThat(spares.calls).isZero();
    }

    @Test
    void shouldTellTheFlightRecorderWhoWasBlockedAndForHowLong() throws Exception {
        try (FlightRecording recording = FlightRecording.of("dev.baton.LoopBlocked", "dev.baton.LoopRescue")) {
            loop(0).progress++;
            rounds(30);
            loop(0).rescues.forEach(rescue -> rescue.taken = 2);
            loop(0).progress++;
            round();

            List<RecordedEvent> events = recording.events();
            assertThat(events).hasSize(2);
            RecordedEvent blocked = events.get(0);
            assertThat(blocked.getEventType().getName()).isEqualTo("dev.baton.LoopBlocked");
            assertThat(blocked.getInt("loop")).isZero();
            assertThat(blocked.getString("stack")).contains(WatchdogTest.class.getName());
            RecordedEvent over = events.get(1);
            assertThat(over.getEventType().getName()).isEqualTo("dev.baton.LoopRescue");
            assertThat(over.getDuration("blockedNanos"))
                    .isBetween(Duration.ofMillis(30 * ROUND / MS - 20), Duration.ofMillis(30 * ROUND / MS + 20));
            assertThat(over.getInt("taken")).isPositive();
        }
    }

    @Test
    void shouldRescueAgainWhileItLastsAndSayItOnce() {
        rounds(100);
        assertThat(loop(0).rescues.size()).isGreaterThan(1);
        loop(0).rescuesEndAtOnce = true;
        loop(0).rescues.forEach(rescue -> rescue.over = true);
        int before = loop(0).rescues.size();
        rounds(100);
        assertThat(loop(0).rescues.size()).isBetween(before + 8, before + 11);
        assertThat(counts.of("baton_loop_blocked_total")).isEqualTo(1);
        loop(0).rescues.get(0).taken = 3; // too late for the count: it has been replaced
        loop(0).rescues.get(loop(0).rescues.size() - 1).taken = 2;
        loop(0).progress++;
        round();
        assertThat(loop(0).blocked).isFalse();
        assertThat(loop(0).rescues).allMatch(rescue -> rescue.over);
        assertThat(counts.of("baton_rescued_connections_total")).isEqualTo(2);
        assertThat(counts.blocked()).isZero();
    }

    @Test
    void shouldLeaveALoopAloneThatSleeps() {
        loop(0).waiting = true;
        rounds(1_000);
        assertThat(loop(0).rescues).isEmpty();
    }

    @Test
    void shouldLeaveALoopAloneThatIsBusyButTurns() {
        // Tasks of 39 ms, one after the other, for a minute: each is begun, and that is what counts.
        for (int i = 0; i < 6_000; i++) {
            if (i % 4 == 0) {
                loop(0).progress++;
            }
            round();
        }
        assertThat(loop(0).rescues).isEmpty();
    }

    @Test
    void shouldNotTakeAPauseOfTheProcessForABlockedLoop() {
        SplittableRandom random = new SplittableRandom(50);
        for (int i = 0; i < 1_000; i++) {
            // Inside a callback of 30 ms the process stands still for up to three seconds.
            rounds(2);
            roundAfter(21 * MS + random.nextLong(3_000 * MS));
            round();
            loop(0).progress++;
            round();
        }
        assertThat(loop(0).rescues).isEmpty();
        assertThat(counts.of("baton_watchdog_late_total")).isEqualTo(1_000);
    }

    @Test
    void shouldNotTakeALoopForBlockedThatGetsNoProcessor() {
        loop(0).runnable = true;
        for (int i = 0; i < 100; i++) {
            rounds(50);
            loop(0).cpuNanos += 20 * MS; // all that a callback needs
            loop(0).progress++;
            round();
        }
        assertThat(loop(0).rescues).isEmpty();
    }

    @Test
    void shouldSeeALoopThatComputesForTooLong() {
        loop(0).runnable = true;
        for (int i = 0; i < 6; i++) {
            loop(0).cpuNanos += ROUND;
            round();
        }
        assertThat(loop(0).blocked).isTrue();
    }

    @Test
    void shouldSeeATrulyStuckLoopWhereRoundsAreAlwaysLate() {
        long begun = now;
        while (!loop(0).blocked) {
            roundAfter(100 * MS);
            assertThat(now - begun).isLessThan(2_000 * MS);
        }
    }

    @Test
    void shouldRescueAtOnceButSayLessWhileTheProcessSettles() {
        watchdog = watchdog(Duration.ofSeconds(3));
        rounds(5);
        assertThat(loop(0).rescues).hasSize(1);
        for (int i = 0; i < 6; i++) {
            rounds(40); // classes are loaded
            assertThat(loop(0).blocked).isFalse();
            loop(0).progress++;
        }
        round();
        assertThat(loop(0).rescues).allMatch(rescue -> rescue.over);
        assertThat(counts.blocked()).isZero();
        rounds(50);
        assertThat(loop(0).blocked).isTrue();
    }

    @Test
    void shouldDoNothingWhereNobodyIsLeftToHelp() {
        loops.remove(1);
        rounds(100);
        assertThat(loop(0).blocked).isTrue();
        assertThat(loop(0).rescues).hasSizeLessThanOrEqualTo(1);
        loop(0).progress++;
        round();
        assertThat(loop(0).blocked).isFalse();
    }

    /** Rounds in which no configured loop gets on. */
    private void roundsAllBlocked(int count) {
        for (int i = 0; i < count; i++) {
            now += ROUND;
            watchdog.round(now);
        }
    }

    private List<FakeLoop> spareLoops() {
        return loops.stream().filter(FakeLoop::isSpare).toList();
    }

    @Test
    void shouldHaveSpareLoopsRescueWhereNoLoopWorks() {
        watchdog = watchdog(Duration.ZERO, Optional.empty());
        loops.forEach(loop -> loop.helpers = 0);
        roundsAllBlocked(5);
        assertThat(loop(0).blocked).isTrue();
        assertThat(spares.calls).as("as many as are configured").isEqualTo(2);
        roundsAllBlocked(3);
        assertThat(spares.calls).as("those that come are counted").isEqualTo(2);

        loops.forEach(loop -> loop.helpers = 2);
        loops.forEach(loop -> loop.rescues.clear());
        spares.come();
        roundsAllBlocked(1);
        assertThat(loop(0).rescues).as("at once").hasSize(1);
        assertThat(loop(1).rescues).hasSize(1);
        assertThat(counts.of("baton_spare_loop_calls_total")).isEqualTo(2);
        assertThat(counts.gauge("baton_spare_loops")).isEqualTo(2);
    }

    private void withLane() {
        watchdog = watchdog(Duration.ZERO, Optional.empty());
        FakeLoop lane = new FakeLoop(2);
        lane.inLane = true;
        loops.add(lane);
    }

    @Test
    void shouldCallNoSpareLoopForALoopOfALane() {
        withLane();
        for (int i = 0; i < 100; i++) {
            loop(0).progress++;
            loop(1).progress++;
            round();
        }
        assertThat(loop(2).blocked).isTrue();
        assertThat(loop(2).rescues).as("others of its lane may help").isNotEmpty();
        assertThat(spares.calls).isZero();
    }

    @Test
    void shouldNotTakeALoopOfALaneForOneThatWorksForAll() {
        withLane();
        for (int i = 0; i < 5; i++) {
            loop(2).progress++;
            roundsAllBlocked(1);
        }
        assertThat(spares.calls).as("both of the others are blocked").isEqualTo(2);
    }

    @Test
    void shouldDismissThemWhenTheOthersAreBack() {
        watchdog = watchdog(Duration.ZERO, Optional.empty());
        roundsAllBlocked(5);
        spares.come();
        roundsAllBlocked(100);
        assertThat(spareLoops()).hasSize(2);
        for (int i = 0; i < 990; i++) {
            loop(0).progress++;
            round();
        }
        assertThat(spareLoops()).as("not yet").hasSize(2);
        for (int i = 0; i < 1_100; i++) {
            loop(0).progress++;
            round();
        }
        assertThat(spareLoops()).isEmpty();
        assertThat(counts.gauge("baton_spare_loops")).isZero();
        assertThat(spares.calls).isEqualTo(2);
    }

    @Test
    void shouldCallNoMoreThanMayServe() {
        watchdog = watchdog(Duration.ZERO, Optional.of(1));
        roundsAllBlocked(5);
        spares.come();
        spareLoops().get(0).waiting = false; // blocked as well
        roundsAllBlocked(500);
        assertThat(spares.calls).isEqualTo(1);
    }

    @Test
    void shouldTryAgainOnceASecondWhereNoneCanBeStarted() {
        watchdog = watchdog(Duration.ZERO, Optional.of(1));
        spares.refusal = "no spare loop can be started: too many open files";
        roundsAllBlocked(305);
        assertThat(spares.calls).isBetween(3, 4);
        spares.refusal = null;
        roundsAllBlocked(101);
        spares.come();
        roundsAllBlocked(1);
        assertThat(spareLoops()).hasSize(1);
    }

    @Test
    void shouldCallNoneForALoopThatIsBlockedForAMoment() {
        watchdog = watchdog(Duration.ZERO, Optional.empty());
        for (int i = 0; i < 100; i++) {
            rounds(15); // of 60 ms and more: blocked, while the other one works
            assertThat(loop(0).blocked).isTrue();
            loop(0).progress++;
            rounds(1);
        }
        assertThat(spares.calls).isZero();
        rounds(30);
        assertThat(spares.calls).as("blocked for 200 ms").isEqualTo(1);
    }

    @Test
    void shouldForgetALoopThatIsNoMore() {
        rounds(10);
        assertThat(counts.blocked()).isEqualTo(1);
        loops.remove(0);
        now += ROUND;
        loop(0).progress++;
        watchdog.round(now);
        assertThat(counts.blocked()).isZero();
    }

    @Test
    void shouldNameTheCallbackThatTheRuntimeCalled() {
        List<StackTraceElement> stack = List.of(
                new StackTraceElement("java.lang.Thread", "sleep", "Thread.java", 1),
                new StackTraceElement("org.example.Slow", "sleep", "Slow.java", 1),
                new StackTraceElement("org.example.Handler", "channelRead", "Handler.java", 1),
                new StackTraceElement(
                        "io.netty.channel.AbstractChannelHandlerContext", "invokeChannelRead", "A.java", 1),
                new StackTraceElement("dev.baton.runtime.loop.LoopIo", "dispatch", "LoopIo.java", 1),
                new StackTraceElement("org.example.Poller", "poll", "Poller.java", 1),
                new StackTraceElement("dev.baton.runtime.loop.LoopIo", "poll", "LoopIo.java", 1),
                new StackTraceElement("java.lang.Thread", "run", "Thread.java", 1));
        assertThat(BlockedIn.of(0, List.of(), stack).callback()).isEqualTo("org.example.Handler.channelRead");
        assertThat(BlockedIn.of(0, List.of(), stack.subList(4, 8)).callback())
                .as("the runtime itself")
                .isEqualTo("dev.baton.runtime.loop.LoopIo.dispatch");
        assertThat(BlockedIn.of(0, List.of(), List.of()).callback()).isEqualTo("unknown");
    }

    private static StackTraceElement frame(String loader, String type, String method) {
        return new StackTraceElement(loader, null, null, type, method, "X.java", 1);
    }

    /** An fd hook runs on the fds of every plugin: the fd says nothing of who blocks. */
    @Test
    void shouldNameThePluginWhoseCodeItIs() {
        List<StackTraceElement> stack = List.of(
                frame("", "java.lang.Thread", "sleep"),
                frame("plugin audit", "org.example.Hook", "closed"),
                frame("app", "dev.baton.runtime.fd.FdHooks", "call"),
                frame("app", "dev.baton.runtime.fd.FdTable", "fdDelete"),
                frame("plugin http", "org.example.Handler", "channelRead"),
                frame("app", "dev.baton.runtime.loop.LoopIo", "dispatch"));
        List<RunningFd> fds = List.of(new RunningFd(new Fd(17, 3), "http"));

        BlockedIn hook = BlockedIn.of(0, fds, stack);
        assertThat(hook.plugin()).isEqualTo("audit");
        assertThat(hook.words()).isEqualTo("plugin audit, fd 17/3 of http, org.example.Hook.closed");

        BlockedIn handler = BlockedIn.of(0, fds, stack.subList(4, 6));
        assertThat(handler.plugin()).isEqualTo("http");
        assertThat(handler.words()).isEqualTo("plugin http, fd 17/3, org.example.Handler.channelRead");

        assertThat(BlockedIn.of(0, List.of(), stack).words())
                .isEqualTo("plugin audit, a task, org.example.Hook.closed");
    }

    /** Once the service that had called the handler was named. */
    @Test
    void shouldNameThePluginThatAnotherHasCalled() {
        List<StackTraceElement> stack = List.of(
                frame("", "java.lang.Thread", "sleep"),
                frame("plugin hello", "org.example.Database", "ask"),
                frame("plugin hello", "org.example.Hello", "handle"),
                frame("plugin http", "org.example.FilterCalls", "call"),
                frame("plugin http", "org.example.RequestReader", "channelRead"),
                frame("app", "io.netty.channel.AbstractChannelHandlerContext", "invokeChannelRead"),
                frame("app", "dev.baton.runtime.loop.LoopIo", "dispatch"));
        List<RunningFd> fds = List.of(new RunningFd(new Fd(17, 3), "http"));
        assertThat(BlockedIn.of(0, fds, stack).words())
                .isEqualTo("plugin hello, fd 17/3 of http, org.example.Hello.handle");
    }

    /** Vert.x calls plugins, as Netty does. */
    @Test
    void shouldNameThePluginWhoseVertxCodeItIs() {
        List<StackTraceElement> stack = List.of(
                frame("", "java.lang.Thread", "sleep"),
                frame("plugin shop", "org.example.Shop", "tick"),
                frame("app", "io.vertx.core.impl.ContextBase", "dispatch"),
                frame("app", "io.netty.util.concurrent.PromiseTask", "run"),
                frame("app", "dev.baton.runtime.loop.BatonLoop", "run"));
        assertThat(BlockedIn.of(0, List.of(), stack).words()).isEqualTo("plugin shop, a task, org.example.Shop.tick");
    }

    @Test
    void shouldSayWhichConnectionsStay() {
        assertThat(Watchdog.staying(List.of())).isEmpty();
        assertThat(Watchdog.staying(List.of(new BoundConnections("shop", 3), new BoundConnections("", 1))))
                .isEqualTo(", but for 3 connections of plugin shop's Vert.x, 1 connection of Vert.x, which are bound to"
                        + " their context");
    }
}
