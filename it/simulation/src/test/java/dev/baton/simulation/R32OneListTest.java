package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * R32 (821a04377): a connection is taken over while it sits in another queue. It is in at most one list: no two
 * exchanges ever have the same one, whether it was released, taken, rescued or closed in between.
 */
class R32OneListTest {

    @Test
    void noTwoExchangesHaveTheSame() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 3);
            SimServer server = world.server();
            App app = new App(world, 8, Duration.ofMinutes(1));
            for (int i = 0; i < 9; i++) {
                int loop = i % 3;
                world.loop(loop).execute(() -> app.exchange(loop, connection -> {}));
            }
            simulation.thread("R", () -> {
                for (int i = 0; i < 6; i++) {
                    int thief = i % 3;
                    world.loop(thief).execute(() -> {
                        // A rescue moves whatever the victim owns, in use or not.
                        for (int c = 0; c < app.channels.size(); c++) {
                            Loops.rescue(world, (MovableSocketChannel) app.channels.get(c), thief, (thief + 1) % 3);
                        }
                    });
                    simulation.point("rescue");
                }
            });
            simulation.run();
            assertThat(world.failures()).isEmpty();
            assertThat(app.failed).isZero();
            assertThat(app.inUse).isEmpty();
            assertThat(app.figures().inUse()).isZero();
            assertThat(app.figures().idle()).isEqualTo(app.open());
            app.close();
            simulation.run();
            server.close();
            world.end();
        });
    }
}
