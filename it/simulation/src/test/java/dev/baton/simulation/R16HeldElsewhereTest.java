package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R16 (561319bd1, libuv#1099): an fd that was dup'ed or passed keeps waking the old process for ever, because closing
 * the number does not close the open file. It is taken out of every poller before the close.
 */
class R16HeldElsewhereTest {

    private static void race(Simulation simulation, boolean said) {
        World world = new World(simulation, new EpollProvider(), 2);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder());
        int copy = world.posix().dup(connection.fd().number());
        if (said) {
            world.table().heldElsewhere(connection.fd());
        }
        simulation.thread("A", () -> world.table().fdDelete(connection.fd()));
        world.loop(1).execute(() -> Loops.take(world, connection.channel(), 1));
        simulation.run();
        world.checkQuiet();
        int steps = simulation.steps();
        connection.peer().send("x");
        simulation.run();
        assertThat(simulation.steps() - steps).as("steps of anybody").isLessThanOrEqualTo(1);
        world.posix().close(copy);
        connection.peer().close();
        server.close();
        world.end();
    }

    @Test
    void noLoopWakes() {
        Exploration.explore(simulation -> race(simulation, true));
    }

    /** Shows that the kernel keeps it: without the note the registration outlives its number. */
    @Test
    void withoutTheNoteItWouldBePolledForEver() {
        SimFailure failure = Exploration.mustFail(1, simulation -> race(simulation, false));
        assertThat(failure).hasMessageContaining("still polled: [number");
    }
}
