package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/** R21 (6b96f7289): a shared fd is updated in one loop only. After a suspend none of four loops polls or accepts. */
class R21SuspendEverywhereTest {

    @Test
    void noLoopAcceptsAfterASuspend() {
        Exploration.explore(5, simulation -> {
            World world = new World(simulation, new EpollProvider(), 4);
            Web web = new Web(world, 100).start();
            simulation.thread("C", () -> assertThat(web.client("a")).isEqualTo("a"));
            simulation.run();
            simulation.thread("S", () -> web.listener().suspend());
            simulation.thread("D", () -> {
                SimPeer late = world.network().connect(web.address());
                late.close();
            });
            simulation.run();
            assertThat(world.posix().pollersOf(web.number())).isEmpty();
            long accepted = web.listener().accepted();
            SimPeer waiting = world.network().connect(web.address());
            waiting.send("b");
            simulation.run();
            assertThat(web.listener().accepted()).isEqualTo(accepted);
            web.listener().resume();
            simulation.run();
            assertThat(world.posix().pollersOf(web.number())).hasSize(4);
            assertThat(waiting.received()).isEqualTo("b");
            waiting.close();
            simulation.run();
            web.finish();
            world.end();
        });
    }
}
