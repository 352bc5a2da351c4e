package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * J4 (netty#8697): close() returns before the port is free. An unbind's future completes only when the port can be
 * bound again, however long a callback stays in the listening fd.
 */
class J4PortIsFreeTest {

    @Test
    void theFutureMeansFree() {
        Exploration.explore(5, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, 100).start();
            // The service stays inside initialize, under the claim on the listening fd.
            web.initializing = connection -> simulation.sleep(java.time.Duration.ofMillis(50));
            boolean[] told = new boolean[1];
            simulation.thread("C", () -> web.client("c"));
            simulation.thread(
                    "U",
                    () -> web.unbind().thenRun(() -> {
                        assertThat(world.network().isBound(web.address())).isFalse();
                        told[0] = true;
                    }));
            simulation.run();
            simulation.pass(java.time.Duration.ofSeconds(1));
            assertThat(told[0]).isTrue();
            web.finish();
            world.end();
        });
    }
}
