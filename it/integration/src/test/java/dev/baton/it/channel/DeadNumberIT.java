package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.TestLoops;
import dev.baton.testkit.TestSockets;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannel;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * R07, R15 for the channel's own system calls. The fd of a live channel is deleted from outside; its number is somebody
 * else's at once, before the channel's loop has got round to telling the channel. What the channel does until then, a
 * read that was queued before or a write, must not touch the number: a gone channel may still be entered.
 */
@Timeout(60)
class DeadNumberIT {

    static Stream<Arguments> pollersAndKinds() {
        Function<ChannelEnv, Channel> movable = env -> new MovableSocketChannel(env, "test");
        Function<ChannelEnv, Channel> pinned = PinnedSocketChannel::new;
        return dev.baton.it.Pollers.all()
                .flatMap(poller -> Stream.of(true, false)
                        .flatMap(write -> Stream.of(
                                Arguments.of(poller, "movable", movable, write),
                                Arguments.of(poller, "pinned", pinned, write))));
    }

    @ParameterizedTest(name = "{0} {1} write {3}")
    @MethodSource("pollersAndKinds")
    void neitherAReadNorAWriteTouchesTheNextOwnerOfTheNumber(
            PollerProvider poller, String name, Function<ChannelEnv, Channel> kind, boolean write) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                TestSockets sockets = new TestSockets(loops.posix(), loops.table());
                ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                NativeMemory byteOfMemory = NativeMemory.allocate(8)) {
            AtomicInteger reads = new AtomicInteger();
            CountDownLatch inactive = new CountDownLatch(1);
            Channel channel = new Bootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> kind.apply(loops.env()))
                    .option(ChannelOption.AUTO_READ, false)
                    .handler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelRead(ChannelHandlerContext ctx, Object message) {
                            reads.incrementAndGet();
                        }

                        @Override
                        public void channelInactive(ChannelHandlerContext ctx) {
                            inactive.countDown();
                        }
                    })
                    .connect(server.getLocalSocketAddress())
                    .sync()
                    .channel();
            dev.baton.spi.fd.Fd fd = channel instanceof MovableSocketChannel movable
                    ? movable.fd()
                    : ((PinnedSocketChannel) channel).fd();
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write('x');
                Posix posix = loops.posix();
                await().until(() -> posix.recv(fd.number(), byteOfMemory.address(), 1, Sockets.MSG_PEEK) == 1);
                // Two turns: the event comes with one of them, and autoRead is off.
                on(loops.loop(0), () -> null);
                on(loops.loop(0), () -> null);

                // A write ends the channel at once; without one, the read that is queued comes before the end.
                ChannelFuture[] late = new ChannelFuture[2];
                TestSockets.Pair next = on(loops.loop(0), () -> {
                    channel.read();
                    TestSockets.Pair reopened = sockets.reopen(fd);
                    sockets.send(reopened.peer());
                    if (write) {
                        late[0] = channel.writeAndFlush(Unpooled.directBuffer().writeByte('y'));
                        late[1] = ((DuplexChannel) channel).shutdownOutput();
                    }
                    return reopened;
                });

                assertThat(next.fd().number()).isEqualTo(fd.number());
                if (write) {
                    assertThat(late[0].await(10, TimeUnit.SECONDS)).isTrue();
                    assertThat(late[0].isSuccess()).isFalse();
                    assertThat(late[1].await(10, TimeUnit.SECONDS)).isTrue();
                }
                assertThat(inactive.await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(channel.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(reads).hasValue(0);
                assertThat(sockets.drain(next.fd()))
                        .as("what was sent to the next owner")
                        .isEqualTo(1);
                assertThat(posix.recv(next.peer().number(), byteOfMemory.address(), 1))
                        .as("nothing was written for it, nor its end")
                        .isEqualTo(-Errno.EAGAIN);
                sockets.close(next.fd());
                sockets.close(next.peer());
            }
        }
    }
}
