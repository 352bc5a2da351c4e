package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

/**
 * R19 (c128887b8): a stop arrives between the check and the sleep: the loop hangs, spins, or leaves work behind.
 * Stopped in each gap, it ends at once, without a clock's help, and everything that it has accepted has run.
 */
class R19StopTest {

    @Test
    void aStopInAnyGap() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            int[] accepted = new int[1];
            int[] ran = new int[1];
            simulation.thread("A", () -> {
                for (int i = 0; i < 5; i++) {
                    try {
                        world.loop(0).execute(() -> ran[0]++);
                        accepted[0]++;
                    } catch (RejectedExecutionException ended) {
                        assertThat(world.loop(0).isShuttingDown()).isTrue();
                    }
                    simulation.point("queued");
                }
            });
            simulation.thread("P", () -> connection.peer().send("x"));
            long start = simulation.now();
            simulation.thread("S", () -> {
                simulation.point("stop");
                world.stopLoops();
                simulation.await("ended", () -> simulation.hasEnded("L0") && simulation.hasEnded("L1"));
            });
            simulation.run();
            assertThat(Duration.ofNanos(simulation.now() - start))
                    .as("time it took")
                    .isLessThan(Duration.ofMillis(1));
            assertThat(simulation.steps()).as("steps: it did not spin").isLessThan(1_000);
            assertThat(ran[0]).as("accepted and run").isEqualTo(accepted[0]);
            assertThat(handler.calls).last().asString().isEqualTo("inactive on L0");
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
