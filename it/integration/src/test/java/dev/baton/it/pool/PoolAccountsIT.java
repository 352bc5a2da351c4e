package dev.baton.it.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.Pollers;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Row R33 of the list of races, with real sockets: accounting drifts. Loops take, connect, release and close at random
 * while peers close at random and pooled connections are moved behind the pool's back (F8); in the end idle + in use =
 * open, no connection was handed out twice, and every fd is gone when everything is closed.
 */
@Timeout(120)
class PoolAccountsIT {
    private static final int LOOPS = 3;
    private static final int ROUNDS = 8_000;
    private static final int IN_USE_MAX = 8;

    @ChannelHandler.Sharable
    private static final class Nothing extends ChannelInboundHandlerAdapter {}

    private final Set<MovableChannel> inUse = ConcurrentHashMap.newKeySet();
    private final Queue<MovableChannel> opened = new ConcurrentLinkedQueue<>();
    private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();

    @ParameterizedTest
    @EnumSource(Sharing.class)
    void idleAndInUseAreWhatIsOpen(Sharing sharing) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("PoolAccountsIT, -Dseed=" + seed);
        SplittableRandom seeds = new SplittableRandom(seed);
        try (ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
                UpstreamRig rig = new UpstreamRig(
                        Pollers.chosen(),
                        LOOPS,
                        List.of("127.0.0.1:" + server.getLocalPort()),
                        UpstreamRig.LONG,
                        12,
                        Duration.ofMinutes(1),
                        sharing)) {
            Thread peer = new Thread(() -> closeAtRandom(server, seeds.split()), "peer");
            peer.start();
            UpstreamConnections connections = rig.connections(new Nothing());
            CountDownLatch ended = new CountDownLatch(LOOPS);
            for (int i = 0; i < LOOPS; i++) {
                rig.loops.loop(i).execute(new Worker(rig, connections, rig.loops.loop(i), seeds.split(), ended));
            }
            assertThat(ended.await(100, TimeUnit.SECONDS)).isTrue();
            assertThat(wrong).isEmpty();

            await().untilAsserted(() -> {
                long open = opened.stream().filter(MovableChannel::isOpen).count();
                long used = inUse.stream().filter(MovableChannel::isOpen).count();
                assertThat((long) rig.snapshot().inUse()).isEqualTo(used);
                assertThat(rig.snapshot().idle() + used).isEqualTo(open);
            });
            System.out.println(rig.snapshot());
            assertThat(rig.snapshot().connects()).isEqualTo(opened.size());
            assertThat(rig.snapshot().reusesLocal() + rig.snapshot().reusesTakeover())
                    .isGreaterThan(ROUNDS / 10);

            rig.closePools();
            inUse.forEach(MovableChannel::close);
            server.close();
            peer.join();
            await().untilAsserted(() -> {
                assertThat(opened).noneMatch(MovableChannel::isOpen);
                assertThat(opened)
                        .noneMatch(connection -> rig.loops.table().isLive(Objects.requireNonNull(connection.fd())));
                assertThat(rig.snapshot().idle() + rig.snapshot().inUse()).isZero();
            });
            assertThat(rig.loops.failures()).isEmpty();
        }
    }

    /** Accepts, keeps some connections open, closes the others, until the server is closed. */
    private static void closeAtRandom(ServerSocket server, SplittableRandom random) {
        List<Socket> open = new ArrayList<>();
        try {
            while (true) {
                open.add(server.accept());
                while (open.size() > 1 && random.nextInt(3) == 0) {
                    open.remove(random.nextInt(open.size())).close();
                }
            }
        } catch (IOException closed) {
            for (Socket socket : open) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    /** What one loop does, some steps a turn, so that events come in between. */
    private final class Worker implements Runnable {
        private final UpstreamConnections connections;
        private final BatonLoop loop;
        private final SplittableRandom random;
        private final CountDownLatch ended;
        private final UpstreamServer server;
        private final List<MovableChannel> mine = new ArrayList<>();
        private int rounds;
        private int connecting;

        Worker(
                UpstreamRig rig,
                UpstreamConnections connections,
                BatonLoop loop,
                SplittableRandom random,
                CountDownLatch ended) {
            this.connections = connections;
            this.loop = loop;
            this.random = random;
            this.ended = ended;
            this.server = rig.upstream().servers().get(0);
        }

        @Override
        public void run() {
            try {
                for (int i = 0; i < 4; i++) {
                    step();
                }
            } catch (Throwable t) { // an assertion on a loop's thread
                wrong.add(t);
                rounds = ROUNDS;
            }
            if (rounds < ROUNDS || connecting > 0) {
                // By a timer: what a task queues runs before the poller is asked again.
                loop.schedule(this, 1, TimeUnit.MICROSECONDS);
            } else {
                ended.countDown();
            }
        }

        private void step() {
            rounds++;
            int dice = random.nextInt(100);
            if (dice < 50 && mine.size() + connecting < IN_USE_MAX && rounds < ROUNDS) {
                take();
            } else if (dice < 90) {
                release();
            } else if (dice < 92 && !mine.isEmpty()) {
                MovableChannel closed = mine.remove(random.nextInt(mine.size()));
                inUse.remove(closed);
                closed.close();
            } else if (dice < 96) {
                moveSomeIdleOne();
            }
        }

        private void take() {
            MovableChannel taken = connections.take(server, loop);
            if (taken != null) {
                try {
                    use(taken);
                } finally {
                    taken.leave();
                }
                return;
            }
            connecting++;
            connections.connect(server, loop, new ConnectHandler() {
                @Override
                public void connected(MovableChannel connection) {
                    connecting--;
                    opened.add(connection);
                    use(connection);
                }

                @Override
                public void failed(Throwable cause) {
                    connecting--;
                    wrong.add(cause);
                }
            });
        }

        private void use(MovableChannel connection) {
            assertThat(connection.loop()).isSameAs(loop);
            assertThat(connection.eventLoop().inEventLoop()).isTrue();
            assertThat(inUse.add(connection)).as("handed out twice").isTrue();
            mine.add(connection);
        }

        private void release() {
            if (mine.isEmpty()) {
                return;
            }
            MovableChannel connection = mine.remove(random.nextInt(mine.size()));
            if (!connection.isOpen()) {
                inUse.remove(connection);
                return;
            }
            // It may have been moved while nothing ran in it, before this loop had noted that it is in use.
            boolean entered = connection.loop() == loop
                    ? connection.tryEnter()
                    : connection.takeover(loop) == TakeoverResult.TAKEN;
            if (!entered) {
                mine.add(connection); // an event of it is queued, or it was closed: later
                return;
            }
            try {
                inUse.remove(connection);
                if (connection.isActive()) {
                    connections.release(connection);
                }
            } finally {
                connection.leave();
            }
        }

        /** As a rescue does it: the pool is not told. */
        private void moveSomeIdleOne() {
            MovableChannel any = opened.peek();
            if (any == null) {
                return;
            }
            opened.add(opened.remove());
            Fd fd = any.fd();
            if (fd != null && !inUse.contains(any) && any.loop() != loop) {
                switch (any.takeover(loop)) {
                    case TAKEN -> any.leave();
                    case BUSY, GONE -> {}
                }
            }
        }
    }
}
