package dev.baton.it.pool;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Upstream connections on real sockets: opened, kept, taken, taken over, noticed when they die. */
@Timeout(60)
class UpstreamsIT {

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}

    private static ServerSocket listen() throws Exception {
        return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    }

    private static String address(ServerSocket server) {
        return "127.0.0.1:" + server.getLocalPort();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionIsUsedAgainByItsLoopAndByAnother(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            BatonLoop b = rig.loops.loop(1);
            MovableChannel connection = rig.connect(connections, a);
            assertThat(rig.snapshot().inUse()).isEqualTo(1);

            rig.release(connections, a, connection);
            assertThat(rig.snapshot().idle()).isEqualTo(1);
            assertThat(rig.snapshot().inUse()).isZero();
            assertThat(rig.take(connections, a)).isSameAs(connection);

            rig.release(connections, a, connection);
            assertThat(rig.take(connections, b)).isSameAs(connection);
            assertThat(connection.loop()).isSameAs(b);
            assertThat(rig.take(connections, b)).isNull();

            assertThat(rig.snapshot().connects()).isEqualTo(1);
            assertThat(rig.snapshot().reusesLocal()).isEqualTo(1);
            assertThat(rig.snapshot().reusesTakeover()).isEqualTo(1);
            assertThat(rig.metric("baton_upstream_connects_total", "upstream", "app"))
                    .isEqualTo(1);
            assertThat(rig.metric("baton_upstream_reuses_total", "upstream", "app", "how", "local"))
                    .isEqualTo(1);
            assertThat(rig.metric("baton_upstream_reuses_total", "upstream", "app", "how", "takeover"))
                    .isEqualTo(1);
        }
    }

    /** Whoever asked for it may have been an exchange of a plugin that is replaced while the connection lives on. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionDoesNotHoldWhoAskedForIt(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections connections = rig.connections(new Nothing());
            MovableChannel connection = rig.connect(connections, rig.loops.loop(0));
            rig.release(connections, rig.loops.loop(0), connection);
            await().until(() -> {
                System.gc();
                return rig.lastHandler.get() == null;
            });
            assertThat(connection.isOpen()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionThatThePeerClosesWhileIdleIsForgotten(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            MovableChannel connection = rig.connect(connections, a);
            Socket peer = server.accept();
            // Reading was off at the end of the exchange: the release must see to it that the close is noticed.
            on(a, () -> connection.config().setAutoRead(false));
            rig.release(connections, a, connection);

            peer.close();
            await().until(() -> !connection.isOpen());
            await().until(() -> rig.snapshot().idle() == 0);
            assertThat(rig.take(connections, a)).isNull();
            assertThat(rig.take(connections, rig.loops.loop(1))).isNull();
            assertThat(rig.snapshot().inUse()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatABusyLoopHasNotSeenIsNotUsed(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            BatonLoop b = rig.loops.loop(1);
            for (String reason : List.of("bytes", "end", "reset")) {
                MovableChannel connection = rig.connect(connections, a);
                Socket peer = server.accept();
                rig.release(connections, a, connection);
                CountDownLatch busy = new CountDownLatch(1);
                CountDownLatch free = new CountDownLatch(1);
                a.execute(() -> {
                    busy.countDown();
                    awaitUninterruptibly(free);
                });
                awaitUninterruptibly(busy);
                if (reason.equals("bytes")) {
                    peer.getOutputStream().write('x');
                } else {
                    peer.setSoLinger(reason.equals("reset"), 0);
                    peer.close();
                }
                assertThat(rig.take(connections, b)).as(reason).isNull();
                assertThat(connection.isOpen()).isFalse();
                assertThat(rig.metric("baton_upstream_discards_total", "upstream", "app", "reason", reason))
                        .isEqualTo(1);
                free.countDown();
                peer.close();
            }
            assertThat(rig.snapshot().idle()).isZero();
            assertThat(rig.snapshot().inUse()).isZero();
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            assertThat(latch.await(20, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatIsMoreThanIdleMaxIsClosed(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = new UpstreamRig(
                        poller,
                        2,
                        List.of(address(server)),
                        UpstreamRig.LONG,
                        1,
                        Duration.ofMinutes(1),
                        Sharing.TAKEOVER)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            MovableChannel first = rig.connect(connections, a);
            MovableChannel second = rig.connect(connections, a);
            rig.release(connections, a, first);
            rig.release(connections, a, second);
            await().until(() -> !second.isOpen());
            assertThat(first.isOpen()).isTrue();
            assertThat(rig.snapshot().idle()).isEqualTo(1);
            await().until(() -> rig.snapshot().inUse() == 0);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatIsIdleForTooLongIsClosed(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = new UpstreamRig(
                        poller,
                        2,
                        List.of(address(server)),
                        UpstreamRig.LONG,
                        10,
                        Duration.ofMillis(100),
                        Sharing.TAKEOVER)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            MovableChannel connection = rig.connect(connections, a);
            long put = System.nanoTime();
            rig.release(connections, a, connection);
            await().until(() -> !connection.isOpen());
            assertThat(Duration.ofNanos(System.nanoTime() - put)).isGreaterThanOrEqualTo(Duration.ofMillis(100));
            await().until(() -> rig.snapshot().idle() == 0);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void closingThePoolsClosesWhatIsIdleAndLaterWhatIsInUse(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            MovableChannel used = rig.connect(connections, a);
            MovableChannel idle = rig.connect(connections, a);
            rig.release(connections, a, idle);
            rig.closePools();
            await().until(() -> !idle.isOpen());
            assertThat(used.isOpen()).isTrue();
            rig.release(connections, a, used);
            await().until(() -> !used.isOpen());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRefusedConnectIsToldOnceAndLeavesNothing(PollerProvider poller) throws Exception {
        try (Socket nobodyListens = new Socket()) {
            nobodyListens.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (UpstreamRig rig = UpstreamRig.simple(poller, "127.0.0.1:" + nobodyListens.getLocalPort())) {
                UpstreamConnections connections = rig.connections(new Nothing());
                assertThatThrownBy(() -> rig.connect(connections, rig.loops.loop(0)))
                        .hasCauseInstanceOf(ConnectException.class)
                        .hasMessageContaining("ECONNREFUSED");
                assertThat(rig.metric("baton_upstream_connect_failures_total", "upstream", "app"))
                        .isEqualTo(1);
                assertThat(rig.snapshot().inUse()).isZero();
                assertThat(rig.snapshot().connects()).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatDoesNotAnswerIsGivenUpInTime(PollerProvider poller) throws Exception {
        try (DeafServer server = new DeafServer();
                UpstreamRig rig = rig(poller, server.address(), UpstreamRig.SHORT)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            assertThatThrownBy(() -> rig.connect(connections, rig.loops.loop(0)))
                    .hasCauseInstanceOf(ConnectTimeoutException.class);
        }
    }

    private static UpstreamRig rig(PollerProvider poller, String server, Duration connectTimeout) {
        return new UpstreamRig(poller, 2, List.of(server), connectTimeout, 10, Duration.ofMinutes(1), Sharing.TAKEOVER);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aNameThatDoesNotExistFailsTheConnect(PollerProvider poller) throws Exception {
        try (UpstreamRig rig = UpstreamRig.simple(poller, "nowhere.test:80")) {
            UpstreamConnections connections = rig.connections(new Nothing());
            assertThatThrownBy(() -> rig.connect(connections, rig.loops.loop(0)))
                    .hasCauseInstanceOf(UnknownHostException.class)
                    .hasMessageContaining("nowhere.test:80");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aNameServerThatDoesNotAnswerCountsAgainstTheTimeout(PollerProvider poller) throws Exception {
        try (UpstreamRig rig = rig(poller, "silent.test:80", UpstreamRig.SHORT)) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            assertThatThrownBy(() -> rig.connect(connections, a)).hasCauseInstanceOf(ConnectTimeoutException.class);
            // The answer comes late: nobody is told a second time, nothing is opened.
            rig.names.unanswered.remove().found(List.of(InetAddress.getLoopbackAddress()));
            on(a, () -> true);
            assertThat(rig.metric("baton_upstream_connect_failures_total", "upstream", "app"))
                    .isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerMayBeAListenerOfThisProcess(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, "listener:origin")) {
            UpstreamConnections connections = rig.connections(new Nothing());
            assertThatThrownBy(() -> rig.connect(connections, rig.loops.loop(0)))
                    .hasCauseInstanceOf(ConnectException.class)
                    .hasMessageContaining("listener:origin");
            rig.listeners.put("origin", server.getLocalSocketAddress());
            assertThat(rig.connect(connections, rig.loops.loop(0)).isActive()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aHandlerThatThrowsLosesItsConnectionAndNothingElse(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig rig = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections connections = rig.connections(new Nothing());
            BatonLoop a = rig.loops.loop(0);
            CompletableFuture<MovableChannel> told = new CompletableFuture<>();
            UpstreamServer only = rig.upstream().next();
            on(a, () -> {
                connections.connect(only, a, new ConnectHandler() {
                    @Override
                    public void connected(MovableChannel connection) {
                        told.complete(connection);
                        throw new StackOverflowError("planted");
                    }

                    @Override
                    public void failed(Throwable cause) {
                        told.completeExceptionally(cause);
                    }
                });
                return true;
            });
            MovableChannel lost = told.get(20, TimeUnit.SECONDS);
            await().until(() -> !lost.isOpen());
            await().until(() -> rig.snapshot().inUse() == 0);
            assertThat(rig.connect(connections, a).isActive()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void serversTakeTurns(PollerProvider poller) throws Exception {
        try (UpstreamRig rig = new UpstreamRig(
                poller,
                1,
                List.of("127.0.0.1:1", "[::1]:2", "127.0.0.2:3"),
                UpstreamRig.SHORT,
                1,
                Duration.ofMinutes(1),
                Sharing.TAKEOVER)) {
            List<String> seen = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                seen.add(rig.upstream().next().address());
            }
            assertThat(seen)
                    .containsExactly("127.0.0.1:1", "[::1]:2", "127.0.0.2:3", "127.0.0.1:1", "[::1]:2", "127.0.0.2:3");
        }
    }
}
