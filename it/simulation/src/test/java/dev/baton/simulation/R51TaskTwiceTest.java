package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R51 (6c8babf6c): a task runs twice, or its queue is never left. A task that is queued anew while it runs, from
 * elsewhere, runs as often as it was queued.
 */
class R51TaskTwiceTest {
    @Test
    void queuedFromElsewhereWhileItRuns() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            MovableSocketChannel channel =
                    world.connected(server, 0, new Recorder()).channel();
            int[] ran = new int[1];
            boolean[] running = new boolean[1];
            Runnable task = () -> {
                assertThat(running[0]).as("it runs already").isFalse();
                running[0] = true;
                simulation.point("running");
                running[0] = false;
                ran[0]++;
            };
            for (String name : new String[] {"A", "B"}) {
                simulation.thread(name, () -> {
                    for (int i = 0; i < 3; i++) {
                        channel.offer(task);
                        simulation.point("queued");
                    }
                });
            }
            world.loop(1).execute(() -> Loops.rescue(world, channel, 1, 0));
            simulation.run();
            assertThat(ran[0]).isEqualTo(6);
            channel.close();
            simulation.run();
            server.close();
            world.end();
        });
    }
}
