package dev.baton.it.channel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultMaxMessagesRecvByteBufAllocator;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Handlers that ask for each message, with {@code AUTO_READ} off: what they get, and when. */
@Timeout(60)
class ReadOnDemandIT {
    /** As much as the first read of a connection has room for: it says nothing about what is behind it. */
    private static final int FULL = 2048;

    /** Asks once when it is active, and once for each message. */
    private static final class OnDemand extends ChannelInboundHandlerAdapter {
        final Semaphore bytes = new Semaphore(0);

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.read();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf buffer = message instanceof DatagramPacket packet ? packet.content() : (ByteBuf) message;
            int count = buffer.readableBytes();
            buffer.release();
            ctx.read();
            bytes.release(count);
        }

        void await(int count) throws InterruptedException {
            assertThat(bytes.tryAcquire(count, 10, TimeUnit.SECONDS))
                    .as(count + " bytes, of which came " + bytes.availablePermits())
                    .isTrue();
        }
    }

    private static Bootstrap onDemand(TestLoops loops, OnDemand handler) {
        return new Bootstrap()
                .group(loops.loop(0))
                .option(ChannelOption.AUTO_READ, false)
                .handler(handler);
    }

    private static void twice(PollerProvider poller, Function<TestLoops, Channel> make) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            OnDemand handler = new OnDemand();
            onDemand(loops, handler)
                    .channelFactory(() -> make.apply(loops))
                    .connect(server.getLocalSocketAddress())
                    .sync();
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write(new byte[FULL]);
                handler.await(FULL);
                peer.getOutputStream().write(new byte[FULL]);
                handler.await(FULL);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aMovableConnectionGoesOnAfterAReadThatFoundNothing(PollerProvider poller) throws Exception {
        twice(poller, loops -> new MovableSocketChannel(loops.env(), "test"));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aPinnedConnectionGoesOnAfterAReadThatFoundNothing(PollerProvider poller) throws Exception {
        twice(poller, loops -> new PinnedSocketChannel(loops.env()));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aDatagramChannelGoesOnAfterAReadThatFoundNothing(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                DatagramSocket peer = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            OnDemand handler = new OnDemand();
            Channel channel = onDemand(loops, handler)
                    .channelFactory(() -> new FdDatagramChannel(loops.env()))
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .sync()
                    .channel();
            for (int i = 1; i <= 3; i++) {
                peer.send(new java.net.DatagramPacket(new byte[i], i, channel.localAddress()));
                handler.await(i);
            }
        }
    }

    // ---- the allocator ----------------------------------------------------------------------------------------------

    /** One byte a message, and so many messages for each that was asked for. */
    private static final class Handfuls implements RecvByteBufAllocator {
        private static final int MESSAGES = 100;
        private static final DefaultMaxMessagesRecvByteBufAllocator LIMITS = new FixedRecvByteBufAllocator(1);

        @SuppressWarnings("deprecation") // the interface's method
        @Override
        public Handle newHandle() {
            return LIMITS.new MaxMessageHandle() {
                private int messages;

                @Override
                public int guess() {
                    return 1;
                }

                @Override
                public void reset(ChannelConfig config) {
                    messages = 0;
                    super.reset(config);
                }

                @Override
                public ByteBuf allocate(ByteBufAllocator allocator) {
                    messages++;
                    return allocator.directBuffer(1, 1);
                }

                @Override
                public boolean continueReading() {
                    return messages < MESSAGES;
                }
            };
        }
    }

    /** Counts the rounds of reading that it takes, until the end; asks for each. */
    private static final class Rounds extends ChannelInboundHandlerAdapter {
        final CompletableFuture<Integer> atEnd = new CompletableFuture<>();
        final AtomicInteger bytes = new AtomicInteger();
        private int rounds;

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            ctx.read();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            bytes.addAndGet(((ByteBuf) message).readableBytes());
            ((ByteBuf) message).release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            rounds++;
            ctx.read();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            atEnd.complete(rounds);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theAllocatorSaysHowMuchOneReadBrings(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Rounds handler = new Rounds();
            new Bootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> new MovableSocketChannel(loops.env(), "test"))
                    .option(ChannelOption.AUTO_READ, false)
                    .option(ChannelOption.RECVBUF_ALLOCATOR, new Handfuls())
                    .handler(handler)
                    .connect(server.getLocalSocketAddress())
                    .sync();
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write(new byte[50 * Handfuls.MESSAGES]);
            }
            int rounds = handler.atEnd.get(20, TimeUnit.SECONDS);
            assertThat(handler.bytes.get()).isEqualTo(50 * Handfuls.MESSAGES);
            // A few may have found nothing yet, or little.
            assertThat(rounds).isBetween(50, 100);
        }
    }
}
