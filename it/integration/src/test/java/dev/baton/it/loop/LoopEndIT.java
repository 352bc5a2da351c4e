package dev.baton.it.loop;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A loop that ends takes its fds with it: none outlives it, each is closed once, and whoever waits for a promise or an
 * end of one of its channels gets it (R47, F1). What belongs to other loops stays.
 */
@Timeout(60)
class LoopEndIT {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private static final class Inactive extends ChannelInboundHandlerAdapter {
        final AtomicInteger count = new AtomicInteger();

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            count.incrementAndGet();
        }
    }

    private static void end(BatonLoop loop) {
        loop.shutdownGracefully(0, 10, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static List<String> kinds(TestLoops loops) {
        List<String> kinds = new ArrayList<>();
        loops.table().forEach(each -> kinds.add(each.kind().word()));
        return kinds;
    }

    /** A poller's own fds go with its last user, who may be the thread that woke it up. */
    private static void nothingIsLeft(TestLoops loops) {
        await().untilAsserted(() -> assertThat(kinds(loops)).isEmpty());
        assertThat(loops.counters().openFds()).isZero();
        assertThat(loops.counters().orphans()).isZero();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void everyChannelOfALoopEndsWithIt(PollerProvider poller) throws Exception {
        TestLoops loops = TestLoops.start(poller, 1);
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            BatonLoop loop = loops.loop(0);
            Inactive inactive = new Inactive();
            List<Channel> channels = new ArrayList<>();

            MovableSocketChannel writing = loops.connect(loop, server.getLocalSocketAddress(), inactive);
            Socket writingPeer = server.accept();
            // More than the kernel takes while nobody reads.
            ChannelFuture write = writing.writeAndFlush(Unpooled.directBuffer().writeZero(64 << 20));
            channels.add(writing);

            channels.add(loops.connect(loop, server.getLocalSocketAddress(), shared(inactive)));
            Socket idlePeer = server.accept();

            channels.add(new Bootstrap()
                    .group(loop)
                    .channelFactory(() -> new PinnedSocketChannel(loops.env()))
                    .handler(shared(inactive))
                    .connect(server.getLocalSocketAddress())
                    .sync()
                    .channel());
            Socket pinnedPeer = server.accept();

            channels.add(new Bootstrap()
                    .group(loop)
                    .channelFactory(() -> new FdDatagramChannel(loops.env()))
                    .handler(shared(inactive))
                    .bind(ANY_PORT)
                    .sync()
                    .channel());
            channels.add(new ServerBootstrap()
                    .group(loop)
                    .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                    .handler(shared(inactive))
                    .childHandler(new ChannelInboundHandlerAdapter())
                    .bind(ANY_PORT)
                    .sync()
                    .channel());
            assertThat(write.isDone()).isFalse();

            end(loop);

            assertThat(write.isDone()).isTrue();
            assertThat(write.isSuccess()).isFalse();
            assertThat(channels).allSatisfy(each -> {
                assertThat(each.isOpen()).isFalse();
                assertThat(each.isActive()).isFalse();
                assertThat(each.closeFuture().isDone()).isTrue();
            });
            assertThat(inactive.count).hasValue(channels.size());
            nothingIsLeft(loops);
            // The peers are told: with data that nobody has read, by a reset.
            assertThat(idlePeer.getInputStream().read()).isEqualTo(-1);
            assertThat(pinnedPeer.getInputStream().read()).isEqualTo(-1);
            writingPeer.close();
            idlePeer.close();
            pinnedPeer.close();
        } finally {
            loops.close();
        }
    }

    /** The same counter in another pipeline: handlers are not sharable. */
    private static ChannelInboundHandlerAdapter shared(Inactive counter) {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                counter.count.incrementAndGet();
            }
        };
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aHandlerThatAlwaysConnectsAgainDoesNotKeepTheLoopNorAnFd(PollerProvider poller) throws Exception {
        TestLoops loops = TestLoops.start(poller, 1);
        try (ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            BatonLoop loop = loops.loop(0);
            List<ChannelFuture> connects = new ArrayList<>();
            final class Again extends ChannelInboundHandlerAdapter {
                @Override
                public void channelInactive(ChannelHandlerContext ctx) {
                    connects.add(new Bootstrap()
                            .group(loop)
                            .channelFactory(() -> new MovableSocketChannel(loops.env(), "test"))
                            .handler(new Again())
                            .connect(server.getLocalSocketAddress()));
                }
            }
            loops.connect(loop, server.getLocalSocketAddress(), new Again());
            end(loop);
            assertThat(connects).isNotEmpty().allSatisfy(each -> {
                assertThat(each.isDone()).isTrue();
                assertThat(each.channel().isOpen()).isFalse();
            });
            nothingIsLeft(loops);
        } finally {
            loops.close();
        }
    }

    @Test
    void whatBelongsToOtherLoopsStays() throws Exception {
        TestLoops loops = TestLoops.start(Pollers.chosen(), 2);
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            on(loops.loop(0), () -> null);
            MovableSocketChannel moved =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            Socket peer = server.accept();
            on(loops.loop(1), () -> {
                assertThat(moved.takeover(loops.loop(1))).isEqualTo(dev.baton.spi.fd.TakeoverResult.TAKEN);
                moved.leave();
                return null;
            });
            int number = loops.posix().socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
            Fd shared = loops.table().fdInsertShared(number, FdKind.LISTENER, "test", new Deaf(), 0, 1);
            loops.table().leave(shared);

            end(loops.loop(0));

            assertThat(loops.table().isLive(shared)).isTrue();
            FdTable.Entry entry = on(loops.loop(1), () -> {
                FdTable.Entry entered = loops.table().enter(shared.number(), shared.generation(), 1);
                loops.table().leave(shared);
                return entered;
            });
            assertThat(entry).isEqualTo(FdTable.Entry.ENTERED);
            assertThat(moved.isActive()).isTrue();
            moved.writeAndFlush(Unpooled.directBuffer().writeByte('!')).sync();
            assertThat(peer.getInputStream().read()).isEqualTo('!');
            assertThat(loops.table().fdDelete(shared)).isTrue();
            peer.close();
        } finally {
            loops.close();
        }
        nothingIsLeft(loops);
    }

    /** A listener that is never called. */
    private static final class Deaf implements dev.baton.runtime.fd.FdHandler {
        @Override
        public void dispatch(int loop, int ready) {
            throw new AssertionError("dispatched");
        }

        @Override
        public void finalizing(int lastOwner) {}

        @Override
        public void closed() {}
    }
}
