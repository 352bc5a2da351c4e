package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/**
 * J3: the virtual machine opens files itself, and a number is its as soon as it is free. Files that come and go in
 * every gap are never closed, polled or read by anybody else.
 */
class J3OtherFilesTest {

    @Test
    void filesInTheGap() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Deque<Integer> files = new ArrayDeque<>();
            simulation.thread("J", () -> {
                for (int i = 0; i < 6; i++) {
                    files.add(world.posix().openOther());
                    simulation.point("file");
                    if (simulation.pick(2) == 0) {
                        world.posix().closeOther(files.remove());
                        simulation.point("file");
                    }
                }
            });
            for (int i = 0; i < 2; i++) {
                int loop = i;
                simulation.thread("T" + i, () -> {
                    for (int round = 0; round < 2; round++) {
                        World.Connection[] opened = new World.Connection[1];
                        Recorder handler = new Recorder();
                        io.netty.channel.ChannelFuture connecting =
                                world.connect(loop, SimNetwork.address(World.PORT), handler);
                        simulation.await("connected", connecting::isSuccess);
                        dev.baton.runtime.channel.MovableSocketChannel channel =
                                (dev.baton.runtime.channel.MovableSocketChannel) connecting.channel();
                        opened[0] = new World.Connection(channel, channel.fd(), server.accept());
                        opened[0].peer().send("x");
                        world.loop(1 - loop).execute(() -> Loops.take(world, channel, 1 - loop));
                        simulation.point("taken");
                        world.table().fdDelete(opened[0].fd());
                        simulation.await("ended", () -> !channel.isOpen());
                        assertThat(world.audit().closes(opened[0].fd())).isEqualTo(1);
                        opened[0].peer().close();
                    }
                });
            }
            simulation.run();
            assertThat(world.posix().open()).containsAll(files);
            files.forEach(world.posix()::closeOther);
            server.close();
            world.end();
        });
    }
}
