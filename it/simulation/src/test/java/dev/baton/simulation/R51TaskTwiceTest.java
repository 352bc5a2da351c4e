package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R51 (6c8babf6c): a task runs twice, or its queue is never left. A task that is queued anew while it runs, by itself and from
 * elsewhere, runs as often as it was queued, and the loop does other things meanwhile.
 */
class R51TaskTwiceTest {
    private static final int ROUNDS = 300;

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

    @Test
    void aTaskThatQueuesItselfStarvesNobody() {
        Exploration.explore(50, simulation -> {
            World world = Loops.world(simulation, 1);
            SimServer server = world.server();
            MovableSocketChannel busy =
                    world.connected(server, 0, new Recorder()).channel();
            Recorder handler = new Recorder();
            World.Connection other = world.connected(server, 0, handler);
            int[] rounds = new int[1];
            int[] atRead = new int[1];
            busy.offer(new Runnable() {
                @Override
                public void run() {
                    if (rounds[0] == 10) {
                        other.peer().send("x");
                    }
                    if (handler.calls.isEmpty()) {
                        atRead[0] = rounds[0];
                    }
                    if (++rounds[0] < ROUNDS) {
                        busy.offer(this);
                    }
                }
            });
            simulation.run();
            assertThat(rounds[0]).isEqualTo(ROUNDS);
            assertThat(atRead[0])
                    .as("rounds before the other one's byte was read")
                    .isLessThan(ROUNDS - 1);
            busy.close();
            other.peer().close();
            simulation.run();
            server.close();
            world.end();
        });
    }
}
