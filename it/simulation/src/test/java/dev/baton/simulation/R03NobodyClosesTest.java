package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R03 (found by a model in HAProxy of today): B loads "mine" before it leaves, A orphans the fd in between, and each
 * takes the other for the one that closes: the fd stays open for ever.
 */
class R03NobodyClosesTest {

    @Test
    void anOrphanThatAppearsWhileTheUserIsOnItsWayOutIsClosedByIt() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        SharedFd shared = SharedFd.open(world, 1, () -> simulation.point("inside"));
        world.loop(0).execute(() -> shared.use(0));
        simulation.thread("A", () -> world.table().fdDelete(shared.fd()));
        simulation.run("L0@inside A@orphaned");
        assertThat(world.counters().orphans()).isEqualTo(1);
        simulation.run("L0@end");
        assertThat(world.posix().open()).doesNotContain(shared.fd().number());
        simulation.run("A@end");
        assertThat(shared.told).isEqualTo(1);
        world.end();
    }

    @Test
    void whenAllIsQuietItIsClosed() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            World.Connection connection = world.connected(server, 0, new Recorder());
            SharedFd shared = SharedFd.open(world, 2, () -> simulation.point("inside"));
            world.loop(0).execute(() -> shared.use(0));
            world.loop(1).execute(() -> shared.use(1));
            world.loop(1).execute(() -> Loops.take(world, connection.channel(), 1));
            simulation.thread("P", () -> connection.peer().send("x"));
            simulation.thread("A", () -> {
                world.table().fdDelete(shared.fd());
                world.table().fdDelete(connection.fd());
            });
            simulation.run();
            assertThat(world.audit().closes(shared.fd())).isEqualTo(1);
            assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
            assertThat(world.posix().open())
                    .doesNotContain(shared.fd().number(), connection.fd().number());
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
