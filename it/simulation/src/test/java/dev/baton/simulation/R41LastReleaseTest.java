package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R41 (65ae1347c): a listener is full and the last release wakes nobody. With room for one, everybody is served in
 * turn; with fds for one, too, whatever each listener's connections need of them.
 */
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

    @Test
    void everybodyIsServedWhereThereAreFdsForOne() {
        Exploration.explore(10, simulation -> {
            World world = Loops.world(simulation, 2);
            FdBudget fds = new FdBudget(2);
            TotalLimit total = new TotalLimit(Integer.MAX_VALUE, fds);
            Web one = new Web(world, 8_080, 9, Web.tcp(8_080), total, 1).start();
            Web two = new Web(world, 8_081, 9, Web.tcp(8_081), total, 2).start();
            one.initializing = connection -> assertThat(fds.promised()).isBetween(1, 2);
            two.initializing = connection -> {
                assertThat(fds.promised()).isEqualTo(2);
                for (int thief = 0; thief < 2; thief++) { // R42: whichever loop it ends on
                    int to = thief;
                    world.loop(to).execute(() -> Loops.take(world, (MovableSocketChannel) connection, to));
                }
            };
            for (int i = 0; i < 3; i++) {
                String name = "c" + i;
                simulation.thread("A" + i, () -> assertThat(one.client(name)).isEqualTo(name));
                simulation.thread("B" + i, () -> assertThat(two.client(name)).isEqualTo(name));
            }
            simulation.run();
            assertThat(one.listener().accepted()).isEqualTo(3);
            assertThat(two.listener().accepted()).isEqualTo(3);
            assertThat(fds.promised()).isZero();
            assertThat(fds.open()).isZero();
            int steps = simulation.steps();
            simulation.run();
            assertThat(simulation.steps() - steps).isLessThanOrEqualTo(2);
            one.finish();
            two.finish();
            world.end();
        });
    }
}
