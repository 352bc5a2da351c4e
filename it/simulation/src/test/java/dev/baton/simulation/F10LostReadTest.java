package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.World;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/**
 * F10: a {@code read()} finds nothing (EAGAIN) and is forgotten: with {@code autoRead} off, the next edge finds nobody
 * who wants what has come, and the connection stands still. Here on either poller and across takeovers.
 */
class F10LostReadTest {
    private static final String MESSAGE = "four";
    private static final int MESSAGES = 4;
    private static final int CLIENTS = 4;

    /**
     * Asks for one message at a time, each of which fills its buffer: whether there is more only the next read tells.
     */
    private static final class OnDemand extends Recorder {
        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            context.channel()
                    .config()
                    .setAutoRead(false)
                    .setRecvByteBufAllocator(new FixedRecvByteBufAllocator(MESSAGE.length()));
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            context.read();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            super.channelRead(context, message);
            context.read();
        }

        String text() {
            return calls.stream()
                    .filter(each -> each.startsWith("read "))
                    .map(each -> each.substring("read ".length(), each.indexOf(" on ")))
                    .collect(Collectors.joining());
        }
    }

    @Test
    void aReadThatFoundNothingIsAnsweredByWhatComesNext() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            SimServer server = world.server();
            OnDemand handler = new OnDemand();
            World.Connection connection = world.connected(server, 0, handler);
            simulation.thread("P", () -> {
                for (int i = 0; i < MESSAGES; i++) {
                    connection.peer().send(MESSAGE);
                }
            });
            simulation.thread("T", () -> {
                for (int i = 1; i <= 3; i++) {
                    int thief = i % 2;
                    world.loop(thief).execute(() -> Loops.take(world, connection.channel(), thief));
                }
            });
            simulation.run();
            assertThat(handler.text()).isEqualTo(MESSAGE.repeat(MESSAGES));
            // And the one that is still waiting is answered wherever the connection is now.
            connection.peer().send(MESSAGE);
            simulation.run();
            assertThat(handler.text()).isEqualTo(MESSAGE.repeat(MESSAGES + 1));
            connection.peer().close();
            server.close();
            world.end();
        });
    }

    @Test
    void anAcceptThatFoundNothingIsAnsweredByTheNextConnection() {
        Exploration.explore(simulation -> {
            World world = Loops.world(simulation, 2);
            List<Channel> accepted = new ArrayList<>();
            Channel server = new ServerBootstrap()
                    .group(world.loop(0), world.loop(1))
                    .channelFactory(() -> new FdTcpServerChannel(world.env()))
                    .option(ChannelOption.AUTO_READ, false)
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext context) {
                            context.read();
                        }

                        @Override
                        public void channelRead(ChannelHandlerContext context, Object child) {
                            accepted.add((Channel) child);
                            context.fireChannelRead(child);
                            context.read();
                        }
                    })
                    .childHandler(new Recorder() {
                        @Override
                        public boolean isSharable() {
                            return true;
                        }
                    })
                    .bind(SimNetwork.address(World.PORT))
                    .channel();
            simulation.run();
            List<SimPeer> peers = new ArrayList<>();
            simulation.thread("P", () -> {
                for (int i = 0; i < CLIENTS; i++) {
                    peers.add(world.network().connect(SimNetwork.address(World.PORT)));
                    simulation.point("connected");
                }
            });
            simulation.run();
            assertThat(accepted).hasSize(CLIENTS);
            for (SimPeer peer : peers) {
                peer.close();
            }
            server.close();
            simulation.run();
            world.end();
        });
    }
}
