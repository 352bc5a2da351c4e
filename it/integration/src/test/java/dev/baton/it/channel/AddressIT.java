package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.FdUnixServerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.channel.PinnedUnixChannel;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both addresses of a connection are known to whoever asks, from whatever thread. */
@Timeout(60)
class AddressIT {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();

    private ServerBootstrap server(TestLoops loops) {
        return new ServerBootstrap().group(loops.loop(0)).childHandler(new ChannelInboundHandlerAdapter() {
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

    private static Channel connect(TestLoops loops, Function<TestLoops, Channel> make, SocketAddress to)
            throws Exception {
        return new Bootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> make.apply(loops))
                .handler(new ChannelInboundHandlerAdapter())
                .connect(to)
                .sync()
                .channel();
    }

    @Test
    void anyThreadIsToldTheAddressesOfAFreshConnection() throws Exception {
        FaultyPosix calls = new FaultyPosix(new JnrPosix());
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), calls.posix(), 1);
                ServerSocket other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Channel server = server(loops)
                    .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                    .bind(ANYWHERE)
                    .sync()
                    .channel();
            int before = calls.calls("localAddress");
            try (Socket client = new Socket()) {
                client.connect(server.localAddress());
                Channel child = accepted.take();
                assertThat(calls.calls("localAddress")).as("nobody has asked").isEqualTo(before);
                assertThat(child.localAddress()).isEqualTo(client.getRemoteSocketAddress());
                assertThat(child.remoteAddress()).isEqualTo(client.getLocalSocketAddress());
            }
            Channel movable =
                    connect(loops, each -> new MovableSocketChannel(each.env(), "test"), other.getLocalSocketAddress());
            try (Socket peer = other.accept()) {
                int asked = calls.calls("localAddress");
                assertThat(((MovableChannel) movable).clientAddress()).isEqualTo(peer.getLocalSocketAddress());
                assertThat(calls.calls("localAddress")).as("of no interest").isEqualTo(asked);
                assertThat(movable.localAddress()).isEqualTo(peer.getRemoteSocketAddress());
                assertThat(movable.remoteAddress()).isEqualTo(peer.getLocalSocketAddress());
                movable.close().sync();
                assertThat(movable.localAddress()).as("kept").isEqualTo(peer.getRemoteSocketAddress());
            }
        }
    }

    @Test
    void aClosedConnectionDoesNotTellTheAddressOfWhoeverHasItsNumberNow() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket other = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Channel closed = connect(loops, each -> new PinnedSocketChannel(each.env()), other.getLocalSocketAddress());
            closed.close().sync();
            on(loops.loop(0), () -> null);
            Channel next = connect(loops, each -> new PinnedSocketChannel(each.env()), other.getLocalSocketAddress());
            assertThat(closed.localAddress()).isNull();
            assertThat(next.localAddress()).isNotNull();
        }
    }

    @Test
    void bothAddressesOfAUnixSocketAreThere(@TempDir Path folder) throws Exception {
        UnixDomainSocketAddress file = UnixDomainSocketAddress.of(folder.resolve("socket"));
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1)) {
            Channel server = server(loops)
                    .channelFactory(() -> new FdUnixServerChannel(loops.env()))
                    .bind(file)
                    .sync()
                    .channel();
            assertThat(server.localAddress()).isEqualTo(file);
            Channel client = connect(loops, each -> new PinnedUnixChannel(each.env()), file);
            assertThat(client.remoteAddress()).isEqualTo(file);
            assertThat(client.localAddress()).as("unnamed").isEqualTo(UnixDomainSocketAddress.of(""));
            Channel child = accepted.take();
            assertThat(child.localAddress()).isEqualTo(file);
            assertThat(child.remoteAddress()).as("unnamed").isEqualTo(UnixDomainSocketAddress.of(""));
            assertThat(child.parent()).isSameAs(server);
        }
    }
}
