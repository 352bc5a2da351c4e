package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R42 (f1064c738): counts drift when a connection changes loops. The listener's count follows it, between 0 and the
 * limit.
 */
class R42CountsTest {
    private static final int MAX = 2;

    @Test
    void theCountIsExact() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, MAX).start();
            web.initializing = connection -> {
                assertThat(web.listener().connections()).isBetween(1, MAX);
                for (int i = 0; i < 2; i++) {
                    int thief = i;
                    world.loop(thief).execute(() -> Loops.take(world, (MovableSocketChannel) connection, thief));
                }
            };
            for (int i = 0; i < 4; i++) {
                String name = "c" + i;
                simulation.thread("C" + i, () -> assertThat(web.client(name)).isEqualTo(name));
            }
            simulation.thread("W", () -> {
                for (int i = 0; i < 10; i++) {
                    assertThat(web.listener().connections()).isBetween(0, MAX);
                    simulation.point("look");
                }
            });
            simulation.run();
            assertThat(web.listener().connections()).isZero();
            assertThat(web.listener().accepted()).isEqualTo(4);
            web.finish();
            world.end();
        });
    }
}
