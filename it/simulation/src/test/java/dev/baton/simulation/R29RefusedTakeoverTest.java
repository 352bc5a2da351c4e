package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** R29 (8d7b51782): a thief that lost changes the fd's state. A refused takeover writes nothing and calls no poller. */
class R29RefusedTakeoverTest {

    private static String state(World world, Fd fd) {
        List<String> found = new ArrayList<>();
        world.table().forEach(each -> {
            if (each.fd().equals(fd)) {
                found.add("owner " + each.owner() + ", running " + each.running() + ", orphaned " + each.orphaned()
                        + ", takeovers " + each.takeovers());
            }
        });
        return found + " polled by " + world.posix().pollersOf(fd.number());
    }

    @Test
    void nothingIsWritten() {
        Simulation simulation = Simulation.scripted();
        World world = new World(simulation, new EpollProvider(), 3);
        SimServer server = world.server();
        World.Connection connection = world.connected(server, 0, new Recorder() {
            @Override
            public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
                simulation.point("inside");
                super.channelRead(context, message);
            }
        });
        List<TakeoverResult> results = new ArrayList<>();
        // Refused because of the victim that is named: its owner is another one.
        world.loop(1).execute(() -> results.add(Loops.rescue(world, connection.channel(), 1, 2)));
        refused(world, connection.fd(), "L1@end");
        // Refused because its owner is inside.
        connection.peer().send("x");
        simulation.run("L0@inside");
        world.loop(1).execute(() -> results.add(Loops.take(world, connection.channel(), 1)));
        refused(world, connection.fd(), "L1@end");
        // Refused because it was deleted.
        world.table().fdDelete(connection.fd());
        world.loop(1).execute(() -> results.add(Loops.take(world, connection.channel(), 1)));
        refused(world, connection.fd(), "L1@end");
        assertThat(results).containsExactly(TakeoverResult.BUSY, TakeoverResult.BUSY, TakeoverResult.GONE);
        simulation.run();
        connection.peer().close();
        server.close();
        world.end();
    }

    private static void refused(World world, Fd fd, String script) {
        String before = state(world, fd);
        int lines = world.simulation().trace().lines().size();
        world.simulation().run(script);
        assertThat(state(world, fd)).isEqualTo(before);
        List<String> all = world.simulation().trace().lines();
        assertThat(all.subList(lines, all.size()))
                .noneMatch(each -> each.contains("epollCtl") || each.contains("add(") || each.contains("remove("));
    }
}
