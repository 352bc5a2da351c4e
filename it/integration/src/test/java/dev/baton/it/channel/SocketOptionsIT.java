package dev.baton.it.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.UnixChannelOption;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Options that the kernel knows better than Netty's configuration objects, and halves of a connection that can be shut.
 */
@Timeout(60)
class SocketOptionsIT {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final int BUFFER = 50_000;

    private static Bootstrap client(TestLoops loops) {
        return new Bootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> new PinnedSocketChannel(loops.env()))
                .handler(new ChannelInboundHandlerAdapter());
    }

    private static ServerBootstrap server(TestLoops loops, BlockingQueue<Channel> accepted) {
        return new ServerBootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public boolean isSharable() {
                        return true;
                    }

                    @Override
                    public void channelActive(ChannelHandlerContext ctx) {
                        accepted.add(ctx.channel());
                    }
                });
    }

    @Test
    void theSizesOfBuffersThatNobodySetAreTheKernels() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            long open = loops.counters().openFds();
            SocketChannel fresh = new MovableSocketChannel(loops.env(), "test");
            assertThat(fresh.config().getSendBufferSize()).isPositive();
            assertThat(fresh.config().getReceiveBufferSize()).isPositive();
            assertThat(new FdDatagramChannel(loops.env()).config().getReceiveBufferSize())
                    .isPositive();
            assertThat(new FdTcpServerChannel(loops.env()).config().getReceiveBufferSize())
                    .isPositive();
            assertThat(loops.counters().openFds()).isEqualTo(open);

            PinnedSocketChannel channel = (PinnedSocketChannel)
                    client(loops).connect(server.getLocalSocketAddress()).sync().channel();
            int number = channel.fd().number();
            assertThat(channel.config().getSendBufferSize())
                    .isEqualTo(loops.posix().intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF));
            assertThat(channel.config().getOption(ChannelOption.SO_RCVBUF))
                    .isEqualTo(loops.posix().intOption(number, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF));
            channel.config().setReceiveBufferSize(BUFFER);
            assertThat(channel.config().getReceiveBufferSize()).isEqualTo(BUFFER);
        }
    }

    @Test
    void aServersReceiveBufferIsThatOfItsConnections() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1)) {
            BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
            Channel server = server(loops, accepted)
                    .option(ChannelOption.SO_RCVBUF, BUFFER)
                    .bind(ANYWHERE)
                    .sync()
                    .channel();
            assertThat(server.config().getOption(ChannelOption.SO_RCVBUF)).isEqualTo(BUFFER);
            try (Socket client = new Socket()) {
                client.connect(server.localAddress());
                assertThat(accepted.take().config().getOption(ChannelOption.SO_RCVBUF))
                        .as("doubled by the kernel")
                        .isEqualTo(2 * BUFFER);
            }
        }
    }

    @Test
    void serversAndDatagramChannelsShareAPortIfTheyAreTold() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1)) {
            BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
            ServerBootstrap shared = server(loops, accepted).option(UnixChannelOption.SO_REUSEPORT, true);
            Channel first = shared.bind(ANYWHERE).sync().channel();
            assertThat(first.config().getOption(UnixChannelOption.SO_REUSEPORT)).isTrue();
            Channel second = shared.bind(first.localAddress()).sync().channel();
            assertThat(second.localAddress()).isEqualTo(first.localAddress());
            assertThatThrownBy(() ->
                            server(loops, accepted).bind(first.localAddress()).sync())
                    .isInstanceOf(BindException.class);

            Bootstrap datagrams = new Bootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> new FdDatagramChannel(loops.env()))
                    .option(UnixChannelOption.SO_REUSEPORT, true);
            Channel one = datagrams
                    .handler(new ChannelInboundHandlerAdapter())
                    .bind(ANYWHERE)
                    .sync()
                    .channel();
            Channel other = datagrams
                    .clone()
                    .handler(new ChannelInboundHandlerAdapter())
                    .bind(one.localAddress())
                    .sync()
                    .channel();
            assertThat(other.localAddress()).isEqualTo(one.localAddress());
        }
    }

    @Test
    void halvesOfAConnectionAreShutOnlyWhileThereIsOne() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            for (int half = 0; half < 3; half++) {
                SocketChannel early = new PinnedSocketChannel(loops.env());
                loops.loop(0).register(early).sync();
                int which = half;
                assertThatThrownBy(() -> shut(early, which)).isInstanceOf(NotYetConnectedException.class);
                early.close().sync();
                assertThatThrownBy(() -> shut(early, which)).isInstanceOf(ClosedChannelException.class);

                SocketChannel connected = (SocketChannel) client(loops)
                        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                        .connect(server.getLocalSocketAddress())
                        .sync()
                        .channel();
                try (Socket peer = server.accept()) {
                    shut(connected, which);
                    assertThat(connected.isInputShutdown()).isEqualTo(which != 1);
                    assertThat(connected.isOutputShutdown()).isEqualTo(which != 0);
                    if (which != 0) {
                        assertThat(peer.getInputStream().read()).isEqualTo(-1);
                    }
                }
                connected.close().sync();
                assertThatThrownBy(() -> shut(connected, which)).isInstanceOf(ClosedChannelException.class);
            }
        }
    }

    private static void shut(SocketChannel channel, int half) throws InterruptedException {
        switch (half) {
            case 0 -> channel.shutdownInput().sync();
            case 1 -> channel.shutdownOutput().sync();
            default -> channel.shutdown().sync();
        }
    }
}
