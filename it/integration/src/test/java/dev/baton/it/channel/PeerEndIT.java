package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What handlers that do not read ({@code AUTO_READ} off) learn of their peer's end, and of a reset.
 *
 * <p>The measure is Netty's epoll transport, which asks for EPOLLRDHUP also while nobody reads: it gives all that is
 * unread, then tells the end, by {@code channelInactive} or, with {@code ALLOW_HALF_CLOSURE}, by
 * {@link ChannelInputShutdownEvent}. Netty's NIO transport tells nothing before somebody reads, and neither does Baton
 * of an end behind unread bytes if {@link MovableChannel#READ_TO_END} is off. A reset behind an end that was told is
 * one that Netty tells with the next write.
 */
@Timeout(60)
class PeerEndIT {
    /** More than a few reads. */
    private static final int MANY = 100_000;

    /** Holds that many; where less fits the end of what a peer sends does not come, but waits with it at the peer. */
    private static final int RECEIVE_BUFFER = 200_000;

    /** Never asks for anything. */
    private static final class Silent extends ChannelInboundHandlerAdapter {
        final AtomicInteger bytes = new AtomicInteger();
        final List<String> told = new CopyOnWriteArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            bytes.addAndGet(((ByteBuf) message).readableBytes());
            ((ByteBuf) message).release();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                told.add("end after " + bytes);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            told.add(cause instanceof IOException ? "error after " + bytes : cause.toString());
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            told.add("inactive after " + bytes);
        }

        void awaitTold(String... expected) {
            await().atMost(10, TimeUnit.SECONDS)
                    .untilAsserted(() -> assertThat(told).containsExactly(expected));
        }
    }

    /** A connection with a handler that does not read, and its peer. */
    private static final class Rig implements AutoCloseable {
        final TestLoops loops;
        final Silent handler = new Silent();
        final Channel channel;
        final Socket peer;

        Rig(PollerProvider poller, boolean movable, boolean half) throws Exception {
            loops = TestLoops.start(poller, 1);
            try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
                channel = new Bootstrap()
                        .group(loops.loop(0))
                        .channelFactory(() -> movable
                                ? new MovableSocketChannel(loops.env(), "test")
                                : new PinnedSocketChannel(loops.env()))
                        .option(ChannelOption.AUTO_READ, false)
                        .option(ChannelOption.SO_RCVBUF, RECEIVE_BUFFER)
                        .option(ChannelOption.ALLOW_HALF_CLOSURE, half)
                        .handler(handler)
                        .connect(server.getLocalSocketAddress())
                        .sync()
                        .channel();
                peer = server.accept();
            }
        }

        void send(int bytes) throws IOException {
            peer.getOutputStream().write(new byte[bytes]);
        }

        void reset() throws IOException {
            peer.setSoLinger(true, 0);
            peer.close();
        }

        /** The loop has dispatched what there was; and a poller that reports levels does not keep the loop busy. */
        void awaitCalm() {
            await().atMost(10, TimeUnit.SECONDS).until(() -> {
                long before = on(loops.loop(0), () -> loops.loop(0).turns());
                long after = loops.loop(0)
                        .schedule(() -> loops.loop(0).turns(), 20, TimeUnit.MILLISECONDS)
                        .get();
                return after - before < 10;
            });
        }

        @Override
        public void close() throws Exception {
            peer.close();
            channel.close().sync();
            loops.close();
        }
    }

    static Stream<Arguments> connections() {
        return dev.baton.it.Pollers.all()
                .flatMap(poller -> Stream.of(arguments(poller, true), arguments(poller, false)));
    }

    @ParameterizedTest
    @MethodSource("connections")
    void anEndIsToldToWhoDoesNotRead(PollerProvider poller, boolean movable) throws Exception {
        try (Rig rig = new Rig(poller, movable, false)) {
            rig.peer.shutdownOutput();
            rig.handler.awaitTold("inactive after 0");
        }
    }

    @ParameterizedTest
    @MethodSource("connections")
    void anEndOfOneSideIsToldToWhoDoesNotRead(PollerProvider poller, boolean movable) throws Exception {
        try (Rig rig = new Rig(poller, movable, true)) {
            rig.peer.shutdownOutput();
            rig.handler.awaitTold("end after 0");
            rig.awaitCalm();
            assertThat(rig.channel.isActive()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("connections")
    void allThatIsUnreadIsGivenBeforeTheEnd(PollerProvider poller, boolean movable) throws Exception {
        for (int bytes : new int[] {10, MANY}) {
            try (Rig rig = new Rig(poller, movable, false)) {
                rig.send(bytes);
                assertThat(rig.handler.bytes.get()).isZero();
                rig.peer.shutdownOutput();
                rig.handler.awaitTold("inactive after " + bytes);
            }
            try (Rig rig = new Rig(poller, movable, true)) {
                rig.send(bytes);
                rig.peer.shutdownOutput();
                rig.handler.awaitTold("end after " + bytes);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("connections")
    void whoHasPausedInTheMiddleOfABurstIsGivenTheRestBeforeTheEnd(PollerProvider poller, boolean movable)
            throws Exception {
        try (Rig rig = new Rig(poller, movable, false)) {
            rig.send(MANY);
            rig.channel.read();
            await().until(() -> rig.handler.bytes.get() > 0);
            rig.peer.shutdownOutput();
            rig.handler.awaitTold("inactive after " + MANY);
        }
    }

    @ParameterizedTest
    @MethodSource("connections")
    void aResetIsToldToWhoDoesNotRead(PollerProvider poller, boolean movable) throws Exception {
        for (boolean half : new boolean[] {false, true}) {
            try (Rig rig = new Rig(poller, movable, half)) {
                rig.reset();
                rig.handler.awaitTold("error after 0", "inactive after 0");
            }
        }
    }

    /** Bytes that came before a reset are the kernel's to keep or drop: Linux keeps them. */
    @ParameterizedTest
    @MethodSource("connections")
    void allThatIsUnreadIsGivenBeforeAReset(PollerProvider poller, boolean movable) throws Exception {
        try (Rig rig = new Rig(poller, movable, false)) {
            rig.send(10);
            rig.awaitCalm();
            rig.reset();
            rig.handler.awaitTold("error after 10", "inactive after 10");
        }
    }

    @ParameterizedTest
    @MethodSource("connections")
    void aResetBehindTheEndIsToldAtOnce(PollerProvider poller, boolean movable) throws Exception {
        try (Rig rig = new Rig(poller, movable, true)) {
            rig.peer.shutdownOutput();
            rig.handler.awaitTold("end after 0");
            rig.reset();
            rig.handler.awaitTold("end after 0", "error after 0", "inactive after 0");
        }
    }

    @ParameterizedTest
    @MethodSource("connections")
    void noByteIsReadUnaskedIfThatIsSwitchedOff(PollerProvider poller, boolean movable) throws Exception {
        try (Rig rig = new Rig(poller, movable, true)) {
            assertThat(rig.channel.config().setOption(MovableChannel.READ_TO_END, false))
                    .isTrue();
            assertThat(rig.channel.config().getOption(MovableChannel.READ_TO_END))
                    .isFalse();
            rig.send(10);
            rig.peer.shutdownOutput();
            rig.awaitCalm();
            assertThat(rig.handler.told).isEmpty();
            assertThat(rig.handler.bytes.get()).isZero();
            rig.channel.read();
            rig.handler.awaitTold("end after 10");
        }
        try (Rig rig = new Rig(poller, movable, false)) {
            rig.channel.config().setOption(MovableChannel.READ_TO_END, false);
            rig.peer.shutdownOutput();
            rig.handler.awaitTold("inactive after 0");
        }
        try (Rig rig = new Rig(poller, movable, false)) {
            rig.channel.config().setOption(MovableChannel.READ_TO_END, false);
            rig.send(10);
            rig.reset();
            rig.awaitCalm();
            assertThat(rig.handler.bytes.get()).isZero();
            rig.channel.read();
            rig.handler.awaitTold("error after 10", "inactive after 10");
        }
    }
}
