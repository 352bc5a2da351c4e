package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/** R12 (b98314583): an fd is deleted after its loops are gone. That is legal, and closes. */
class R12LoopIsGoneTest {

    @Test
    void theDeleterCloses() {
        Exploration.explore(4, simulation -> {
            World world = Loops.world(simulation, 2);
            SharedFd shared = SharedFd.open(world, 2, () -> simulation.point("inside"));
            world.loop(0).execute(() -> shared.use(0));
            world.loop(1).execute(() -> shared.use(1));
            boolean[] deleted = new boolean[1];
            simulation.thread("A", () -> {
                world.stopLoops();
                simulation.await("gone", () -> simulation.hasEnded("L0") && simulation.hasEnded("L1"));
                deleted[0] = world.table().fdDelete(shared.fd());
            });
            simulation.run();
            assertThat(deleted[0]).isTrue();
            assertThat(world.audit().of(shared.fd())).containsExactly("closed by deleter");
            world.end();
        });
    }
}
