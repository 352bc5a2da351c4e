package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R30 (1662cdb0c, 54d31170a): a task of the old loop runs on the new one, or is lost. Tasks queued before, during and
 * after takeovers run once, in order, each under a claim and never two at a time.
 */
class R30TasksTest {
    private static final int TASKS = 4;

    private static final class Tasks {
        final List<String> ran = new ArrayList<>();
        private final MovableSocketChannel channel;
        private final Simulation simulation;
        private int inside;

        Tasks(World world, MovableSocketChannel channel) {
            this.simulation = world.simulation();
            this.channel = channel;
        }

        void queue(String name) {
            channel.eventLoop().execute(() -> {
                assertThat(channel.eventLoop().inEventLoop())
                        .as("under a claim")
                        .isTrue();
                inside++;
                simulation.point("task(" + name + ")");
                assertThat(inside).as("tasks at a time").isEqualTo(1);
                inside--;
                ran.add(name);
            });
        }
    }

    @Test
    void eachRunsOnceInOrderUnderAClaim() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 3);
            SimServer server = world.server();
            World.Connection connection = world.connected(server, 0, new Recorder());
            Tasks tasks = new Tasks(world, connection.channel());
            for (String thread : new String[] {"A", "B"}) {
                simulation.thread(thread, () -> {
                    for (int i = 0; i < TASKS; i++) {
                        tasks.queue(thread + i);
                        simulation.point("queued");
                    }
                });
            }
            for (int thief = 1; thief <= 3; thief++) {
                int to = thief % 3;
                int from = thief - 1;
                simulation.thread(
                        "T" + thief,
                        () -> world.loop(to).execute(() -> {
                            Loops.take(world, connection.channel(), to);
                            Loops.rescue(world, connection.channel(), to, from);
                        }));
            }
            simulation.run();
            assertThat(world.failures()).isEmpty();
            for (String thread : new String[] {"A", "B"}) {
                assertThat(tasks.ran.stream().filter(each -> each.startsWith(thread)))
                        .containsExactly(thread + "0", thread + "1", thread + "2", thread + "3");
            }
            assertThat(tasks.ran).hasSize(2 * TASKS);
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
