package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.TruncatedDatagram;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultAddressedEnvelope;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Datagram channels on real sockets: what is sent, received, refused and reported. */
@Timeout(60)
class DatagramIT {
    private static final Posix REAL = new JnrPosix();
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** What a channel has told its handlers, as text. */
    private static final class Told extends ChannelInboundHandlerAdapter {
        final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        final BlockingQueue<Object> others = new LinkedBlockingQueue<>();
        final CountDownLatch inactive = new CountDownLatch(1);

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            texts.add(packet.content().toString(StandardCharsets.US_ASCII));
            packet.release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            others.add(event);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            others.add(cause);
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            inactive.countDown();
        }

        String text() throws InterruptedException {
            return texts.poll(10, TimeUnit.SECONDS);
        }

        Object other() throws InterruptedException {
            return others.poll(10, TimeUnit.SECONDS);
        }
    }

    private static Bootstrap bootstrap(TestLoops loops, Told told) {
        return new Bootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> new FdDatagramChannel(loops.env()))
                .handler(told);
    }

    private static FdDatagramChannel bound(TestLoops loops, Told told) {
        return (FdDatagramChannel)
                bootstrap(loops, told).bind(ANY_PORT).syncUninterruptibly().channel();
    }

    @SuppressWarnings("deprecation") // as Netty's resolver sets it
    private static FdDatagramChannel unbound(TestLoops loops, Told told) {
        return (FdDatagramChannel) bootstrap(loops, told)
                .option(ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION, true)
                .register()
                .syncUninterruptibly()
                .channel();
    }

    /** An address that is written as one, never looked up. */
    private static InetSocketAddress at(String host, int port) {
        return new InetSocketAddress(NetUtil.createInetAddressFromIpAddressString(host), port);
    }

    private static ByteBuf ascii(String text) {
        return ByteBufUtil.writeAscii(io.netty.buffer.ByteBufAllocator.DEFAULT, text);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anUnboundChannelServesBothFamilies(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Told told = new Told();
            FdDatagramChannel channel = unbound(loops, told);
            assertThat(channel.fd()).as("made when it is known what for").isNull();
            assertThat(channel.isActive()).isTrue();
            assertThat(channel.localAddress()).isNull();
            for (String host : new String[] {"127.0.0.1", "::1"}) {
                Told server = new Told();
                FdDatagramChannel other = (FdDatagramChannel)
                        bootstrap(loops, server).bind(at(host, 0)).sync().channel();
                // Once from memory of the heap, which has to be copied, and once as an envelope of Netty's.
                channel.writeAndFlush(
                                new DatagramPacket(Unpooled.wrappedBuffer(new byte[] {'a'}), other.localAddress()))
                        .sync();
                channel.writeAndFlush(new DefaultAddressedEnvelope<>(ascii("b"), other.localAddress()))
                        .sync();
                assertThat(server.text()).isEqualTo("a");
                assertThat(server.text()).isEqualTo("b");
                other.writeAndFlush(new DatagramPacket(
                                ascii("back"), at(host, channel.localAddress().getPort())))
                        .sync();
                assertThat(told.text()).isEqualTo("back");
                other.close().sync();
            }
            channel.close().sync();
            assertThat(told.inactive.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectedChannelHasOnePeer(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Told told = new Told();
            Told stranger = new Told();
            Told server = new Told();
            FdDatagramChannel peer = bound(loops, server);
            FdDatagramChannel other = bound(loops, stranger);
            FdDatagramChannel channel = (FdDatagramChannel)
                    bootstrap(loops, told).connect(peer.localAddress()).sync().channel();
            assertThat(channel.isConnected()).isTrue();
            assertThat(channel.remoteAddress()).isEqualTo(peer.localAddress());
            channel.writeAndFlush(ascii("ask")).sync();
            assertThat(server.text()).isEqualTo("ask");
            other.writeAndFlush(new DatagramPacket(ascii("intrude"), channel.localAddress()))
                    .sync();
            peer.writeAndFlush(new DatagramPacket(ascii("answer"), channel.localAddress()))
                    .sync();
            assertThat(told.text()).isEqualTo("answer");

            channel.disconnect().sync();
            assertThat(channel.isConnected()).isFalse();
            assertThat(channel.remoteAddress()).isNull();
            assertThat(catchThrowable(
                            () -> channel.writeAndFlush(ascii("to whom?")).sync()))
                    .isInstanceOf(NotYetConnectedException.class);
            channel.writeAndFlush(new DatagramPacket(ascii("to you"), other.localAddress()))
                    .sync();
            assertThat(stranger.text()).isEqualTo("to you");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aPortWhereNobodyListensIsToldAndClosesNothing(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            int deaf;
            try (DatagramSocket socket = new DatagramSocket(ANY_PORT)) {
                deaf = socket.getLocalPort();
            }
            Told told = new Told();
            FdDatagramChannel channel = (FdDatagramChannel) bootstrap(loops, told)
                    .connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), deaf))
                    .sync()
                    .channel();
            channel.writeAndFlush(ascii("anybody?")).sync();
            assertThat(told.other())
                    .isInstanceOfSatisfying(
                            PortUnreachableException.class,
                            refused -> assertThat(refused).hasMessageContaining("127.0.0.1:" + deaf));
            assertThat(channel.isActive()).isTrue();
            assertThat(channel.isOpen()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aDatagramThatDoesNotFitIsReported(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Told told = new Told();
            FdDatagramChannel server = bound(loops, told);
            Told asker = new Told();
            FdDatagramChannel channel = unbound(loops, asker);
            String text = "x".repeat(3000);
            channel.writeAndFlush(new DatagramPacket(ascii(text), server.localAddress()))
                    .sync();
            channel.writeAndFlush(new DatagramPacket(ascii(""), server.localAddress()))
                    .sync();
            assertThat(told.text()).isEqualTo(text.substring(0, 2048));
            assertThat(told.other()).isInstanceOfSatisfying(TruncatedDatagram.class, cut -> {
                assertThat(cut.kept()).isEqualTo(2048);
                assertThat(cut.sender().getPort())
                        .isEqualTo(channel.localAddress().getPort());
            });
            assertThat(told.text()).as("an empty datagram is one").isEmpty();

            // Bigger than the kernel takes: this one's promise fails, the next goes out.
            ChannelFuture tooBig =
                    channel.write(new DatagramPacket(Unpooled.directBuffer().writeZero(70_000), server.localAddress()));
            channel.writeAndFlush(new DatagramPacket(ascii("next"), server.localAddress()))
                    .sync();
            assertThat(catchThrowable(tooBig::sync))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("EMSGSIZE");
            assertThat(told.text()).isEqualTo("next");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aFullSocketIsWaitedFor(PollerProvider poller) throws Exception {
        FaultyPosix faults = new FaultyPosix(REAL);
        try (TestLoops loops = TestLoops.start(poller, faults.posix(), 1)) {
            Told told = new Told();
            FdDatagramChannel server = bound(loops, told);
            FdDatagramChannel channel = bound(loops, new Told());
            faults.plant("sendTo", 0, channel.fd().number(), -Errno.EAGAIN, 1);
            List<ChannelFuture> writes = new ArrayList<>();
            for (int i = 0; i < 40; i++) { // more than are sent at one go, too
                writes.add(channel.write(new DatagramPacket(ascii("n" + i), server.localAddress())));
            }
            channel.flush();
            for (ChannelFuture each : writes) {
                assertThat(each.await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(each.isSuccess()).isTrue();
            }
            for (int i = 0; i < 40; i++) {
                assertThat(told.text()).isEqualTo("n" + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void nothingIsReadWhileAutoReadIsOffAndNothingIsLost(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Told told = new Told();
            FdDatagramChannel server = bound(loops, told);
            server.config().setAutoRead(false);
            FdDatagramChannel channel = unbound(loops, new Told());
            for (String each : new String[] {"1", "2", "3"}) {
                channel.writeAndFlush(new DatagramPacket(ascii(each), server.localAddress()))
                        .sync();
            }
            on(loops.loop(0), () -> null);
            on(loops.loop(0), () -> null);
            // One read may have been asked for before it was switched off; no more than that.
            assertThat(told.texts.size()).isLessThanOrEqualTo(1);
            server.config().setAutoRead(true);
            assertThat(List.of(told.text(), told.text(), told.text())).containsExactly("1", "2", "3");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatCannotBeIsSaid(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            FdDatagramChannel first = bound(loops, new Told());
            assertThat(catchThrowable(() -> bootstrap(loops, new Told())
                            .bind(first.localAddress())
                            .sync()))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("bind udp 127.0.0.1:")
                    .hasMessageContaining("EADDRINUSE");
            assertThat(catchThrowable(() -> first.writeAndFlush("text").sync()))
                    .isInstanceOf(UnsupportedOperationException.class);
            FdDatagramChannel v4 = new FdDatagramChannel(loops.env(), Sockets.AF_INET);
            loops.loop(0).register(v4).sync();
            assertThat(catchThrowable(() -> v4.bind(at("::1", 0)).sync())).isInstanceOf(BindException.class);
            v4.bind(ANY_PORT).sync(); // a bind that failed leaves a channel that can be bound
            assertThat(loops.failures()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChannelWhoseFdIsDeletedFromOutsideEnds(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Told told = new Told();
            FdDatagramChannel channel = bound(loops, told);
            assertThat(loops.table().fdDelete(channel.fd())).isTrue();
            assertThat(told.inactive.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(channel.isOpen()).isFalse();
            assertThat(catchThrowable(() -> channel.writeAndFlush(new DatagramPacket(ascii("late"), ANY_PORT))
                            .sync()))
                    .isInstanceOf(ClosedChannelException.class);
            assertThat(channel.closeFuture().isDone()).isTrue();
        }
    }
}
