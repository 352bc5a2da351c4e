package dev.baton.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upstream.IdleConnection;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import dev.baton.spi.upstream.UpstreamConnections;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Idle upstream connections that leave the pools of one process for those of the next: here two sets of loops, tables
 * and pools. What goes must be whole: not in use, nothing unread, nothing that its handlers know; and it is not shut
 * down on the way.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GivenConnectionsIT {

    @ChannelHandler.Sharable
    private static final class Bare extends ChannelInboundHandlerAdapter {}

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    }

    private static String address(ServerSocket server) {
        return "127.0.0.1:" + server.getLocalPort();
    }

    private static UpstreamConnections bare(UpstreamRig rig) {
        return rig.upstream().connections("bare", new Bare(), true);
    }

    private static <T> T on(BatonLoop loop, Callable<T> body) throws Exception {
        CompletableFuture<T> done = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                done.complete(body.call());
            } catch (Throwable t) {
                done.completeExceptionally(t);
            }
        });
        return done.get(20, TimeUnit.SECONDS);
    }

    private static List<IdleConnection> give(UpstreamRig rig, BatonLoop loop) throws Exception {
        List<IdleConnection> given = new ArrayList<>();
        on(loop, () -> {
            rig.upstreams().give(loop, given::add);
            return true;
        });
        return given;
    }

    private static boolean receive(UpstreamRig rig, BatonLoop loop, IdleConnection idle) throws Exception {
        return on(loop, () -> receiveHere(rig, loop, idle));
    }

    private static boolean receiveHere(UpstreamRig rig, BatonLoop loop, IdleConnection idle) throws IOException {
        return rig.upstreams()
                .receive(
                        idle,
                        rig.loops.env().posix().remoteAddress(idle.number()),
                        loop,
                        (plugin, on, number, peer) ->
                                MovableSocketChannel.inherited(rig.loops.env(), plugin, on, number, peer));
    }

    private static void discard(UpstreamRig rig, IdleConnection idle) {
        rig.loops.env().table().fdDelete(rig.loops.env().table().fdInsert(idle.number(), FdKind.UPSTREAM));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theNextProcessGoesOnWithIt(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server));
                UpstreamRig next = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = bare(old);
            UpstreamConnections after = bare(next);
            BatonLoop loop = old.loops.loop(0);
            MovableChannel inUse = old.connect(before, loop);
            MovableChannel idle = old.connect(before, loop);
            old.release(before, loop, idle);
            server.accept();
            try (Socket peer = server.accept()) {
                // By another loop than has it: taken over, as every take would.
                List<IdleConnection> given = give(old, old.loops.loop(1));
                assertThat(given).hasSize(1);
                IdleConnection one = given.get(0);
                assertThat(one.upstream()).isEqualTo("app");
                assertThat(one.server()).isEqualTo(address(server));
                assertThat(one.plugin()).isEqualTo("test");
                assertThat(one.profile()).isEqualTo("bare");
                await().until(() -> !idle.isOpen());
                await().until(() -> old.snapshot().idle() + old.snapshot().inUse() == 1);
                assertThat(inUse.isOpen()).as("one that is in use").isTrue();

                BatonLoop there = next.loops.loop(1);
                assertThat(receive(next, there, one)).isTrue();
                await().until(() -> next.snapshot().idle() == 1);
                assertThat(next.snapshot().inUse()).isZero();
                assertThat(next.snapshot().connects()).isZero();

                MovableChannel taken = next.take(after, next.loops.loop(0));
                assertThat(taken).isNotNull();
                taken.writeAndFlush(Unpooled.copiedBuffer(new byte[] {42}));
                assertThat(peer.getInputStream().read())
                        .as("it was not shut down")
                        .isEqualTo(42);
                // And its end is noticed here.
                peer.close();
                await().until(() -> !taken.isOpen());
                await().until(() -> next.snapshot().idle() + next.snapshot().inUse() == 0);
            }
        }
    }

    /** Bytes on an idle connection belong to nobody: it is closed, as it would have been a moment later. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void oneWithBytesToBeReadIsClosedAndDoesNotGo(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = bare(old);
            BatonLoop loop = old.loops.loop(0);
            MovableChannel idle = old.connect(before, loop);
            old.release(before, loop, idle);
            try (Socket peer = server.accept()) {
                List<IdleConnection> given = new ArrayList<>();
                Posix posix = old.loops.env().posix();
                int number = idle.fd().number();
                on(loop, () -> {
                    // On the loop: nobody reads what comes meanwhile.
                    peer.getOutputStream().write(1);
                    try (NativeMemory octet = NativeMemory.allocate(1)) {
                        while (posix.recv(number, octet.address(), 1, Sockets.MSG_PEEK) != 1) {
                            Thread.onSpinWait();
                        }
                    }
                    old.upstreams().give(loop, given::add);
                    return true;
                });
                assertThat(given).isEmpty();
                await().until(() -> !idle.isOpen());
                await().until(() -> old.snapshot().idle() + old.snapshot().inUse() == 0);
            }
        }
    }

    /**
     * F9: it came when neither process was looking, and the next one is asked for a connection before it has polled.
     */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void oneOnWhichBytesComeOnTheWayIsNotUsed(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server));
                UpstreamRig next = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = bare(old);
            UpstreamConnections after = bare(next);
            BatonLoop loop = old.loops.loop(0);
            old.release(before, loop, old.connect(before, loop));
            IdleConnection one = give(old, loop).get(0);
            BatonLoop there = next.loops.loop(0);
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write(1);
                assertThat(on(there, () -> {
                            assertThat(receiveHere(next, there, one)).isTrue();
                            assertThat(next.snapshot().idle()).isEqualTo(1);
                            return Optional.ofNullable(
                                    after.take(next.upstream().servers().get(0), there));
                        }))
                        .isEmpty();
                await().until(() -> next.snapshot().idle() + next.snapshot().inUse() == 0);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatIsMoreThanASocketStays(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = old.connections(new Bare());
            BatonLoop loop = old.loops.loop(0);
            MovableChannel idle = old.connect(before, loop);
            old.release(before, loop, idle);
            assertThat(give(old, loop)).isEmpty();
            assertThat(idle.isOpen()).isTrue();
            assertThat(old.snapshot().idle()).isEqualTo(1);
        }
    }

    /** R49: what a connection is for is what the other process says; where it goes is what the kernel says. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void nothingIsTakenThatIsNotForHere(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                ServerSocket other = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server));
                UpstreamRig next = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = bare(old);
            bare(next);
            next.connections(new Bare());
            BatonLoop loop = old.loops.loop(0);
            MovableChannel idle = old.connect(before, loop);
            old.release(before, loop, idle);
            IdleConnection one = give(old, loop).get(0);
            BatonLoop there = next.loops.loop(0);
            for (IdleConnection wrong : List.of(
                    new IdleConnection("other", one.server(), "test", "bare", 0, one.number()),
                    new IdleConnection("app", address(other), "test", "bare", 0, one.number()),
                    new IdleConnection("app", one.server(), "test", "unknown", 0, one.number()),
                    new IdleConnection("app", one.server(), "test", "test", 0, one.number()))) {
                assertThat(receive(next, there, wrong)).as(wrong.toString()).isFalse();
            }
            // A connection to somewhere else under a name that is right.
            try (Socket elsewhere = new Socket(other.getInetAddress(), other.getLocalPort())) {
                assertThat(on(
                                there,
                                () -> next.upstreams()
                                        .receive(one, elsewhere.getRemoteSocketAddress(), there, (p, l, n, a) -> {
                                            throw new AssertionError("made a channel");
                                        })))
                        .isFalse();
            }
            assertThat(next.snapshot().idle()).isZero();
            discard(next, one);
        }
    }

    /** Two plugins have a profile of one name, and their handlers have nothing in common. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionStaysWithThePluginThatOpenedIt(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server));
                UpstreamRig next = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections mine = bare(old);
            UpstreamConnections theirs =
                    old.upstreams().use("other", 0).upstream("app").connections("bare", new Bare(), true);
            BatonLoop loop = old.loops.loop(0);
            old.release(mine, loop, old.connect(mine, loop));
            assertThat(old.take(theirs, loop)).as("by another plugin").isNull();

            // The next process has that other plugin only: it does not get the connection.
            UpstreamConnections there =
                    next.upstreams().use("other", 0).upstream("app").connections("bare", new Bare(), true);
            IdleConnection one = give(old, loop).get(0);
            BatonLoop last = next.loops.loop(0);
            assertThat(receive(next, last, one)).isFalse();

            // An older release does not say whose it is: clear while one plugin alone has such connections.
            IdleConnection unsaid =
                    new IdleConnection(one.upstream(), one.server(), "", one.profile(), one.idleMillis(), one.number());
            bare(next);
            assertThat(receive(next, last, unsaid)).as("two could be meant").isFalse();
            assertThat(receive(next, last, one)).isTrue();
            assertThat(next.take(there, last)).isNull();
            assertThat(next.take(bare(next), last)).isNotNull();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionOfAnOlderReleaseGoesToTheOnlyPluginThatCanBeMeant(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server));
                UpstreamRig next = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = bare(old);
            bare(next);
            BatonLoop loop = old.loops.loop(0);
            old.release(before, loop, old.connect(before, loop));
            IdleConnection one = give(old, loop).get(0);
            IdleConnection unsaid =
                    new IdleConnection(one.upstream(), one.server(), "", one.profile(), one.idleMillis(), one.number());
            assertThat(receive(next, next.loops.loop(0), unsaid)).isTrue();
        }
    }

    /** The pool is full, or the idle timeout was over in the process before: closed, and the accounts are right. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whatThePoolDoesNotKeepIsClosed(PollerProvider poller) throws Exception {
        try (ServerSocket server = listen();
                UpstreamRig old = UpstreamRig.simple(poller, address(server));
                UpstreamRig next = UpstreamRig.simple(poller, address(server))) {
            UpstreamConnections before = bare(old);
            bare(next);
            BatonLoop loop = old.loops.loop(0);
            old.release(before, loop, old.connect(before, loop));
            IdleConnection one = give(old, loop).get(0);
            try (Socket peer = server.accept()) {
                IdleConnection aged = new IdleConnection(
                        one.upstream(),
                        one.server(),
                        one.plugin(),
                        one.profile(),
                        TimeUnit.HOURS.toMillis(1),
                        one.number());
                assertThat(receive(next, next.loops.loop(0), aged)).isTrue();
                assertThat(peer.getInputStream().read()).isEqualTo(-1);
                await().until(() -> next.snapshot().idle() + next.snapshot().inUse() == 0);
            }
        }
    }
}
