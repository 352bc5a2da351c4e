package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimLock;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R39 (01abd0250, ff1c80327): ABBA between the locks of two listeners. Each listener's service works on the other one,
 * under a lock of the plugin's that others hold while they work on listeners: nobody waits for ever, because no
 * callback runs under a lock of the runtime's.
 */
class R39NoCallbackUnderLockTest {

    @Test
    void listenersThatWorkOnEachOther() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web a = new Web(world, 8_080, 10).start();
            Web b = new Web(world, 8_081, 10).start();
            SimLock lock = simulation.lock("plugin");
            a.initializing = connection -> flip(lock, b);
            b.initializing = connection -> flip(lock, a);
            simulation.thread("C", () -> assertThat(a.client("c")).isEqualTo("c"));
            simulation.thread("D", () -> assertThat(b.client("d")).isEqualTo("d"));
            simulation.thread("A", () -> flip(lock, a));
            simulation.thread("B", () -> flip(lock, b));
            simulation.run();
            simulation.thread("U", () -> {
                try (SimLock held = lock.lock()) {
                    assertThat(held.isHeld()).isTrue();
                    a.unbind();
                    b.unbind();
                }
            });
            simulation.run();
            a.finish();
            b.finish();
            world.end();
        });
    }

    private static void flip(SimLock lock, Web web) {
        try (SimLock held = lock.lock()) {
            assertThat(held.isHeld()).isTrue();
            web.listener().suspend();
            web.listener().resume();
        }
    }
}
