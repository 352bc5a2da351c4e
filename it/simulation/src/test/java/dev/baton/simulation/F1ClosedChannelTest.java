package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * F1: tasks and promises of a closed channel never run, because no claim can exist any more. Whatever was pending at a
 * close (from inside, from outside, after a takeover) runs or fails once, and nothing runs beside it.
 */
class F1ClosedChannelTest {

    @Test
    void whatIsPendingRunsOrFailsOnce() {
        Exploration.explore(2, simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            Recorder handler = new Recorder();
            World.Connection connection = world.connected(server, 0, handler);
            MovableSocketChannel channel = connection.channel();
            int[] ran = new int[3];
            List<Future<?>> promises = new ArrayList<>();
            int[] told = new int[1];
            simulation.thread("T", () -> {
                for (int i = 0; i < ran.length; i++) {
                    int task = i;
                    channel.eventLoop().execute(() -> ran[task]++);
                    simulation.point("queued");
                }
            });
            simulation.thread("W", () -> {
                for (int i = 0; i < 2; i++) {
                    ChannelFuture write = channel.writeAndFlush(ByteBufUtil.writeAscii(channel.alloc(), "answer"));
                    write.addListener(done -> told[0]++);
                    promises.add(write);
                    promises.add(channel.eventLoop().schedule(() -> true, 10, TimeUnit.MILLISECONDS));
                    simulation.point("wrote");
                }
            });
            world.loop(1).execute(() -> Loops.take(world, channel, 1));
            boolean fromInside = simulation.pick(2) == 0;
            simulation.thread("C", () -> {
                if (fromInside) {
                    promises.add(channel.close());
                } else {
                    world.table().fdDelete(connection.fd());
                }
            });
            simulation.run();
            simulation.pass(Duration.ofMillis(20));
            assertThat(ran).as("how often each task ran").containsExactly(1, 1, 1);
            assertThat(promises).allMatch(Future::isDone);
            assertThat(told[0]).as("listeners told").isEqualTo(2);
            assertThat(handler.calls).hasSize(1).first().asString().startsWith("inactive");
            assertThat(channel.closeFuture().isDone()).isTrue();
            // It stays with its last loop, and still runs what comes.
            boolean[] late = new boolean[1];
            channel.eventLoop().execute(() -> late[0] = channel.eventLoop().inEventLoop());
            simulation.run();
            assertThat(late[0]).isTrue();
            connection.peer().close();
            server.close();
            world.end();
        });
    }
}
