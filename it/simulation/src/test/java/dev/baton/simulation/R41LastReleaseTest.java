package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/** R41 (65ae1347c): a listener is full and the last release wakes nobody. With room for one, everybody is served in turn. */
class R41LastReleaseTest {

    @Test
    void everybodyIsServed() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web a = new Web(world, 8_080, 1).start();
            Web b = new Web(world, 8_081, 1).start();
            for (int i = 0; i < 3; i++) {
                String name = "c" + i;
                simulation.thread("A" + i, () -> assertThat(a.client(name)).isEqualTo(name));
                simulation.thread("B" + i, () -> assertThat(b.client(name)).isEqualTo(name));
            }
            simulation.run();
            assertThat(a.listener().accepted()).isEqualTo(3);
            assertThat(b.listener().accepted()).isEqualTo(3);
            // And then nobody is busy: run() came back because every loop sleeps.
            int steps = simulation.steps();
            simulation.run();
            assertThat(simulation.steps() - steps).isLessThanOrEqualTo(2);
            a.finish();
            b.finish();
            world.end();
        });
    }
}
