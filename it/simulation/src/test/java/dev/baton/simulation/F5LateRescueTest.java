package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * F5: a late rescue takes from a healthy loop. The victim is named; whoever has taken the connection meanwhile keeps
 * it.
 */
class F5LateRescueTest {

    @Test
    void aRescueTakesFromTheVictimOnly() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 3);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            boolean[] free = new boolean[1];
            world.loop(0).execute(() -> simulation.await("blocked", () -> free[0]));
            simulation.thread("W", () -> {
                // The loop comes back while the rescue is on its way.
                free[0] = true;
                simulation.point("back");
                world.loop(1).execute(() -> Loops.take(world, connection.channel(), 1));
            });
            world.loop(2).execute(() -> Loops.rescue(world, connection.channel(), 2, 0));
            simulation.thread("P", () -> connection.peer().send("x"));
            simulation.run();
            List<String> taken = world.audit().of(connection.fd());
            assertThat(taken).doesNotContain("taken from 1 by 2");
            assertThat(taken.stream().filter(each -> each.endsWith("by 2"))).hasSizeLessThanOrEqualTo(1);
            assertThat(handler.calls).hasSize(1);
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
