package dev.baton.plugin.rescue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One callback blocks a loop: its other connections are answered meanwhile, and it when the callback is over. */
class LoopRescueWorldTest {
    /** Far more than the test needs, which ends the block itself. */
    private static final long BLOCK_SECONDS_MAX = 30;

    private static final CountDownLatch RELEASED = new CountDownLatch(1);

    /** A service whose connections block their loop with the first byte, until the test says so. */
    static final class BlockerPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("blocker", NoKeys.class, Blockers.class);
        }
    }

    /** Nothing to configure. */
    record NoKeys() {}

    static final class Blockers implements ServiceFactory<NoKeys> {
        @Override
        public Service create(String name, NoKeys config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Blocker());
        }
    }

    private static final class Blocker extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws InterruptedException {
            assertThat(RELEASED.await(BLOCK_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
            context.writeAndFlush(message);
        }
    }

    @InEachWorld(
            worlds = Where.REAL,
            because = "the watchdog has a thread and a clock of its own; the simulation has it in R50WatchdogTest")
    void shouldHaveTheOthersServedMeanwhile(PluginWorld world) {
        world.plugin(LoopRescuePlugin.class).plugin(BlockerPlugin.class);
        world.start("""
                listeners:
                  web: { bind: "127.0.0.1:0", service: echo, loops: [0] }
                  bad: { bind: "127.0.0.1:0", service: blocker, loops: [0] }
                services:
                  echo: { type: testkit-echo }
                  blocker: { type: blocker }
                """);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Peer client = world.connect("web");
            client.send("before " + i);
            client.expect("before " + i);
            clients.add(client);
        }
        Peer guilty = world.connect("bad");
        guilty.send("x");
        world.await("the watchdog sees it", () -> blocked(world) == 1);
        for (int i = 0; i < clients.size(); i++) {
            clients.get(i).send("meanwhile " + i);
            clients.get(i).expect("meanwhile " + i);
        }
        assertThat(blocked(world)).as("still").isEqualTo(1);

        RELEASED.countDown();
        guilty.expect("x");
        world.await("the loop is one like the others", () -> blocked(world) == 0);
        for (int i = 0; i < clients.size(); i++) {
            clients.get(i).send("after " + i);
            clients.get(i).expect("after " + i);
        }
    }

    private static long blocked(PluginWorld world) {
        return world.view().loops().stream().filter(LoopSnapshot::blocked).count();
    }
}
