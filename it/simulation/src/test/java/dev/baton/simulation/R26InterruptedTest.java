package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/** R26 (36d92dcd9): an interrupted wait throws events away. What is pending is reported by the next wait. */
class R26InterruptedTest {
    private static final int BYTES = 6;

    @Test
    void noEventIsLost() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            world.posix()
                    .faults()
                    .oneIn(2)
                    .random("epollWait", Errno.EINTR)
                    .random("poll", Errno.EINTR)
                    .random("recv", Errno.EINTR);
            StringBuilder sent = new StringBuilder();
            simulation.thread("P", () -> {
                for (char each = 'a'; each < 'a' + BYTES; each++) {
                    connection.peer().send(String.valueOf(each));
                    sent.append(each);
                }
                connection.peer().close();
            });
            simulation.run();
            StringBuilder read = new StringBuilder();
            for (String each : handler.calls) {
                if (each.startsWith("read ")) {
                    read.append(each, "read ".length(), each.indexOf(" on "));
                }
            }
            assertThat(read).hasToString(sent.toString());
            assertThat(handler.calls).last().asString().startsWith("inactive");
            world.posix().faults().stop();
            server.close();
            world.end();
        });
    }
}
