package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimLock;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * R34 (b1adf03df, haproxy#3393): looking for an idle connection blocks on another loop's lock. While one loop is held
 * up at any point of a take, a use or a release, another one gets all the connections that it asks for: idle ones of
 * both, or new ones.
 */
class R34NeverBlocksTest {
    private static final int POINTS = 12;
    private static final int ROUNDS = 4;

    @Test
    void aLoopThatIsHeldUpKeepsNobodyFromThePool() {
        int[] heldUp = {0};
        Exploration.explore(2, simulation -> heldUp[0] += acquires(simulation, false) ? 1 : 0);
        assertThat(heldUp[0]).as("runs in which it was held up").isPositive();
    }

    @Test
    void aLockAroundThePoolWouldBeSeen() {
        assertThat(Exploration.mustFail(100, simulation -> acquires(simulation, true)))
                .hasMessageContaining("exchanges of the other loop");
    }

    private static boolean acquires(Simulation simulation, boolean locked) {
        World world = Loops.world(simulation, 2);
        SimServer server = world.server();
        App app = new App(world, 8, Duration.ofSeconds(8));
        for (int i = 0; i < 4; i++) {
            int loop = i % 2;
            world.loop(loop).execute(() -> app.exchange(loop, connection -> {}));
        }
        simulation.run();
        SimLock pool = simulation.lock("pool");
        int[] done = {0, 0};
        simulation.holdUp("L0", 1 + simulation.pick(POINTS));
        for (int i = 0; i < ROUNDS; i++) {
            for (int id = 0; id < 2; id++) {
                int loop = id;
                world.loop(id).execute(() -> {
                    if (locked) {
                        try (SimLock held = pool.lock()) {
                            assertThat(held.isHeld()).isTrue();
                            app.exchange(loop, connection -> done[loop]++);
                        }
                    } else {
                        app.exchange(loop, connection -> done[loop]++);
                    }
                });
            }
        }
        simulation.run();
        boolean held = simulation.isHeldUp("L0");
        assertThat(done[1]).as("exchanges of the other loop").isEqualTo(ROUNDS);
        simulation.letGo("L0");
        simulation.run();
        assertThat(done[0]).isEqualTo(ROUNDS);
        assertThat(app.failed).isZero();
        assertThat(app.figures().idle()).isEqualTo(app.open());
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
