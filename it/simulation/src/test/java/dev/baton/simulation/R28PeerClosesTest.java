package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R28 (6ed242ece): the peer closes while the connection is being taken over: the thief uses what the owner has freed.
 */
class R28PeerClosesTest {

    @Test
    void itEndsOnceOnOneOfTheTwoLoops() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            boolean reset = simulation.pick(2) == 0;
            simulation.thread("P", () -> {
                connection.peer().send("x");
                if (reset) {
                    connection.peer().reset();
                } else {
                    connection.peer().close();
                }
            });
            simulation.thread("T", () -> {
                for (int i = 1; i <= 3; i++) {
                    int thief = i % 2;
                    world.loop(thief).execute(() -> Loops.take(world, connection.channel(), thief));
                }
            });
            simulation.run();
            assertThat(handler.calls.stream().filter(each -> each.startsWith("inactive")))
                    .hasSize(1);
            assertThat(handler.calls).last().asString().startsWith("inactive");
            assertThat(handler.calls.stream().filter(each -> each.startsWith("read x")))
                    .as("what came before the end")
                    .hasSize(1);
            assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
            assertThat(connection.channel().isOpen()).isFalse();
            server.close();
            world.end();
        });
    }
}
