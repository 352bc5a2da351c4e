package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R02 (cd8914bc5): two last users. B drops to zero, A's whole delete follows and closes; B then looks whether somebody
 * has deleted the fd and closes the number again, which is somebody else's by now.
 */
class R02TwoLastUsersTest {

    private static void race(Simulation simulation) {
        World world = Loops.world(simulation, 3);
        SharedFd shared = SharedFd.open(world, 3, () -> simulation.point("inside"));
        for (int i = 0; i < 3; i++) {
            int loop = i;
            world.loop(loop).execute(() -> shared.use(loop));
        }
        simulation.thread("A", () -> world.table().fdDelete(shared.fd()));
        simulation.thread("B", () -> world.table().fdDelete(shared.fd()));
        // The virtual machine takes whatever number becomes free.
        int[] other = new int[1];
        simulation.thread("J", () -> {
            simulation.await("freed", () -> world.audit().closes(shared.fd()) > 0);
            other[0] = world.posix().openOther();
        });
        simulation.run();
        assertThat(world.audit().closes(shared.fd())).isEqualTo(1);
        assertThat(shared.told).isEqualTo(1);
        world.posix().closeOther(other[0]);
        world.end();
    }

    @Test
    void theNumberIsClosedOnceWhoeverIsLast() {
        Exploration.explore(R02TwoLastUsersTest::race);
    }

    @Test
    void scripted() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 2);
        SharedFd shared = SharedFd.open(world, 2, () -> simulation.point("inside"));
        world.loop(0).execute(() -> shared.use(0));
        world.loop(1).execute(() -> shared.use(1));
        simulation.thread("A", () -> world.table().fdDelete(shared.fd()));
        simulation.run("L0@inside L1@inside A@orphaned L0@end");
        assertThat(world.audit().closes(shared.fd())).isZero();
        simulation.run("L1@close");
        assertThat(world.audit().of(shared.fd())).isEqualTo(List.of("orphaned", "closed by leaver"));
        simulation.run("A@end L1@end");
        assertThat(world.audit().closes(shared.fd())).isEqualTo(1);
        world.end();
    }

    /** Shows that the kernel tells: with a user that closes once more the run fails. */
    @Test
    void aSecondCloseIsFound() {
        SimFailure failure = Exploration.mustFail(50, simulation -> {
            World world = Loops.world(simulation, 2);
            SharedFd shared = SharedFd.open(world, 2, () -> simulation.point("inside"));
            world.loop(0).execute(() -> shared.use(0));
            simulation.thread("A", () -> {
                world.table().fdDelete(shared.fd());
                // What the two-mask algorithm did: looks, finds nobody in it, and closes.
                if (world.audit().closes(shared.fd()) > 0) {
                    world.posix().close(shared.fd().number());
                }
            });
            simulation.run();
            world.end();
        });
        assertThat(failure).hasMessageContaining("is closed");
    }
}
