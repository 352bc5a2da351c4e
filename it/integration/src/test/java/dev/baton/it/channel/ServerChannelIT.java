package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.channel.FdServerChannel;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.FdUnixServerChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.loop.LoopGroup;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Ticker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AlreadyBoundException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The listening sockets of Netty and Vert.x on Baton's loops: accepting, pausing, errors, the end. */
@Timeout(60)
class ServerChannelIT {
    private static final Posix REAL = new JnrPosix();
    private static final long PAUSE_MS = 100;
    private static final int CLIENTS = 200;

    private final FaultyPosix faults = new FaultyPosix(REAL);
    private final List<Socket> clients = new ArrayList<>();
    private final Queue<Channel> accepted = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> caught = new ConcurrentLinkedQueue<>();
    private final AtomicInteger inactive = new AtomicInteger();
    private TestLoops loops;
    private long openBefore;

    private void start(PollerProvider poller) throws Exception {
        loops = TestLoops.start(poller, faults.posix(), 2);
        on(loops.loop(0), () -> null);
        on(loops.loop(1), () -> null);
        openBefore = loops.counters().openFds();
    }

    @AfterEach
    void nothingIsLeftOver() throws Exception {
        faults.heal();
        for (Socket client : clients) {
            client.close();
        }
        for (Channel child : accepted) {
            child.close().sync();
        }
        await().until(() -> loops.counters().openFds() == openBefore);
        assertThat(loops.counters().orphans()).isZero();
        loops.close();
    }

    private ServerBootstrap bootstrap() {
        return bootstrap(loops.loop(1), new ChannelInboundHandlerAdapter());
    }

    /** Listens on loop 0. */
    private ServerBootstrap bootstrap(EventLoopGroup children, ChannelHandler handler) {
        return new ServerBootstrap()
                .group(loops.loop(0), children)
                .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                .handler(handler)
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

    private static SocketAddress anywhere() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private static FdServerChannel bind(ServerBootstrap bootstrap) {
        return (FdServerChannel)
                bootstrap.bind(anywhere()).syncUninterruptibly().channel();
    }

    private Socket client(Channel server) throws IOException {
        Socket client = new Socket();
        clients.add(client);
        client.connect(server.localAddress());
        client.setSoTimeout((int) TimeUnit.SECONDS.toMillis(20));
        return client;
    }

    /** Ends with the connection, in whatever way. */
    private static void assertClosed(Socket client) throws IOException {
        try {
            assertThat(client.getInputStream().read()).isEqualTo(-1);
        } catch (SocketException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    private void awaitAccepted(int count) {
        await().until(() -> accepted.size() == count);
    }

    private int option(Channel channel, int level, int option) {
        return REAL.intOption(((PinnedSocketChannel) channel).fd().number(), level, option);
    }

    // ---- accepting ------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void acceptsMany(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = bind(bootstrap());
        for (int i = 0; i < CLIENTS; i++) {
            client(server);
        }
        awaitAccepted(CLIENTS);
        SocketAddress address = server.localAddress();
        server.close().sync();
        assertThat(server.localAddress()).isEqualTo(address);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void acceptsNothingWhileAutoReadIsOff(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = bind(bootstrap().option(ChannelOption.AUTO_READ, false));
        for (int i = 0; i < 3; i++) {
            client(server);
        }
        // The events of all three have been seen, or would be by a later turn.
        on(loops.loop(0), () -> null);
        on(loops.loop(0), () -> null);
        int turns = turns();
        on(loops.loop(0), () -> null);
        assertThat(faults.calls("accept")).isZero();
        assertThat(turns() - turns)
                .as("a level is not reported again and again")
                .isLessThan(20);

        server.read();
        awaitAccepted(1);
        on(loops.loop(0), () -> null);
        assertThat(faults.calls("accept")).as("one read is one connection").isEqualTo(1);

        server.config().setAutoRead(true);
        awaitAccepted(3);
        server.config().setAutoRead(false);
        on(loops.loop(0), () -> null);
        int calls = faults.calls("accept");
        client(server);
        on(loops.loop(0), () -> null);
        assertThat(faults.calls("accept")).isEqualTo(calls);
        server.config().setAutoRead(true);
        awaitAccepted(4);
        server.close().sync();
    }

    private int turns() {
        return (int) loops.loop(0).turns();
    }

    // ---- errors of accept -----------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void pausesWithoutFdsAndComesBack(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = bind(bootstrap());
        faults.plant("accept", -Errno.EMFILE);
        long began = System.nanoTime();
        int turns = turns();
        // Each is an event, which must not end the pause or begin another one.
        for (int i = 0; i < 20; i++) {
            client(server);
        }
        await().until(() -> faults.calls("accept") >= 4);
        int calls = faults.calls("accept");
        long pauses = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began) / PAUSE_MS;
        assertThat((long) calls).isLessThanOrEqualTo(pauses + 2);
        assertThat(turns() - turns).as("turns while nothing can be done").isLessThan(20 + 20 * calls);
        assertThat(caught).isEmpty();
        faults.heal();
        awaitAccepted(20);
        server.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void autoReadIsSwitchedDuringAPause(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = bind(bootstrap());
        faults.plant("accept", -Errno.EMFILE);
        client(server);
        client(server);
        await().until(() -> faults.calls("accept") >= 1);
        server.config().setAutoRead(false);
        on(loops.loop(0), () -> null);
        faults.heal();
        int calls = faults.calls("accept");
        // Until the pause is certainly over: its timer is older than this one.
        loops.loop(0).schedule(() -> null, 2 * PAUSE_MS, TimeUnit.MILLISECONDS).sync();
        assertThat(faults.calls("accept")).isEqualTo(calls);
        assertThat(accepted).isEmpty();
        server.config().setAutoRead(true);
        awaitAccepted(2);
        server.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anErrorOfOneConnectionCostsNoOther(PollerProvider poller) throws Exception {
        start(poller);
        FdServerChannel server = bind(bootstrap().option(ChannelOption.AUTO_READ, false));
        for (int i = 0; i < 3; i++) {
            client(server);
        }
        faults.plant("accept", 0, server.fd().number(), -Errno.ENETDOWN, 2);
        server.config().setAutoRead(true);
        awaitAccepted(3); // the planted error has taken none of them
        assertThat(caught).isEmpty();
        server.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anUnknownErrorIsToldAndTheServerGoesOn(PollerProvider poller) throws Exception {
        start(poller);
        FdServerChannel server = bind(bootstrap(loops.loop(1), new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                caught.add(cause);
                ctx.fireExceptionCaught(cause);
            }
        }));
        faults.plant("accept", 0, server.fd().number(), -Errno.EINVAL, 1);
        client(server);
        awaitAccepted(1);
        assertThat(caught).hasSize(1).first().asString().contains("EINVAL");
        assertThat(server.isActive()).isTrue();
        server.close().sync();
    }

    /** A security module may refuse every accept with the error that a firewall has for one connection. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void shouldTellAndPauseIfNoAcceptWorks(PollerProvider poller) throws Exception {
        start(poller);
        FdServerChannel server = bind(bootstrap(loops.loop(1), new ChannelInboundHandlerAdapter() {
            @Override
            public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                caught.add(cause);
            }
        }));
        faults.plant("accept", 0, server.fd().number(), -Errno.EPERM, 127);
        client(server);
        awaitAccepted(1);
        assertThat(caught).isEmpty();
        faults.plant("accept", 0, server.fd().number(), -Errno.EPERM, 128);
        client(server);
        awaitAccepted(2);
        assertThat(caught).hasSize(1).first().asString().contains("EPERM");
        server.close().sync();
    }

    // ---- children that nobody gets --------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChildOfAnEndedLoopIsClosed(PollerProvider poller) throws Exception {
        start(poller);
        LoopGroup ended = new LoopGroup(
                1,
                new DefaultThreadFactory("ended"),
                poller,
                faults.posix(),
                loops.table(),
                loops.observers(),
                loops.registry(),
                Ticker.systemTicker());
        ended.shutdownGracefully(0, 0, TimeUnit.SECONDS).sync();
        Channel server = bind(bootstrap(ended, new ChannelInboundHandlerAdapter()));
        assertClosed(client(server));
        assertThat(server.isActive()).isTrue();
        server.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChildWhoseRegistrationFailsIsClosed(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = bind(bootstrap().childOption(ChannelOption.SO_KEEPALIVE, true));
        faults.plant("setIntOption", 2, SocketOptions.SO_KEEPALIVE, -Errno.ENOBUFS, 1);
        assertClosed(client(server));
        client(server);
        awaitAccepted(1);
        server.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChildThatAHandlerThrowsAtIsClosed(PollerProvider poller) throws Exception {
        start(poller);
        AtomicInteger seen = new AtomicInteger();
        Channel server = bind(bootstrap(loops.loop(1), new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object child) {
                if (seen.getAndIncrement() == 0) {
                    throw new IllegalStateException("planted");
                }
                ctx.fireChannelRead(child);
            }
        }));
        assertClosed(client(server));
        client(server);
        awaitAccepted(1);
        assertThat(server.isActive()).isTrue();
        assertThat(loops.failures()).hasSize(1).first().asString().contains("planted");
        server.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChildThatNoHandlerTakesIsClosed(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = new FdTcpServerChannel(loops.env());
        loops.loop(0).register(server).sync();
        server.bind(anywhere()).sync();
        assertClosed(client(server));
        server.close().sync();
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void closesWhileConnectionsWait(PollerProvider poller) throws Exception {
        start(poller);
        FdServerChannel server = bind(bootstrap().option(ChannelOption.AUTO_READ, false));
        for (int i = 0; i < 5; i++) {
            client(server);
        }
        faults.forgetCloses();
        server.close().sync();
        assertThat(faults.closes(server.fd().number())).isEqualTo(1);
        for (Socket client : clients) {
            assertClosed(client);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aDeletionFromOutsideIsToldOnce(PollerProvider poller) throws Exception {
        start(poller);
        FdServerChannel server = bind(bootstrap(loops.loop(1), new ChannelInboundHandlerAdapter() {
            @Override
            public void channelInactive(ChannelHandlerContext ctx) {
                inactive.incrementAndGet();
                ctx.fireChannelInactive();
            }
        }));
        client(server);
        awaitAccepted(1);
        faults.forgetCloses();
        assertThat(loops.table().fdDelete(server.fd())).isTrue();
        assertThat(server.closeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        server.close().sync();
        on(loops.loop(0), () -> null);
        assertThat(inactive).hasValue(1);
        assertThat(faults.closes(server.fd().number())).isEqualTo(1);
        // Its number may be somebody else's: nothing of the channel's reaches the kernel any more.
        int calls = faults.calls("accept");
        server.read();
        server.config().setAutoRead(false);
        server.config().setAutoRead(true);
        on(loops.loop(0), () -> null);
        assertThat(faults.calls("accept")).isEqualTo(calls);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void optionsAfterTheEndOfTheLoopAreNoErrors(PollerProvider poller) throws Exception {
        start(poller);
        Channel server = bind(bootstrap());
        client(server);
        awaitAccepted(1);
        loops.close();
        Channel child = accepted.poll();
        child.config().setOption(ChannelOption.TCP_NODELAY, false);
        server.config().setAutoRead(false);
        assertThat(child.isOpen()).isFalse();
        assertThat(server.isOpen()).isFalse();
        openBefore = loops.counters().openFds();
    }

    // ---- options and addresses ------------------------------------------------------------------------------------

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void childrenHaveTheOptionsThatWereAskedFor(PollerProvider poller) throws Exception {
        start(poller);
        for (boolean noDelay : new boolean[] {true, false}) {
            accepted.clear();
            Channel server = bind(bootstrap()
                    .childOption(ChannelOption.TCP_NODELAY, noDelay)
                    .childOption(ChannelOption.SO_KEEPALIVE, true)
                    .childOption(ChannelOption.IP_TOS, 0x10));
            client(server);
            awaitAccepted(1);
            Channel child = accepted.peek();
            assertThat(child.config().getOption(ChannelOption.TCP_NODELAY)).isEqualTo(noDelay);
            assertThat(option(child, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY) != 0)
                    .isEqualTo(noDelay);
            assertThat(option(child, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE))
                    .isEqualTo(1);
            assertThat(option(child, Sockets.IPPROTO_IP, SocketOptions.IP_TOS)).isEqualTo(0x10);
            child.config().setOption(ChannelOption.TCP_NODELAY, !noDelay);
            await().until(
                            () -> option(child, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY) != 0,
                            now -> now != noDelay);
            child.close().sync();
            server.close().sync();
        }
        Channel plain = bind(bootstrap());
        accepted.clear();
        client(plain);
        awaitAccepted(1);
        assertThat(accepted.peek().config().getOption(ChannelOption.TCP_NODELAY))
                .isTrue();
        assertThat(option(accepted.peek(), Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY))
                .isNotZero();
        plain.close().sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void bindErrorsSayWhatWasBound(PollerProvider poller, @TempDir Path folder) throws Exception {
        start(poller);
        Channel server = bind(bootstrap());
        ChannelFuture taken = bootstrap().bind(server.localAddress()).await();
        assertThat(taken.cause())
                .hasMessageContaining("bind tcp")
                .hasMessageContaining("EADDRINUSE")
                .isInstanceOf(java.net.BindException.class);
        SocketAddress nowhere =
                UnixDomainSocketAddress.of(folder.resolve("missing").resolve("socket"));
        assertThat(new ServerBootstrap()
                        .group(loops.loop(0))
                        .channelFactory(() -> new FdUnixServerChannel(loops.env()))
                        .childHandler(new ChannelInboundHandlerAdapter())
                        .bind(nowhere)
                        .await()
                        .cause())
                .hasMessageContaining("bind unix")
                .hasMessageContaining("ENOENT");
        assertThat(bootstrap().bind(nowhere).await().cause())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("internet addresses");
        assertThat(server.bind(anywhere()).await().cause()).isInstanceOf(AlreadyBoundException.class);
        client(server);
        awaitAccepted(1);
        server.close().sync();
    }
}
