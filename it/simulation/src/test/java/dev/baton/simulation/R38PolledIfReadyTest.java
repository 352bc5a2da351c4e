package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.World;
import org.junit.jupiter.api.Test;

/**
 * R38 (4c044e274): suspended but polled, which costs a processor; ready but not polled, which is deaf. Whenever it is
 * quiet the pollers have the listener if and only if it is ready.
 */
class R38PolledIfReadyTest {
    private static final int LOOPS = 2;

    @Test
    void afterAnyFlips() {
        Exploration.explore(5, simulation -> {
            World world = new World(simulation, new EpollProvider(), LOOPS);
            Web web = new Web(world, 1 + simulation.pick(2)).start();
            for (String name : new String[] {"C", "D"}) {
                simulation.thread(name, () -> assertThat(web.client(name)).isEqualTo(name));
            }
            for (String name : new String[] {"F", "G"}) {
                simulation.thread(name, () -> {
                    for (int i = 0; i < 3; i++) {
                        web.listener().suspend();
                        simulation.point("flip");
                        web.listener().resume();
                    }
                });
            }
            simulation.run();
            assertThat(web.listener().state()).isEqualTo(ListenerState.READY);
            assertThat(world.posix().pollersOf(web.number())).hasSize(LOOPS);
            web.listener().suspend();
            simulation.run();
            assertThat(world.posix().pollersOf(web.number())).isEmpty();
            web.finish();
            world.end();
        });
    }

    /** An accept that finds nothing has made the listener full for a moment, in which it was suspended. */
    @Test
    void afterASuspendWhileAnAcceptFindsNothing() {
        Exploration.explore(5, simulation -> {
            World world = new World(simulation, new EpollProvider(), LOOPS);
            Web web = new Web(world, 1).start();
            simulation.run();
            world.posix().faults().oneIn(2).random("accept", Errno.EAGAIN, Errno.ECONNABORTED);
            simulation.thread("C", () -> world.network().connect(web.address()).close());
            simulation.thread("S", () -> web.listener().suspend());
            simulation.run();
            assertThat(web.listener().state()).isEqualTo(ListenerState.SUSPENDED);
            assertThat(world.posix().pollersOf(web.number())).isEmpty();
            world.posix().faults().stop();
            web.finish();
            world.end();
        });
    }
}
