package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** R18 (3674afe8a): a lost wakeup: the loop sleeps with work queued. Whatever is queued runs without a clock's help. */
class R18LostWakeupTest {
    private static final int TASKS = 5;

    private static void race(Simulation simulation, PollerProvider poller) {
        World world = new World(simulation, poller, 2);
        List<String> ran = new ArrayList<>();
        for (String name : new String[] {"A", "B"}) {
            simulation.thread(name, () -> {
                for (int i = 0; i < TASKS; i++) {
                    String task = name + i;
                    int loop = i % 2;
                    // And what it queues for the other loop, from that loop.
                    world.loop(loop).execute(() -> {
                        ran.add(task);
                        world.loop(1 - loop).execute(() -> ran.add(task + "'"));
                    });
                    simulation.point("queued");
                }
            });
        }
        simulation.run();
        assertThat(ran).as("tasks that ran before anybody's timeout").hasSize(4 * TASKS);
        world.end();
    }

    @Test
    void noLoopSleepsWithWork() {
        Exploration.explore(2, simulation -> race(simulation, Loops.anyPoller(simulation)));
    }

    /** Loses a wakeup while nobody waits in the poller. */
    private static final class Forgetful extends ForwardingPoller {
        private boolean waiting;

        Forgetful(Poller real) {
            super(real);
        }

        @Override
        public int poll(long timeoutNanos, dev.baton.spi.poller.PollSink sink) {
            waiting = timeoutNanos != 0;
            try {
                return super.poll(timeoutNanos, sink);
            } finally {
                waiting = false;
            }
        }

        @Override
        public void wakeup() {
            if (waiting) {
                super.wakeup();
            }
        }
    }

    /** Shows that it can fail: a wakeup that comes between the announcement of sleep and the wait must not be lost. */
    @Test
    void aPollerThatForgetsAWakeupIsFound() {
        SimFailure failure = Exploration.mustFail(
                200,
                simulation -> race(simulation, ForwardingPollers.changed(Loops.anyPoller(simulation), Forgetful::new)));
        assertThat(failure).hasMessageContaining("tasks that ran before anybody's timeout");
    }
}
