package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** R10: an error at each step of a connection's life leaks no fd and closes none twice. */
@Timeout(60)
class ChannelFaultsIT {
    private static final Posix REAL = new JnrPosix();
    private static final int EPOLL_CTL_ADD = 1;

    private final FaultyPosix faults = new FaultyPosix(REAL);
    private TestLoops loops;
    private ServerSocket server;
    private long openBefore;

    @BeforeEach
    void start() throws Exception {
        loops = TestLoops.start(new EpollProvider(), faults.posix(), 2);
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        on(loops.loop(0), () -> null);
        on(loops.loop(1), () -> null);
        openBefore = loops.counters().openFds();
    }

    @AfterEach
    void nothingIsLeftOver() throws Exception {
        server.close();
        on(loops.loop(0), () -> null);
        on(loops.loop(1), () -> null);
        assertThat(loops.counters().openFds()).isEqualTo(openBefore);
        assertThat(loops.counters().orphans()).isZero();
        loops.close();
    }

    static Stream<Arguments> faultsOfConnect() {
        return Stream.of(
                Arguments.of("socket", -1, 0, -Errno.EMFILE, "EMFILE"),
                Arguments.of("setIntOption", 2, SocketOptions.TCP_NODELAY, -Errno.ENOBUFS, "ENOBUFS"),
                Arguments.of("connect", -1, 0, -Errno.ENETUNREACH, "ENETUNREACH"),
                Arguments.of("connect", -1, 0, -Errno.EADDRNOTAVAIL, "EADDRNOTAVAIL"),
                Arguments.of("epollCtl", 1, EPOLL_CTL_ADD, -Errno.ENOSPC, "ENOSPC"),
                Arguments.of("socketError", -1, 0, Errno.ECONNREFUSED, "ECONNREFUSED"));
    }

    @ParameterizedTest(name = "{0} {4}")
    @MethodSource("faultsOfConnect")
    void aFailedConnectFailsItsPromiseAndClosesOnce(String method, int argument, int value, int result, String name)
            throws Exception {
        if (argument < 0) {
            faults.plant(method, result);
        } else {
            faults.plant(method, argument, value, result, Integer.MAX_VALUE);
        }
        MovableSocketChannel channel = new MovableSocketChannel(loops.env(), "test");
        ChannelFuture connect = new Bootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> channel)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(server.getLocalSocketAddress())
                .await();
        assertThat(connect.isSuccess()).isFalse();
        assertThat(connect.cause()).hasStackTraceContaining(name);
        assertThat(channel.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
        if (channel.fd() != null) {
            on(loops.loop(0), () -> null);
            assertThat(faults.closes(channel.fd().number())).isEqualTo(1);
        }
    }

    @Test
    void aTakeoverThatCannotBePolledClosesTheConnection() throws Exception {
        // R31: wholly with the old owner, wholly with the new one, or gone.
        CountDownLatch inactive = new CountDownLatch(1);
        MovableSocketChannel channel =
                loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                        inactive.countDown();
                    }
                });
        int number = channel.fd().number();
        faults.plant("epollCtl", 1, EPOLL_CTL_ADD, -Errno.ENOMEM, 1);
        BatonLoop thief = loops.loop(1);
        assertThat(on(thief, () -> channel.takeover(thief))).isEqualTo(TakeoverResult.GONE);
        assertThat(inactive.await(10, TimeUnit.SECONDS)).isTrue();
        on(loops.loop(0), () -> null);
        assertThat(faults.closes(number)).isEqualTo(1);
        try (Socket peer = server.accept()) {
            assertThat(peer.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aReadThatFailsTellsTheHandlersAndClosesOnce() throws Exception {
        CountDownLatch told = new CountDownLatch(2);
        MovableSocketChannel channel =
                loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                        assertThat(cause).hasMessageContaining("ECONNRESET");
                        told.countDown();
                    }

                    @Override
                    public void channelInactive(ChannelHandlerContext ctx) {
                        told.countDown();
                    }
                });
        int number = channel.fd().number();
        faults.plant("recv", 0, number, -Errno.ECONNRESET, Integer.MAX_VALUE);
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('x');
            assertThat(told.await(10, TimeUnit.SECONDS)).isTrue();
        }
        on(loops.loop(0), () -> null);
        assertThat(faults.closes(number)).isEqualTo(1);
    }

    @Test
    void aWriteThatFailsFailsItsPromiseAndClosesOnce() throws Exception {
        MovableSocketChannel channel =
                loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
        int number = channel.fd().number();
        faults.plant("send", 0, number, -Errno.EPIPE, Integer.MAX_VALUE);
        ChannelFuture write =
                channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {1})).await();
        assertThat(write.cause()).hasMessageContaining("EPIPE");
        assertThat(channel.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
        on(loops.loop(0), () -> null);
        assertThat(faults.closes(number)).isEqualTo(1);
    }

    @Test
    void interruptedCallsLoseNothing() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        MovableSocketChannel channel =
                loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        ctx.writeAndFlush(msg);
                        read.countDown();
                    }
                });
        int number = channel.fd().number();
        faults.plant("send", 0, number, -Errno.EINTR, 3);
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('x');
            assertThat(read.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(peer.getInputStream().read()).isEqualTo('x');
        }
        assertThat(channel.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anFdThatWasDupedWakesNobodyAfterItsDelete() throws Exception {
        // R16
        MovableSocketChannel channel =
                loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
        int copy = REAL.dup(channel.fd().number());
        try (Socket peer = server.accept()) {
            loops.table().heldElsewhere(channel.fd());
            assertThat(loops.table().fdDelete(channel.fd())).isTrue();
            on(loops.loop(0), () -> null);
            long stale = loops.counters().staleEvents();
            peer.getOutputStream().write('x');
            peer.getOutputStream().flush();
            on(loops.loop(0), () -> null);
            on(loops.loop(0), () -> null);
            assertThat(loops.counters().staleEvents()).isEqualTo(stale);
        } finally {
            REAL.close(copy);
        }
    }
}
