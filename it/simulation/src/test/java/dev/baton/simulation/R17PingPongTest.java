package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimFailure;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R17 (79e90b961, 752c5cba5): the old loop keeps polling what was taken over, and finds it there already (EEXIST) when
 * it comes back. At most one event too many, and every byte arrives.
 */
class R17PingPongTest {
    private static final int ROUNDS = 6;

    private static void pingPong(Simulation simulation, PollerProvider poller, int spuriousMax) {
        World world = new World(simulation, poller, 2);
        SimServer server = world.server();
        Recorder handler = new Recorder();
        World.Connection connection = world.connected(server, 0, handler);
        StringBuilder expected = new StringBuilder();
        for (int round = 0; round < ROUNDS; round++) {
            int thief = 1 - round % 2;
            long stale = world.counters().staleEvents();
            world.loop(thief).execute(() -> Loops.take(world, connection.channel(), thief));
            simulation.run();
            assertThat(connection.channel().loop()).isSameAs(world.loop(thief));
            for (String each : new String[] {"a", "b", "c"}) {
                connection.peer().send(each);
                expected.append(each);
                simulation.run();
            }
            assertThat(world.counters().staleEvents() - stale)
                    .as("events for a loop that is not the owner")
                    .isLessThanOrEqualTo(spuriousMax);
        }
        StringBuilder read = new StringBuilder();
        handler.calls.forEach(each -> read.append(each, "read ".length(), each.indexOf(" on ")));
        assertThat(read).hasToString(expected.toString());
        connection.peer().close();
        simulation.run();
        server.close();
        world.end();
    }

    @Test
    void epollReportsNothingToTheOldLoop() {
        Exploration.explore(10, simulation -> pingPong(simulation, new EpollProvider(), 0));
    }

    @Test
    void noPollerReportsMoreThanOneEventToTheOldLoop() {
        Exploration.explore(10, simulation -> pingPong(simulation, Loops.anyPoller(simulation), 1));
    }

    @Test
    void whatIsThereAlreadyIsReplaced() {
        for (int nth = 1; nth <= 4; nth++) {
            Simulation simulation = Simulation.scripted();
            World world = new World(simulation, new EpollProvider(), 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            // The old poller says that it has it no more; the new one, that it has it already.
            world.posix().faults().plan("epollCtl", nth, nth % 2 == 1 ? Errno.ENOENT : Errno.EEXIST);
            for (int thief : new int[] {1, 0, 1}) {
                world.loop(thief).execute(() -> Loops.take(world, connection.channel(), thief));
                simulation.run();
            }
            connection.peer().send("x");
            simulation.run();
            assertThat(handler.calls).containsExactly("read x on L1");
            connection.peer().close();
            simulation.run();
            server.close();
            world.end();
        }
    }

    /** Shows that it can fail: with a poller that takes nothing out the old loop is woken again and again. */
    @Test
    void aPollerThatKeepsEverythingIsFound() {
        SimFailure failure = Exploration.mustFail(
                20,
                simulation -> pingPong(
                        simulation, ForwardingPollers.changed(new EpollProvider(), Loops.KeepsEverything::new), 1));
        assertThat(failure).hasMessageContaining("events for a loop that is not the owner");
    }
}
