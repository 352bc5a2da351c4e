package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerState;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/**
 * R46 (8fc707390 and five more): each global rendezvous had races of its own. There is none: with one loop held up at
 * any point of what it does, whatever the others do ends, and nothing that they do waits for a clock.
 */
class R46NoRendezvousTest {
    /** Points at which the loop is held up: some more than it has here. */
    private static final int POINTS = 60;
    /** Ends a rendezvous to which one does not come. */
    private static final Duration A_WHILE = Duration.ofSeconds(1);

    @Test
    void nobodyWaitsForALoopThatIsHeldUp() {
        int[] heldUp = {0};
        Exploration.explore(4, simulation -> heldUp[0] += everything(simulation, false) ? 1 : 0);
        assertThat(heldUp[0]).as("runs in which it was held up").isPositive();
    }

    /** A stop of the world, as it was: each loop is asked, and all answers are waited for. */
    @Test
    void aRendezvousWouldBeSeen() {
        assertThat(Exploration.mustFail(20, simulation -> everything(simulation, true)))
                .hasMessageContaining("everybody came")
                .hasMessageContaining("L0 is held up at");
    }

    /** True if it came to the point. */
    private static boolean everything(Simulation simulation, boolean rendezvous) {
        World world = Loops.world(simulation, 3);
        SimServer server = world.server();
        Web web = new Web(world, 100).start();
        App app = new App(world, 4, Duration.ofSeconds(8));
        simulation.run();
        World.Connection deleted = world.connected(server, 0, new Recorder());
        World.Connection taken = world.connected(server, 0, new Recorder());
        simulation.holdUp("L0", 1 + simulation.pick(POINTS));
        List<SimPeer> peers = new ArrayList<>();
        simulation.thread("P", () -> {
            for (int i = 0; i < 3; i++) {
                deleted.peer().send("x");
                taken.peer().send("y");
                SimPeer peer = world.network().tryConnect(web.address());
                if (peer != null) {
                    peers.add(peer);
                    peer.send("z");
                }
            }
        });
        world.loop(0).execute(() -> app.exchange(0, connection -> {}));
        long start = simulation.now();
        CompletableFuture<ListenerResult> asked = new CompletableFuture<>();
        simulation.thread("A", () -> {
            web.listener().suspend().thenAccept(asked::complete);
            world.table().fdDelete(deleted.fd());
            web.listener().resume();
            if (rendezvous) {
                boolean[] there = new boolean[3];
                for (int id = 0; id < 3; id++) {
                    int loop = id;
                    world.loop(id).execute(() -> there[loop] = true);
                }
                assertThat(simulation.await("rendezvous", () -> there[0] && there[1] && there[2], A_WHILE))
                        .as("everybody came")
                        .isTrue();
            }
            web.unbind();
        });
        boolean[] done = new boolean[3];
        for (int id = 1; id < 3; id++) {
            int loop = id;
            world.loop(id).execute(() -> {
                Loops.take(world, taken.channel(), loop);
                app.exchange(loop, connection -> {});
                done[loop] = true;
            });
        }
        simulation.run();
        boolean held = simulation.isHeldUp("L0");
        assertThat(asked).as("the suspend is answered").isDone();
        assertThat(web.listener().state()).isEqualTo(ListenerState.STOPPED);
        assertThat(world.table().isLive(deleted.fd())).isFalse();
        assertThat(done[1] && done[2])
                .as("the other loops have done what they had to")
                .isTrue();
        assertThat(simulation.now() - start).as("time it took").isLessThan(1_000_000);
        simulation.letGo("L0");
        simulation.run();
        deleted.peer().close();
        taken.peer().close();
        peers.forEach(SimPeer::close);
        simulation.run();
        web.finish();
        app.close();
        simulation.run();
        for (SimPeer peer = server.tryAccept(); peer != null; peer = server.tryAccept()) {
            peer.close();
        }
        server.close();
        world.end();
        return held;
    }
}
