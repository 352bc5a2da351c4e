package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R11 (f41a3f676): an fd that belongs to outside code is closed by both. A disowned fd is taken out of the pollers, the
 * hooks run, the channel ends, and close is called 0 times.
 */
class R11DisownedTest {

    @Test
    void theTableDoesNotCloseIt() {
        for (PollerProvider poller : List.of(new EpollProvider(), new PollProvider())) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, poller, 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            int number = connection.fd().number();
            int closes = world.posix().faults().calls("close");
            assertThat(world.table().fdDisown(connection.fd())).isTrue();
            simulation.run();
            assertThat(world.audit().of(connection.fd())).containsExactly("closed by deleter");
            assertThat(world.posix().faults().calls("close")).isEqualTo(closes);
            assertThat(world.posix().open()).contains(number);
            assertThat(world.posix().pollersOf(number)).isEmpty();
            assertThat(handler.calls).containsExactly("inactive on L0");
            // No loop is woken by what arrives for the other code, and the other code closes.
            int steps = simulation.steps();
            connection.peer().send("x");
            simulation.run();
            assertThat(simulation.steps() - steps).as("steps of anybody").isLessThanOrEqualTo(1);
            assertThat(world.table().fdDisown(connection.fd())).isFalse();
            assertThat(world.posix().close(number)).isZero();
            connection.peer().close();
            server.close();
            world.end();
        }
    }
}
