package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** R44 (a7da5e8dd): a connection that is dispatched to a loop which stops is lost. Each is served or closed. */
class R44FullQueuesTest {

    @Test
    void aStopLosesNobody() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, 100).start();
            List<SimPeer> peers = new ArrayList<>();
            simulation.thread("C", () -> {
                for (int i = 0; i < 6; i++) {
                    SimPeer peer = world.network().tryConnect(web.address());
                    if (peer != null) {
                        peer.send("x");
                        peers.add(peer);
                    }
                }
            });
            boolean loopsFirst = simulation.pick(2) == 0;
            simulation.thread("S", () -> {
                simulation.point("stop");
                if (loopsFirst) {
                    world.stopLoops();
                    simulation.point("stop");
                }
                web.unbind();
                world.stopLoops();
            });
            simulation.run();
            world.endLoops();
            for (SimPeer peer : peers) {
                assertThat(peer.sawEnd()).as("closed").isTrue();
                peer.close();
            }
            if (!loopsFirst) {
                assertThat(web.listener().connections()).isZero();
            }
            // Else the unbind may delete a connection while its loop, which owns nothing any more, ends: it is closed,
            // and
            // nobody is left to be told.
            world.end();
        });
    }
}
