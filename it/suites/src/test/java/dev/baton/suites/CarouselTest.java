package dev.baton.suites;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.Baton;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class CarouselTest {

    @Test
    @Timeout(20)
    void shouldMoveAConnectionFromLoopToLoop() throws Exception {
        try (Baton baton = Batons.turning(2);
                ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Channel client = new Bootstrap()
                    .group(baton.loops())
                    .channelFactory(baton.channels())
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(server.getLocalSocketAddress())
                    .sync()
                    .channel();
            Set<String> threads = new HashSet<>();
            while (threads.size() < 2) {
                threads.add(client.eventLoop()
                        .submit(() -> Thread.currentThread().getName())
                        .get());
            }
            assertThat(threads).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1");
        }
    }
}
