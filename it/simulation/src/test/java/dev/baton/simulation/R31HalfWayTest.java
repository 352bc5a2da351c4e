package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R31 (95fd2d680): something fails half way through a takeover and the connection has two owners, or none. It is wholly
 * the old loop's, wholly the new one's, or closed; and its handlers hear of a close.
 */
class R31HalfWayTest {

    /** Refuses as a kernel without memory does. */
    private static final class Refuses extends ForwardingPoller {
        private final int[] errno;

        Refuses(Poller real, int[] errno) {
            super(real);
            this.errno = errno;
        }

        @Override
        public int add(Fd fd, int interest) {
            int refused = errno[0];
            errno[0] = 0;
            return refused != 0 ? -refused : super.add(fd, interest);
        }
    }

    /** Throws as a virtual machine without memory does. */
    private static final class Throws extends ForwardingPoller {
        private final int[] armed;

        Throws(Poller real, int[] armed) {
            super(real);
            this.armed = armed;
        }

        private void step() {
            if (--armed[0] == 0) {
                throw new OutOfMemoryError("planned");
            }
        }

        @Override
        public int add(Fd fd, int interest) {
            step();
            return super.add(fd, interest);
        }

        @Override
        public void remove(Fd fd) {
            step();
            super.remove(fd);
        }
    }

    @Test
    void itIsClosedIfTheNewPollerRefuses() {
        for (int errno : new int[] {Errno.ENOSPC, Errno.ENOMEM, Errno.EPERM}) {
            Exploration.explore(3, simulation -> {
                int[] refused = {0};
                World world = new World(
                        simulation,
                        ForwardingPollers.changed(Loops.anyPoller(simulation), poller -> new Refuses(poller, refused)),
                        2);
                SimServer server = world.server();
                Recorder handler = new Recorder();
                World.Connection connection = world.connected(server, 0, handler);
                List<TakeoverResult> results = new ArrayList<>();
                refused[0] = errno;
                simulation.thread("P", () -> connection.peer().send("x"));
                world.loop(1).execute(() -> results.add(Loops.take(world, connection.channel(), 1)));
                simulation.run();
                if (results.contains(TakeoverResult.GONE)) {
                    assertThat(handler.calls).last().asString().isEqualTo("inactive on L1");
                    assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
                } else {
                    assertThat(results).containsExactly(TakeoverResult.BUSY);
                    assertThat(handler.calls).containsExactly("read x on L0");
                }
                connection.peer().close();
                server.close();
                world.end();
            });
        }
    }

    @Test
    void itIsClosedIfAStepThrows() {
        for (int step = 1; step <= 2; step++) {
            Simulation simulation = Simulation.scripted();
            int[] armed = {0};
            World world = new World(
                    simulation, ForwardingPollers.changed(new EpollProvider(), poller -> new Throws(poller, armed)), 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            armed[0] = step;
            world.loop(1).execute(() -> Loops.take(world, connection.channel(), 1));
            simulation.run();
            armed[0] = 0;
            assertThat(handler.calls).containsExactly("inactive on L1");
            assertThat(world.audit().of(connection.fd())).containsExactly("taken from 0 by 1", "closed by deleter");
            assertThat(connection.peer().sawEnd()).isTrue();
            connection.peer().close();
            server.close();
            world.end();
        }
    }
}
