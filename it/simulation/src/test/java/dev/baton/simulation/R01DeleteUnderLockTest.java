package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimLock;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import org.junit.jupiter.api.Test;

/**
 * R01 (2c3f9818e): A holds a lock and deletes an fd, B runs in that fd and wants the lock. Where deleting waits for B
 * to leave, both wait for ever; here A returns at once and B's leave closes.
 */
class R01DeleteUnderLockTest {

    private static final class WantsLock extends Recorder {
        private final SimLock lock;

        WantsLock(SimLock lock) {
            this.lock = lock;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            try (SimLock held = lock.lock()) {
                assertThat(held.isHeld()).isTrue();
                super.channelRead(context, message);
            }
        }
    }

    @Test
    void theDeleterReturnsInBoundedStepsAndTheLeaverCloses() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 1);
        SimServer server = world.server();
        SimLock lock = simulation.lock("L");
        WantsLock handler = new WantsLock(lock);
        World.Connection connection = world.connected(server, 0, handler);
        int[] steps = new int[1];
        simulation.thread("A", () -> {
            try (SimLock held = lock.lock()) {
                simulation.point("locked");
                int before = simulation.steps();
                assertThat(held.isHeld() && world.table().fdDelete(connection.fd()))
                        .isTrue();
                steps[0] = simulation.steps() - before;
            }
        });
        simulation.run("A@locked");
        connection.peer().send("x");
        simulation.run("L0@end"); // waits for the lock, inside
        assertThat(handler.calls).isEmpty();
        simulation.run("A@end");
        assertThat(steps[0]).as("steps of the delete: the hook's").isLessThanOrEqualTo(1);
        assertThat(world.audit().closes(connection.fd())).isZero();
        simulation.run();
        assertThat(handler.calls).containsExactly("read x on L0", "inactive on L0");
        assertThat(world.audit().of(connection.fd())).containsExactly("orphaned", "closed by leaver");
        connection.peer().close();
        server.close();
        world.end();
    }

    @Test
    void inAnyOrder() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            SimLock lock = simulation.lock("L");
            World.Connection connection = world.connected(server, 0, new WantsLock(lock));
            simulation.thread("P", () -> {
                connection.peer().send("x");
                connection.peer().send("y");
            });
            for (String name : new String[] {"A", "B"}) {
                simulation.thread(name, () -> {
                    try (SimLock held = lock.lock()) {
                        assertThat(held.isHeld()).isTrue();
                        world.table().fdDelete(connection.fd());
                    }
                });
            }
            simulation.run();
            assertThat(world.audit().closes(connection.fd())).isEqualTo(1);
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
