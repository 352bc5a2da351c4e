package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.listener.ListenerWorld.HandLoop;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.posix.Errno;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * R38, a listener that is suspended but polled (100 % CPU), or ready but not polled (deaf); R37, one that comes back
 * after its stop; R41, one that is full and whose last connection wakes no listener; R42, counts that drift.
 *
 * <p>One thread plays every other: at each call that the listener makes into its pollers, its loops and the kernel, the
 * schedule may do anything that another thread could do just then.
 */
class ListenerScheduleTest {
    private static final int ROUNDS = 20_000;
    private static final int STEPS_MAX = 60;
    private static final int DEPTH_MAX = 4;
    /** Two connections, then one for half of what a pass of time is. */
    private static final double RATE = 20;

    /**
     * A, the only loop that may take the one connection that fits, stands in accept(2): the listener is full, and
     * nobody was told. Somebody suspends it: from FULL to SUSPENDED, no change of the readiness. A comes back with
     * nothing and gives its reservation back: from SUSPENDED to SUSPENDED, no change either. Both pollers kept it.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aSuspensionDuringTheLastReservationTakesItOutOfEveryPoller(boolean edges) {
        ListenerWorld world = new ListenerWorld(2, 1, edges);
        world.settle();
        assertThat(world.loops).allMatch(loop -> loop.polled);
        world.arrive(0);
        world.between = () -> {
            world.between = () -> {};
            world.backlog = 0; // its peer has gone
            assertThat(world.listener.state()).isEqualTo(ListenerState.FULL);
            assertThat(ListenerWorld.now(world.listener.suspend()).orElseThrow().outcome())
                    .isEqualTo(Outcome.PAUSED);
        };

        world.settle();

        assertThat(world.listener.state()).isEqualTo(ListenerState.SUSPENDED);
        assertThat(world.loops).noneMatch(loop -> loop.polled);

        world.arrive(0);
        world.listener.resume();
        world.settle();

        assertThat(world.loops).as("full with the one that waited").noneMatch(loop -> loop.polled);
        assertThat(world.open).hasSize(1);
    }

    /** B sees it full because of A's reservation and stops polling; A's reservation comes to nothing. */
    @Test
    void aReservationThatComesToNothingBringsBackWhoeverSawItFull() {
        ListenerWorld world = new ListenerWorld(2, 1, true);
        world.settle();
        HandLoop a = world.loops.get(0);
        HandLoop b = world.loops.get(1);
        world.arrive(0);
        world.errnos.add(Errno.ECONNABORTED);
        world.between = () -> {
            world.between = () -> {};
            world.arrive(1);
            while (b.turn()) {
                assertThat(b.polled).as("the listener is full").isFalse();
            }
            world.backlog--; // the one that A was woken for: its peer has gone
        };
        while (a.turn() && world.open.isEmpty()) {}
        world.settle();

        assertThat(world.open).hasSize(1);
        world.end(0);
        world.settle();
        assertThat(world.loops).allMatch(loop -> loop.polled);
    }

    /** accept(2) tells an error that is pending on the connection: it says nothing about the next one. */
    @ParameterizedTest
    @ValueSource(ints = {Errno.EPROTO, Errno.ENONET, Errno.EPERM, Errno.ENETDOWN, Errno.EHOSTUNREACH, Errno.ECONNRESET})
    void aConnectionThatIsLostCostsNoPause(int errno) {
        ListenerWorld world = new ListenerWorld(1, 10, false);
        world.settle();
        world.errnos.add(errno);
        world.arrive(0);
        world.turnAll();
        assertThat(world.errnos).isEmpty();
        assertThat(world.listener.state()).isEqualTo(ListenerState.READY);
        assertThat(world.timers).isEmpty();
        assertThat(world.open).hasSize(1);
    }

    /**
     * A security module that refuses every accept leaves the connection in the backlog: without a pause the loop would
     * spin.
     */
    @Test
    void aListenerWhoseEveryAcceptIsRefusedPauses() {
        ListenerWorld world = new ListenerWorld(1, 10, true);
        world.settle();
        for (int i = 0; i < Acceptor.LOST_IN_A_ROW_MAX; i++) {
            world.errnos.add(Errno.EPERM);
        }
        world.arrive(0);
        int turns = 0;
        while (!world.errnos.isEmpty() && turns++ < Acceptor.LOST_IN_A_ROW_MAX) {
            assertThat(world.listener.state()).isEqualTo(ListenerState.READY);
            world.turnAll();
        }
        assertThat(world.errnos).isEmpty();
        assertThat(world.listener.state()).isEqualTo(ListenerState.LIMITED);
        assertThat(world.open).isEmpty();

        world.settle();
        assertThat(world.listener.state()).isEqualTo(ListenerState.READY);
        assertThat(world.open).hasSize(1);
    }

    /**
     * Out of fds while it is full of reservations; the last connection ends during the pause, then nothing else
     * happens.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLastConnectionThatEndsDuringAPauseEndsThePause(boolean edges) {
        ListenerWorld world = new ListenerWorld(2, 2, edges);
        world.arrive(0);
        world.settle();
        world.arrive(0);
        world.errnos.add(Errno.EMFILE);
        world.turnAll();
        assertThat(world.listener.state()).isEqualTo(ListenerState.LIMITED);
        assertThat(world.loops).noneMatch(loop -> loop.polled);
        Runnable lift = world.timers.remove();

        world.end(0);
        world.settle();

        assertThat(world.listener.state()).isEqualTo(ListenerState.READY);
        assertThat(world.open).hasSize(1);
        lift.run();
        world.settle();
        assertThat(world.loops).allMatch(loop -> loop.polled);
    }

    /** The timer of a pause is the other way out of it, and of no later pause. */
    @Test
    void aPauseEndsByItsOwnTimer() {
        ListenerWorld world = new ListenerWorld(2, 2, true);
        world.settle();
        world.arrive(0);
        world.errnos.add(Errno.ENFILE);
        world.turnAll();
        Runnable first = world.timers.remove();
        first.run();
        world.errnos.add(Errno.ENOBUFS);
        world.turnAll();
        assertThat(world.listener.state()).isEqualTo(ListenerState.LIMITED);

        first.run();
        assertThat(world.listener.state()).as("another pause").isEqualTo(ListenerState.LIMITED);

        world.settle();
        assertThat(world.listener.state()).isEqualTo(ListenerState.READY);
        assertThat(world.backlog).isZero();
    }

    /**
     * R41. A finds no room among all listeners; before it has marked itself, the last connection of another listener
     * ends, which wakes those that are marked.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theRoomThatComesBeforeTheMarkIsSeenAfterIt(boolean edges) {
        ListenerWorld world = new ListenerWorld(2, 2, edges, 1, Double.POSITIVE_INFINITY);
        world.otherBegins();
        world.settle();
        world.arrive(0);
        world.between = () -> {
            world.between = () -> {};
            world.otherEnds();
        };

        world.settle();

        assertThat(world.open).hasSize(1);
    }

    /** R41, the other order: it is marked, no loop polls, and the last release comes from another listener. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theLastConnectionOfAnotherListenerWakesIt(boolean edges) {
        ListenerWorld world = new ListenerWorld(2, 2, edges, 1, Double.POSITIVE_INFINITY);
        world.otherBegins();
        world.settle();
        world.arrive(0);
        world.settle();
        assertThat(world.listener.state()).isEqualTo(ListenerState.FULL);
        assertThat(world.loops).noneMatch(loop -> loop.polled);
        assertThat(world.open).isEmpty();

        world.otherEnds();
        world.settle();

        assertThat(world.open).hasSize(1);
        assertThat(world.total.taken()).isEqualTo(1);
        world.end(0);
        assertThat(world.total.taken()).isZero();
    }

    /** A bucket of two, which time fills again: a connection that has ended does not. */
    @Test
    void whatComesFasterThanItsRateWaitsForTimeAndForNothingElse() {
        ListenerWorld world = new ListenerWorld(2, 100, true, Integer.MAX_VALUE, RATE);
        world.settle();
        for (int i = 0; i < 10; i++) {
            world.arrive(i);
        }
        world.turnAll();
        assertThat(world.open).hasSize(2);
        assertThat(world.listener.state()).isEqualTo(ListenerState.LIMITED);
        assertThat(world.loops).noneMatch(loop -> loop.polled);

        world.end(0);
        world.turnAll();
        assertThat(world.listener.state()).isEqualTo(ListenerState.LIMITED);
        assertThat(world.listener.accepted()).isEqualTo(2);

        world.timePasses();
        world.turnAll();
        assertThat(world.listener.accepted()).isEqualTo(4);
        world.settle();
        assertThat(world.listener.accepted()).isEqualTo(10);
        assertThat(world.backlog).isZero();
    }

    /** The loop that an edge has woken is told to go before it has time: the others must find what it was woken for. */
    @Test
    void aLoopThatLeavesWithAnEdgeLeavesNobodyInTheBacklog() {
        ListenerWorld world = new ListenerWorld(2, 10, true);
        world.settle();
        world.serves(0, false);
        world.arrive(0);

        world.settle();

        assertThat(world.open).hasSize(1);
        assertThat(world.loops.get(0).polled).isFalse();
        assertThat(world.shares(0)).isFalse();
        assertThat(world.loops.get(1).polled).isTrue();
        world.serves(0, true);
        world.settle();
        assertThat(world.loops).allMatch(loop -> loop.polled);
    }

    /** What outlives a crash is what an operator has changed of listeners that are there. */
    @Test
    void itsEndIsToldAsAnOperatorsChangesAre() {
        ListenerWorld world = new ListenerWorld(2, 2, true);
        world.listener.suspend();
        world.listener.suspend();
        world.listener.resume();
        world.listener.unbind(Duration.ZERO);
        world.listener.unbind(Duration.ZERO);
        assertThat(world.changes).containsExactly(ListenerState.SUSPENDED, ListenerState.READY, ListenerState.STOPPED);
    }

    /**
     * Nothing that ends (a reservation, a connection, a pause) opens what somebody holds back on purpose, or has
     * stopped.
     */
    @ParameterizedTest
    @ValueSource(strings = {"suspend", "unbind"})
    void whatEndsLaterDoesNotOpenIt(String how) {
        ListenerWorld world = new ListenerWorld(2, 2, true);
        world.arrive(0);
        world.settle();
        world.arrive(0);
        world.errnos.add(Errno.EMFILE);
        world.between = () -> {
            world.between = () -> {};
            if (how.equals("suspend")) {
                world.listener.suspend();
            } else {
                world.listener.unbind(Duration.ZERO);
            }
        };
        world.turnAll();
        world.end(0);
        world.settle();

        assertThat(world.listener.state())
                .isEqualTo(how.equals("suspend") ? ListenerState.SUSPENDED : ListenerState.STOPPED);
        assertThat(world.loops).noneMatch(loop -> loop.polled);
        assertThat(world.listener.connections()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void polledIfAndOnlyIfReadyWhateverTheOrder(boolean edges) {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("listener schedules, -Dseed=" + seed);
        int stopped = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Schedule schedule = new Schedule(new Random(seed + round), edges);
            schedule.run();
            String where = "seed " + (seed + round) + ", " + schedule.world.listener;
            stopped += schedule.check(where) ? 1 : 0;
        }
        assertThat(stopped).as("rounds that ended stopped").isBetween(1, ROUNDS - 1);
    }

    /** A random schedule: what it does next, it may do in the middle of what it does now. */
    private static final class Schedule {
        private final Random random;
        private final int max;
        private final boolean edges;
        final ListenerWorld world;
        private int depth;
        private int steps;

        Schedule(Random random, boolean edges) {
            this.random = random;
            this.edges = edges;
            this.max = 1 + random.nextInt(2);
            // Short ones too: what is wrong for a moment, a long one puts right again.
            this.steps = 1 + random.nextInt(STEPS_MAX);
            // Not in every schedule: what holds a listener back hides what else could be wrong.
            int total = random.nextInt(3) == 0 ? 1 + random.nextInt(2) : Integer.MAX_VALUE;
            double rate = random.nextInt(3) == 0 ? RATE : Double.POSITIVE_INFINITY;
            this.world = new ListenerWorld(1 + random.nextInt(3), max, edges, total, rate);
        }

        void run() {
            world.between = () -> {
                assertThat(world.listener.connections()).isBetween(0, max);
                while (depth < DEPTH_MAX && steps > 0 && random.nextInt(3) == 0) {
                    step();
                }
            };
            while (steps > 0) {
                step();
            }
            world.between = () -> {};
            while (world.others > 0) {
                world.otherEnds();
            }
            world.settle();
        }

        private void step() {
            steps--;
            depth++;
            try {
                switch (random.nextInt(26)) {
                    case 0, 1, 2, 3 -> world.arrive(random.nextInt(8));
                    case 4, 5 -> world.end(random.nextInt(8));
                    case 6 -> world.listener.suspend();
                    case 7, 8 -> world.listener.resume();
                    case 9 -> world.timePasses();
                    case 10 -> world.errnos.add(anErrno());
                    case 11 -> maybeUnbind();
                    case 13, 14 -> world.otherBegins();
                    case 15 -> world.otherEnds();
                    case 16 -> world.serves(random.nextInt(world.loops.size()), false);
                    case 17, 18 -> world.serves(random.nextInt(world.loops.size()), true);
                    case 12 ->
                        world.listener.acceptors().stream()
                                .findFirst()
                                .ifPresent(acceptor -> acceptor.request(Acceptor.SYNC | Acceptor.ACCEPT));
                    default ->
                        world.loops.get(random.nextInt(world.loops.size())).turn();
                }
            } finally {
                depth--;
            }
        }

        private int anErrno() {
            List<Integer> all =
                    List.of(Errno.EINTR, Errno.ECONNABORTED, Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.EBADF);
            return all.get(random.nextInt(all.size()));
        }

        private void maybeUnbind() {
            if (random.nextInt(8) == 0) {
                world.listener.unbind(Duration.ZERO);
            }
        }

        /** When nothing is left to do; says whether it was stopped. */
        boolean check(String where) {
            ListenerState state = world.listener.state();
            assertThat(world.listener.connections())
                    .as("connections, %s", where)
                    .isEqualTo(world.open.size());
            assertThat(world.loops)
                    .as("polled if and only if ready and served, %s", where)
                    .allMatch(loop -> loop.polled == (state == ListenerState.READY && loop.wanted));
            assertThat(world.total.taken()).as("among all listeners, %s", where).isIn(0, world.open.size());
            if (state != ListenerState.STOPPED) {
                assertThat(world.loops)
                        .as("shared by those that serve, %s", where)
                        .allMatch(loop -> world.shares(loop.id()) == loop.wanted);
            }
            assertThat(state).as("a pause ends, %s", where).isNotEqualTo(ListenerState.LIMITED);
            if (state == ListenerState.READY && world.loops.stream().anyMatch(loop -> loop.wanted)) {
                assertThat(world.backlog)
                        .as("connections that nobody accepts, %s", where)
                        .isZero();
            }
            assertThat(world.closed.contains(ListenerWorld.LISTENING))
                    .as("closed, %s", where)
                    .isEqualTo(state == ListenerState.STOPPED);
            return state == ListenerState.STOPPED && shouldStayStopped();
        }

        private boolean shouldStayStopped() {
            CompletionStage<ListenerResult> resumed = world.listener.resume();
            assertThat(ListenerWorld.now(resumed).orElseThrow().outcome()).isEqualTo(Outcome.FAILED);
            ListenerResult again =
                    ListenerWorld.now(world.listener.unbind(Duration.ZERO)).orElseThrow();
            assertThat(again.outcome()).isEqualTo(world.open.isEmpty() ? Outcome.UNCHANGED : Outcome.UNBOUND);
            assertThat(world.listener.state()).isEqualTo(ListenerState.STOPPED);
            assertThat(world.observers.counters().openFds())
                    .as("fds, edges %s", edges)
                    .isZero();
            return true;
        }
    }
}
