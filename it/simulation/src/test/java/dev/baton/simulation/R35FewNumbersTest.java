package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/** R35 (394bd4eb3): few fds and many clients. The listener pauses, nothing breaks, everybody is served in the end. */
class R35FewNumbersTest {
    private static final int CLIENTS = 24;
    /** Two for each loop's poller, one for the listener, and room for four connections. */
    private static final int NUMBERS = 3 + 5 + 4;

    @Test
    void everybodyIsServed() {
        Exploration.explore(20, simulation -> {
            World world = Loops.world(simulation, 2);
            Web web = new Web(world, 1_000).start();
            world.posix().limit(NUMBERS);
            for (int i = 0; i < CLIENTS; i++) {
                String name = "c" + i;
                simulation.thread("C" + i, () -> assertThat(web.client(name)).isEqualTo(name));
            }
            simulation.run();
            assertThat(web.listener().accepted()).isEqualTo(CLIENTS);
            world.posix().limit(1_000);
            web.finish();
            world.end();
        });
    }
}
