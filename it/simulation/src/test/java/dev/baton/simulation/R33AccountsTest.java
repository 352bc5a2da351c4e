package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * R33 (9481cef94): accounting drifts. idle + in use = open whenever it is quiet, after takes, releases, peers' closes,
 * closes in use, too many idle ones, and idle ones that grow old.
 */
class R33AccountsTest {
    private static final int IDLE_MAX = 2;
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(8);

    @Test
    void theyAddUp() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            App app = new App(world, IDLE_MAX, IDLE_TIMEOUT);
            for (int i = 0; i < 8; i++) {
                int loop = i % 2;
                boolean closes = i % 4 == 3;
                world.loop(loop)
                        .execute(() -> app.exchange(loop, connection -> {
                            if (closes) {
                                connection.close();
                            }
                        }));
            }
            simulation.thread("P", () -> {
                for (int i = 0; i < 3; i++) {
                    SimPeer peer = server.tryAccept();
                    if (peer != null && simulation.pick(2) == 0) {
                        peer.close();
                    } else if (peer != null) {
                        peer.send("out of turn");
                    }
                }
            });
            simulation.run();
            quiet(app);
            boolean purge = simulation.pick(2) == 0;
            if (purge) {
                app.close();
                simulation.run();
            } else {
                simulation.pass(IDLE_TIMEOUT.multipliedBy(2));
            }
            quiet(app);
            assertThat(app.figures().idle()).as("after a purge, or with age").isZero();
            assertThat(app.open()).isZero();
            app.close();
            server.close();
            world.end();
        });
    }

    private static void quiet(App app) {
        assertThat(app.inUse).isEmpty();
        assertThat(app.figures().inUse()).isZero();
        assertThat(app.figures().idle()).isBetween(0, IDLE_MAX).isEqualTo(app.open());
    }
}
