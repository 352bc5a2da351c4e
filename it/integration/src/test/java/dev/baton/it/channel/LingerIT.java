package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a close does with bytes that were not sent: {@code SO_LINGER}, of which no value makes a loop wait. */
@Timeout(60)
class LingerIT {
    private static final int SECONDS = 50;
    private static final int SMALL_WINDOW = 4096;
    /** More than the peer's kernel takes, and less than ours. */
    private static final int SOME = 100_000;
    /** More than both socket buffers hold. */
    private static final int MUCH = 32 << 20;

    private static int number(Channel channel) {
        Fd fd = channel instanceof MovableSocketChannel movable ? movable.fd() : ((PinnedSocketChannel) channel).fd();
        return Objects.requireNonNull(fd).number();
    }

    @Test
    void aServerWhoseConnectionsAreToLingerKeepsThem() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1)) {
            BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
            Channel server = new ServerBootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                    .childOption(ChannelOption.SO_LINGER, SECONDS)
                    .childHandler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext ctx) {
                            accepted.add(ctx.channel());
                        }

                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            ctx.writeAndFlush(message);
                        }
                    })
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .sync()
                    .channel();
            try (Socket client = new Socket()) {
                client.connect(server.localAddress());
                client.getOutputStream().write('x');
                assertThat(client.getInputStream().read()).isEqualTo('x');
                Channel child = accepted.take();
                assertThat(child.config().getOption(ChannelOption.SO_LINGER)).isEqualTo(SECONDS);
                assertThat(loops.posix().linger(number(child)))
                        .as("the kernel's")
                        .isEqualTo(Integer.MAX_VALUE);
            }
        }
    }

    @Test
    void aCloseThatWouldLingerHoldsNoLoopAndLosesNothing() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket server = new ServerSocket()) {
            server.setReceiveBufferSize(SMALL_WINDOW);
            server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            MovableSocketChannel channel =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            channel.config().setSendBufferSize(2 * SOME).setSoLinger(0).setSoLinger(SECONDS);
            try (Socket peer = server.accept()) {
                // All of it in our kernel, from where most cannot go on: the peer does not read.
                channel.writeAndFlush(Unpooled.directBuffer().writeZero(SOME)).sync();
                channel.close().get(SECONDS / 2, TimeUnit.SECONDS);
                on(loops.loop(0), () -> null);
                assertThat(peer.getInputStream().readAllBytes()).hasSize(SOME);
            }
        }
    }

    private static void resets(Function<TestLoops, Channel> make, boolean onLoop) throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Channel channel = new Bootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> make.apply(loops))
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(server.getLocalSocketAddress())
                    .sync()
                    .channel();
            try (Socket peer = server.accept()) {
                channel.writeAndFlush(Unpooled.directBuffer().writeZero(MUCH));
                if (onLoop) {
                    on(loops.loop(0), () -> channel.config().setOption(ChannelOption.SO_LINGER, 0));
                } else {
                    channel.config().setOption(ChannelOption.SO_LINGER, 0);
                }
                channel.close().sync();
                assertThatThrownBy(() -> peer.getInputStream().readAllBytes())
                        .isInstanceOf(SocketException.class)
                        .hasMessageContaining("reset");
            }
        }
    }

    @Test
    void aLingerOfZeroResetsAMovableConnection() throws Exception {
        resets(loops -> new MovableSocketChannel(loops.env(), "test"), true);
        resets(loops -> new MovableSocketChannel(loops.env(), "test"), false);
    }

    @Test
    void aLingerOfZeroResetsAPinnedConnection() throws Exception {
        resets(loops -> new PinnedSocketChannel(loops.env()), true);
        resets(loops -> new PinnedSocketChannel(loops.env()), false);
    }
}
