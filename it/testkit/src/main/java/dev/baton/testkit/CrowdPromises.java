package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollSink;
import dev.baton.testkit.EventLog.Event;
import dev.baton.testkit.TestSockets.Pair;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Many fds, many turns. */
interface CrowdPromises extends PollerPromises {
    /** Pairs, both ends of which are polled. */
    int PAIRS = 1_000;

    /** Steps of the random test. */
    int MODEL_STEPS = 20_000;

    @Test
    default void shouldReportEachOfTwoThousandInLimitedTurns() {
        PollerRig rig = rig();
        Set<Fd> due = new HashSet<>();
        for (Pair pair : pairs(rig)) {
            rig.sockets().send(pair.peer());
            rig.sockets().send(pair.fd());
            due.add(pair.fd());
            due.add(pair.peer());
        }
        int turnsAtMost = 2 * PAIRS / eventsMax() + 2;
        // Nothing is read, so that a poller of levels has to go on where it stopped, and not at the first again.
        for (int turn = 0; turn < turnsAtMost && !due.isEmpty(); turn++) {
            List<Event> events = rig.turn();
            assertThat(events).hasSizeLessThanOrEqualTo(eventsMax());
            assertThat(events).allMatch(event -> event.ready() == Interest.IN);
            events.forEach(event -> due.remove(new Fd(event.number(), event.generation())));
        }
        assertThat(due).as("not reported within %s turns", turnsAtMost).isEmpty();
    }

    @Test
    default void shouldFindTheOneOfTwoThousand() {
        PollerRig rig = rig();
        List<Pair> pairs = pairs(rig);
        rig.expectSilence();
        for (int i = 0; i < PAIRS; i += 97) {
            Pair pair = pairs.get(i);
            rig.sockets().send(pair.peer());
            assertThat(rig.turn()).hasSize(1).allMatch(event -> event.of(pair.fd()));
            rig.sockets().drain(pair.fd());
        }
    }

    /** What handlers add may make the poller's own tables grow under the turn that is going on. */
    @Test
    default void shouldReportWhatHandlersAdd() {
        PollerRig rig = rig();
        List<Pair> first = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            first.add(rig.polledPair());
        }
        first.forEach(pair -> rig.sockets().send(pair.peer()));
        Set<Fd> added = new HashSet<>();
        Set<Fd> handled = new HashSet<>();
        rig.log().onEvent(event -> {
            Fd fd = new Fd(event.number(), event.generation());
            rig.sockets().drain(fd);
            if (!added.contains(fd)) {
                handled.add(fd);
                for (int i = 0; i < 5; i++) {
                    Pair pair = rig.sockets().pair();
                    rig.sockets().send(pair.peer());
                    rig.add(pair.fd(), Interest.IN);
                    added.add(pair.fd());
                }
            }
            return true;
        });
        rig.turn();
        assertThat(handled).hasSize(50);
        rig.log().onEvent(event -> true);

        Set<Fd> due = new HashSet<>(added);
        List<Event> events = rig.turn();
        events.forEach(event -> due.remove(new Fd(event.number(), event.generation())));
        assertThat(due).as("added and not reported, of %s", added.size()).isEmpty();
    }

    /** Random adds, interests, removals, reopenings and bytes, against a map of what has to be reported. */
    @Test
    default void shouldAgreeWithAModel() {
        long seed = System.nanoTime();
        System.out.println("poller model, seed " + seed);
        PollerModel model = new PollerModel(rig(), seed);
        for (int step = 0; step < MODEL_STEPS; step++) {
            model.step(step);
        }
        assertThat(model.compared()).as("turns compared").isPositive();
    }

    /** A poller that allocates makes every turn of every loop pay. */
    @Test
    default void shouldAllocateNothingInATurn() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.add(pair.fd(), Interest.IN | Interest.OUT);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int[] events = {0};
        PollSink sink = (number, generation, ready) -> {
            events[0]++;
            return true;
        };
        int turns = 20_000;
        long least = Long.MAX_VALUE;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < turns; i++) {
                rig.poller().modify(pair.fd(), Interest.IN | Interest.OUT);
                rig.poller().wakeup();
                rig.poller().poll(0, sink);
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(events[0]).isEqualTo(3 * turns);
        assertThat(least).as("bytes allocated by %s turns", turns).isLessThan(turns);
    }

    private static List<Pair> pairs(PollerRig rig) {
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            Pair pair = rig.sockets().pair();
            rig.add(pair.fd(), Interest.IN);
            rig.add(pair.peer(), Interest.IN);
            pairs.add(pair);
        }
        return pairs;
    }
}
