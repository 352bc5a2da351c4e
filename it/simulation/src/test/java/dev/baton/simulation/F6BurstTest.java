package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.takeover.LoopEvacuation;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * F6: a burst wakes only the loop that is stuck, and the backlog waits with it. Whoever rescues from a loop looks for
 * connections too: every client is served while the loop is blocked, and so are those that it had accepted before.
 */
class F6BurstTest {

    @Test
    void everybodyIsServedWhileTheLoopIsBlocked() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 3);
            Web web = new Web(world, 100).start();
            boolean[] free = new boolean[1];
            boolean[] blocked = new boolean[1];
            List<SimPeer> peers = new ArrayList<>();
            int[] answered = new int[1];
            simulation.thread("C", () -> {
                for (int i = 0; i < 4; i++) {
                    connect(world, web, peers, i);
                }
                // In a callback, perhaps with events of the burst already fetched behind it.
                world.loop(0).execute(() -> {
                    blocked[0] = true;
                    simulation.await("blocked", () -> free[0]);
                });
                for (int i = 4; i < 8; i++) {
                    connect(world, web, peers, i);
                }
                simulation.await("the loop is blocked", () -> blocked[0]);
                rescue(world, web);
                for (int i = 0; i < peers.size(); i++) {
                    assertThat(peers.get(i).receive()).isEqualTo("x" + i);
                    answered[0]++;
                }
                assertThat(free[0]).isFalse();
                free[0] = true;
            });
            simulation.run();
            assertThat(answered[0]).isEqualTo(8);
            peers.forEach(SimPeer::close);
            web.finish();
            world.end();
        });
    }

    private static void connect(World world, Web web, List<SimPeer> peers, int number) {
        SimPeer peer = world.network().tryConnect(web.address());
        assertThat(peer).isNotNull();
        peer.send("x" + number);
        peers.add(peer);
    }

    private static void rescue(World world, Web web) {
        LoopEvacuation.ofLeaving(world.loop(0), world.table())
                .start(List.of(world.loop(1), world.loop(2)), List.of(web.listener()));
    }

    /** The wakeup of the burst was the stuck loop's alone: without a look of somebody else the clients wait for it. */
    @Test
    void aBacklogThatOnlyTheStuckLoopKnowsOf() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new dev.baton.plugin.epoll.EpollProvider(), 2);
        Web web = new Web(world, 100).start();
        boolean[] free = new boolean[1];
        simulation.run();
        world.loop(0).execute(() -> simulation.await("blocked", () -> free[0]));
        simulation.run("L0@end");
        SimPeer peer = world.network().tryConnect(web.address());
        assertThat(peer).isNotNull();
        peer.send("x");
        rescueBy1(world, web);
        simulation.run("L1@end");
        assertThat(web.accepted).hasSize(1);
        assertThat(web.accepted.get(0).loop()).isEqualTo(world.loop(1));
        free[0] = true;
        simulation.run();
        peer.close();
        web.finish();
        world.end();
    }

    private static void rescueBy1(World world, Web web) {
        LoopEvacuation.ofLeaving(world.loop(0), world.table()).start(List.of(world.loop(1)), List.of(web.listener()));
    }
}
