package dev.baton.it.loop;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.takeover.LoopEvacuation;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.ForwardingPoller;
import dev.baton.testkit.ForwardingPollers;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * An Error gets out of a loop and ends its thread: its connections, with what is queued for them and their timers, go
 * to the others, and whoever gives them something to do meanwhile is not refused. Where nobody takes care of deaths
 * they end with it.
 */
@Timeout(60)
class LoopDeathIT {
    private static final int CONNECTIONS = 200;

    /** Makes pollers that fail as often as a loop bears, once they are told to. */
    private static final class Fragile extends ForwardingPollers {
        volatile int broken = -1;

        Fragile(PollerProvider real) {
            super(real);
        }

        @Override
        public Poller open(PollerContext context) throws IOException {
            return new ForwardingPoller(super.open(context)) {
                @Override
                public int poll(long timeoutNanos, PollSink sink) {
                    if (context.loop() == broken) {
                        throw new LinkageError("on request");
                    }
                    return super.poll(timeoutNanos, sink);
                }
            };
        }
    }

    private static void kill(TestLoops loops, Fragile pollers, int loop) {
        pollers.broken = loop;
        loops.loop(loop).execute(() -> {}); // it may sleep
    }

    @Test
    void itsConnectionsGoOnElsewhere() throws Exception {
        Fragile pollers = new Fragile(Pollers.chosen());
        TestLoops loops = TestLoops.start(pollers, 3);
        ExecutorService worker = Executors.newSingleThreadExecutor();
        try (ServerSocket server = new ServerSocket(0, CONNECTIONS, InetAddress.getLoopbackAddress())) {
            BatonLoop mortal = loops.loop(1);
            List<BatonLoop> others = List.of(loops.loop(0), loops.loop(2));
            AtomicReference<Throwable> cause = new AtomicReference<>();
            loops.registry().deaths((dead, thrown) -> {
                cause.set(thrown);
                worker.execute(() -> {
                    while (dead.owned() > 0) {
                        LoopEvacuation rescue =
                                LoopEvacuation.ofLeaving(dead, loops.table()).start(others, List.of());
                        await().until(rescue::isOver);
                    }
                    dead.release();
                });
            });
            List<MovableSocketChannel> connections = new ArrayList<>();
            List<Socket> peers = new ArrayList<>();
            List<ScheduledFuture<?>> timers = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                connections.add(
                        loops.connect(mortal, server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter()));
                peers.add(server.accept());
                timers.add(connections.get(i).eventLoop().schedule(() -> {}, 300, TimeUnit.MILLISECONDS));
            }

            kill(loops, pollers, 1);
            // From here on by a thread that knows nothing of it.
            for (int i = 0; !mortal.isTerminated(); i++) {
                MovableSocketChannel connection = connections.get(i % CONNECTIONS);
                connection.post(
                        () -> connection.writeAndFlush(Unpooled.directBuffer().writeByte('.')));
                java.util.concurrent.locks.LockSupport.parkNanos(100_000);
            }
            for (MovableSocketChannel connection : connections) {
                connection.writeAndFlush(Unpooled.directBuffer().writeByte('!')).sync();
                assertThat(connection.isActive()).isTrue();
                assertThat(others).contains((BatonLoop) connection.loop());
            }
            for (ScheduledFuture<?> timer : timers) {
                assertThat(timer.await(20, TimeUnit.SECONDS)).isTrue();
                assertThat(timer.isSuccess()).isTrue();
            }
            for (Socket peer : peers) {
                peer.setSoTimeout(20_000);
                int read = peer.getInputStream().read();
                while (read == '.') {
                    read = peer.getInputStream().read();
                }
                assertThat(read).isEqualTo('!');
                peer.close();
            }
            assertThat(cause.get())
                    .isInstanceOf(IllegalStateException.class)
                    .hasRootCauseInstanceOf(LinkageError.class);
            assertThat(loops.failures()).isEmpty();
        } finally {
            worker.shutdown();
            loops.close();
        }
        await().untilAsserted(() -> assertThat(loops.counters().openFds()).isZero());
    }

    @Test
    void withoutAnybodyWhoCaresTheyEndWithIt() throws Exception {
        Fragile pollers = new Fragile(Pollers.chosen());
        TestLoops loops = TestLoops.start(pollers, 2);
        try (ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel connection =
                    loops.connect(loops.loop(1), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            Socket peer = server.accept();
            kill(loops, pollers, 1);
            assertThat(connection.closeFuture().await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(peer.getInputStream().read()).isEqualTo(-1);
            peer.close();
        } finally {
            loops.close();
        }
    }

    /** A loop ends while somebody else deletes its fds: whichever of the two is faster, every channel is told, once. */
    @Test
    void whoeverDeletesWhileALoopEndsEveryChannelIsTold() throws Exception {
        int rounds = 60;
        TestLoops loops = TestLoops.start(Pollers.chosen(), rounds + 1);
        try (ServerSocket server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress())) {
            on(loops.loop(0), () -> null);
            for (int round = 1; round <= rounds; round++) {
                BatonLoop loop = loops.loop(round);
                List<MovableSocketChannel> channels = new ArrayList<>();
                List<Socket> peers = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    channels.add(
                            loops.connect(loop, server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter()));
                    peers.add(server.accept());
                }
                loop.shutdownGracefully(0, 10, TimeUnit.SECONDS);
                int spins = round * 200;
                for (MovableSocketChannel channel : channels) {
                    for (int i = 0; i < spins; i++) {
                        Thread.onSpinWait();
                    }
                    loops.table().fdDelete(java.util.Objects.requireNonNull(channel.fd()));
                }
                for (MovableSocketChannel channel : channels) {
                    assertThat(channel.closeFuture().await(20, TimeUnit.SECONDS))
                            .isTrue();
                }
                for (Socket peer : peers) {
                    peer.close();
                }
            }
        } finally {
            loops.close();
        }
    }
}
