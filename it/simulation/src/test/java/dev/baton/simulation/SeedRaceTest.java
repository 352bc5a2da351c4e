package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelFuture;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * seed (2c3f9818e): after a takeover the new owner closes the connection while the previous one, just woken by its
 * poller, enters the handler. The stale enter is refused, the close happens once, and whoever got the number is not
 * touched.
 */
class SeedRaceTest {

    @Test
    void theOldLoopWokenAndNotYetInsideIsRefused() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        Recorder old = new Recorder();
        World.Connection connection = world.connected(server, 0, old);
        long stale = world.counters().staleEvents();

        // 1. L0 has fetched an event for the fd and has not entered it.
        connection.peer().send("x");
        simulation.run("L0@poll.return");
        // 2. L1 takes the connection over and deletes it; nobody runs in it but L1.
        List<Boolean> deleted = new ArrayList<>();
        world.loop(1).execute(() -> deleted.add(Loops.takeAndDelete(world, connection.channel(), 1)));
        simulation.run("L1@end");
        assertThat(deleted).containsExactly(true);
        assertThat(world.audit().of(connection.fd()))
                .containsExactly("taken from 0 by 1", "orphaned", "closed by leaver");
        // 3. The number is somebody else's at once.
        Recorder next = new Recorder();
        ChannelFuture reused = world.connect(1, connection.channel().remoteAddress(), next);
        simulation.run("L1@end");
        MovableSocketChannel channel = (MovableSocketChannel) reused.channel();
        assertThat(channel.fd())
                .isEqualTo(new Fd(connection.fd().number(), connection.fd().generation() + 1));
        // 4. L0 goes on: its enter is refused.
        simulation.run("L0@end");
        assertThat(world.counters().staleEvents()).isEqualTo(stale + 1);
        assertThat(old.calls).containsExactly("inactive on L1");
        assertThat(next.calls).isEmpty();
        server.accept().send("y");
        simulation.run();
        assertThat(next.calls).containsExactly("read y on L1");
        connection.peer().close();
        server.close();
        world.end();
    }

    @Test
    void theOldLoopInsideAlreadyClosesWhenItLeaves() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        Recorder handler = new Recorder();
        World.Connection connection = world.connected(server, 0, handler);

        connection.peer().send("x");
        simulation.run("L0@recv");
        List<Object> results = new ArrayList<>();
        world.loop(1).execute(() -> {
            results.add(Loops.take(world, connection.channel(), 1));
            results.add(world.table().fdDelete(connection.fd()));
            results.add(Loops.take(world, connection.channel(), 1));
        });
        simulation.run("L1@end");
        assertThat(results).hasToString("[BUSY, true, GONE]");
        assertThat(world.audit().closes(connection.fd())).isZero();
        simulation.run();
        assertThat(handler.calls).containsExactly("read x on L0", "inactive on L0");
        assertThat(world.audit().of(connection.fd())).containsExactly("orphaned", "closed by leaver");
        connection.peer().close();
        server.close();
        world.end();
    }

    private static void race(Simulation simulation, PollerProvider poller) {
        World world = new World(simulation, poller, 2);
        SimServer server = world.server();
        Recorder old = new Recorder();
        World.Connection connection = world.connected(server, 0, old);
        Recorder next = new Recorder();
        simulation.thread("P", () -> {
            connection.peer().send("x");
            connection.peer().close();
        });
        simulation.thread(
                "T",
                () -> world.loop(1).execute(() -> {
                    if (Loops.takeAndDelete(world, connection.channel(), 1)) {
                        world.connect(1, SimNetwork.address(World.PORT), next);
                    }
                }));
        simulation.run();
        world.checkQuiet();
        assertThat(next.calls).as("what was sent to the old one").isEmpty();
        assertThat(old.calls).filteredOn(each -> each.startsWith("inactive")).hasSize(1);
        assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
        server.close();
        world.end();
    }

    @Test
    void inAnyOrder() {
        Exploration.explore(simulation -> race(simulation, Loops.anyPoller(simulation)));
    }
}
