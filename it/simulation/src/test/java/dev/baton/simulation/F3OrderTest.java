package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * F3: a stream overtakes itself, because a direct write passes what was posted before. Two channels post to each other
 * through takeovers of both; each receives what the other sent in order.
 */
class F3OrderTest {
    private static final int MESSAGES = 6;

    @Test
    void whatIsPostedArrivesInOrder() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            MovableSocketChannel a = world.connected(server, 0, new Recorder()).channel();
            MovableSocketChannel b = world.connected(server, 1, new Recorder()).channel();
            List<Integer> atA = new ArrayList<>();
            List<Integer> atB = new ArrayList<>();
            // Each message is sent by the sender's own code, under its claim, and is answered in the same way.
            simulation.thread("S", () -> {
                for (int i = 0; i < MESSAGES; i++) {
                    int message = i;
                    a.offer(() -> b.post(() -> {
                        atB.add(message);
                        a.post(() -> atA.add(message));
                    }));
                    simulation.point("sent");
                }
            });
            for (int i = 1; i <= 4; i++) {
                int thief = i % 2;
                MovableSocketChannel taken = i <= 2 ? a : b;
                simulation.thread(
                        "T" + i,
                        () -> world.loop(thief).execute(() -> {
                            Loops.take(world, taken, thief);
                            simulation.point("between");
                            Loops.rescue(world, taken, thief, 1 - thief);
                        }));
            }
            simulation.run();
            List<Integer> expected = IntStream.range(0, MESSAGES).boxed().toList();
            assertThat(atB).isEqualTo(expected);
            assertThat(atA).isEqualTo(expected);
            a.close();
            b.close();
            simulation.run();
            server.close();
            world.end();
        });
    }
}
