package dev.baton.it.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.baton.it.pool.UpstreamRig;
import dev.baton.plugin.tcpproxy.TcpProxyConfig;
import dev.baton.plugin.tcpproxy.TcpProxyFactory;
import dev.baton.runtime.channel.Pipes;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundBuffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Streams through the proxy on real sockets while the loops keep taking both ends of them from each other (rows F3 and
 * F4 of the list of races: bytes that overtake each other, ends that touch each other's state).
 */
@Timeout(120)
class TcpProxyIT {
    /** Pieces so small that the ends have nothing to do now and then, and can be taken over. */
    private static final int SMALL = 1024;

    private static final int LARGE = 32 * 1024;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Queue<MovableChannel> clients = new ConcurrentLinkedQueue<>();
    private final AtomicLong moves = new AtomicLong();
    private final AtomicLong refusals = new AtomicLong();
    private volatile boolean quiet;

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 500, InetAddress.getLoopbackAddress());
    }

    private static UpstreamRig rig(PollerProvider poller, int port) {
        return UpstreamRig.simple(poller, "127.0.0.1:" + port);
    }

    /** Its streams go into pipes as soon and as often as can be. */
    private static Service proxy(UpstreamRig rig) {
        return proxy(rig, true);
    }

    private static Service proxy(UpstreamRig rig, boolean splice) {
        ServiceContext context = new ServiceContext() {
            @Override
            public Upstream upstream(String name) {
                return rig.upstream();
            }

            @Override
            public Loops loops() {
                return rig.loops.registry();
            }

            @Override
            public Metrics metrics() {
                return rig.metrics;
            }
        };
        TcpProxyConfig config = new TcpProxyConfig("app", Duration.ofHours(1), splice, new ByteSize(1));
        return new TcpProxyFactory().create("pass", config, context);
    }

    /** A client of the proxy: the connection goes the other way round, which makes no difference to the service. */
    private Socket client(UpstreamRig rig, Service proxy, ServerSocket front, int loop) throws Exception {
        clients.add(rig.loops.connect(
                rig.loops.loop(loop), front.getLocalSocketAddress(), new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        proxy.initialize((MovableChannel) channel, "raw");
                    }
                }));
        Socket socket = front.accept();
        socket.setSoTimeout(60_000);
        return socket;
    }

    /**
     * Lets each loop take ends of streams from the other, again and again, until {@code quiet}. The loops call each
     * other by turns, so that each polls between two moves.
     */
    private void keepMoving(UpstreamRig rig, SplittableRandom random) {
        rig.loops.loop(0).execute(() -> move(rig, 0, random));
    }

    private void move(UpstreamRig rig, int id, SplittableRandom random) {
        BatonLoop loop = rig.loops.loop(id);
        for (Queue<MovableChannel> ends : List.of(clients, rig.channels)) {
            MovableChannel end = ends.poll();
            if (end == null) {
                continue;
            }
            ends.add(end);
            if (end.fd() != null && end.loop() != loop && random.nextBoolean()) {
                switch (end.takeover(loop)) {
                    case TAKEN -> {
                        moves.incrementAndGet();
                        end.leave();
                    }
                    case BUSY -> refusals.incrementAndGet();
                    case GONE -> {}
                }
            }
        }
        if (!quiet) {
            rig.loops.loop(1 - id).execute(() -> move(rig, 1 - id, random));
        }
    }

    /** Sends random bytes, then the end of the direction; returns their checksum. */
    private static long sendAll(Socket socket, int bytes, int pieceMax, SplittableRandom random) throws IOException {
        CRC32 sum = new CRC32();
        byte[] piece = new byte[pieceMax];
        OutputStream out = socket.getOutputStream();
        for (int left = bytes; left > 0; ) {
            random.nextBytes(piece);
            int length = Math.min(left, 1 + random.nextInt(piece.length));
            sum.update(piece, 0, length);
            out.write(piece, 0, length);
            left -= length;
        }
        socket.shutdownOutput();
        return sum.getValue();
    }

    private static long receiveAll(Socket socket) throws IOException {
        CRC32 sum = new CRC32();
        byte[] piece = new byte[32 * 1024];
        InputStream in = socket.getInputStream();
        int length;
        while ((length = in.read(piece)) >= 0) {
            sum.update(piece, 0, length);
        }
        return sum.getValue();
    }

    private static SplittableRandom seeded() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("TcpProxyIT, -Dseed=" + seed);
        return new SplittableRandom(seed);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void bothDirectionsArriveWholeWhileTheEndsChangeLoops(PollerProvider poller) throws Exception {
        SplittableRandom random = seeded();
        int bytes = 6_000_000;
        try (ServerSocket origin = listen();
                ServerSocket front = listen();
                UpstreamRig rig = rig(poller, origin.getLocalPort());
                Socket client = client(rig, proxy(rig), front, 0);
                Socket server = origin.accept()) {
            keepMoving(rig, random.split());
            SplittableRandom up = random.split();
            SplittableRandom down = random.split();
            Future<Long> sentUp = threads.submit(() -> sendAll(client, bytes, SMALL, up));
            Future<Long> sentDown = threads.submit(() -> sendAll(server, bytes, SMALL, down));
            Future<Long> receivedDown = threads.submit((Callable<Long>) () -> receiveAll(client));
            long receivedUp = receiveAll(server);
            assertThat(receivedUp).isEqualTo(sentUp.get(60, TimeUnit.SECONDS));
            assertThat(receivedDown.get(60, TimeUnit.SECONDS)).isEqualTo(sentDown.get());
            // Each end has sent and received all: the proxy closes both without being told.
            await().until(() -> clients.stream().noneMatch(Channel::isOpen)
                    && rig.channels.stream().noneMatch(Channel::isOpen));
            quiet = true;
            assertThat(moves.get()).isPositive();
            assertThat(rig.loops.failures()).isEmpty();
            Pipes pipes = rig.loops.env().pipes();
            System.out.println(moves + " moves, " + refusals + " refused, " + pipes.bytes() + " bytes spliced");
            assertThat(pipes.bytes()).as("bytes that the kernel has passed on").isPositive();
            await().untilAsserted(() -> assertThat(pipes.open()).isZero());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theAnswerComesAfterTheEndOfTheQuestion(PollerProvider poller) throws Exception {
        SplittableRandom random = seeded();
        try (ServerSocket origin = listen();
                ServerSocket front = listen();
                UpstreamRig rig = rig(poller, origin.getLocalPort());
                Socket client = client(rig, proxy(rig), front, 0);
                Socket server = origin.accept()) {
            keepMoving(rig, random.split());
            long asked = sendAll(client, 200_000, SMALL, random.split());
            assertThat(receiveAll(server)).isEqualTo(asked);
            long answered = sendAll(server, 200_000, SMALL, random.split());
            assertThat(receiveAll(client)).isEqualTo(answered);
            quiet = true;
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aSlowReaderHoldsTheSenderBack(PollerProvider poller) throws Exception {
        SplittableRandom random = seeded();
        int bytes = 64_000_000; // far more than the kernel keeps for two connections
        try (ServerSocket origin = listen();
                ServerSocket front = listen();
                UpstreamRig rig = rig(poller, origin.getLocalPort());
                Socket client = client(rig, proxy(rig, false), front, 0);
                Socket server = origin.accept()) {
            MovableChannel up = Objects.requireNonNull(rig.channels.peek());
            Future<Long> sent = threads.submit(() -> sendAll(client, bytes, LARGE, random.split()));
            await().until(() -> !up.isWritable());
            assertThat(clients.peek()).matches(end -> !end.config().isAutoRead());

            keepMoving(rig, random.split());
            AtomicLong most = new AtomicLong();
            Future<?> watch = threads.submit(() -> {
                while (!quiet) {
                    ChannelOutboundBuffer buffer = up.unsafe().outboundBuffer();
                    if (buffer != null) {
                        most.accumulateAndGet(buffer.totalPendingWriteBytes(), Math::max);
                    }
                    Thread.onSpinWait();
                }
            });
            assertThat(receiveAll(server)).isEqualTo(sent.get(60, TimeUnit.SECONDS));
            quiet = true;
            watch.get(10, TimeUnit.SECONDS);
            assertThat(most.get()).isBetween(1L, 1_000_000L);
        }
    }

    /** Both directions at once, each with bytes in a pipe whose connection goes from loop to loop. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void slowReadersOfSplicedStreamsHoldTheSendersBack(PollerProvider poller) throws Exception {
        SplittableRandom random = seeded();
        int bytes = 32_000_000;
        try (ServerSocket origin = listen();
                ServerSocket front = listen();
                UpstreamRig rig = rig(poller, origin.getLocalPort());
                Socket client = client(rig, proxy(rig), front, 0);
                Socket server = origin.accept()) {
            SplittableRandom up = random.split();
            SplittableRandom down = random.split();
            Future<Long> sentUp = threads.submit(() -> sendAll(client, bytes, LARGE, up));
            Future<Long> sentDown = threads.submit(() -> sendAll(server, bytes, LARGE, down));
            Pipes pipes = rig.loops.env().pipes();
            await("a rest in a pipe in each direction").until(() -> pipes.open() >= 2);
            keepMoving(rig, random.split());
            await().until(() -> moves.get() > 10);
            assertThat(sentUp).isNotDone();
            assertThat(sentDown).isNotDone();

            Future<Long> receivedDown = threads.submit((Callable<Long>) () -> receiveAll(client));
            assertThat(receiveAll(server)).isEqualTo(sentUp.get(60, TimeUnit.SECONDS));
            assertThat(receivedDown.get(60, TimeUnit.SECONDS)).isEqualTo(sentDown.get(60, TimeUnit.SECONDS));
            await().untilAsserted(() -> assertThat(pipes.open()).isZero());
            quiet = true;
            assertThat(rig.loops.failures()).isEmpty();
            System.out.println(moves + " moves, " + pipes.bytes() + " bytes spliced");
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatRefusesCostsTheClientItsConnection(PollerProvider poller) throws Exception {
        try (Socket nobodyListens = new Socket();
                ServerSocket front = listen()) {
            nobodyListens.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            try (UpstreamRig rig = rig(poller, nobodyListens.getLocalPort());
                    Socket client = client(rig, proxy(rig), front, 0)) {
                assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
                await().until(() -> clients.stream().noneMatch(Channel::isOpen));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerThatResetsEndsTheStream(PollerProvider poller) throws Exception {
        try (ServerSocket origin = listen();
                ServerSocket front = listen();
                UpstreamRig rig = rig(poller, origin.getLocalPort());
                Socket client = client(rig, proxy(rig), front, 0)) {
            Socket server = origin.accept();
            client.getOutputStream().write(1);
            assertThat(server.getInputStream().read()).isEqualTo(1);
            server.setSoLinger(true, 0);
            server.close();
            assertThatThrownBy(() -> client.getInputStream().read()).hasMessageContaining("reset");
            await().until(() -> clients.stream().noneMatch(Channel::isOpen)
                    && rig.channels.stream().noneMatch(Channel::isOpen));
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void manyStreamsDoNotMixAndLeaveNothing(PollerProvider poller) throws Exception {
        SplittableRandom random = seeded();
        try (ServerSocket origin = listen();
                ServerSocket front = listen();
                UpstreamRig rig = rig(poller, origin.getLocalPort())) {
            threads.submit(() -> {
                while (true) {
                    Socket echoed = origin.accept();
                    threads.submit(() -> {
                        try (echoed) {
                            return echoed.getInputStream().transferTo(echoed.getOutputStream());
                        }
                    });
                }
            });
            Service proxy = proxy(rig);
            keepMoving(rig, random.split());
            for (int round = 0; round < 20; round++) {
                List<Future<Long>> sent = new ArrayList<>();
                List<Future<Long>> received = new ArrayList<>();
                for (int i = 0; i < 10; i++) {
                    Socket client = client(rig, proxy, front, i % 2);
                    SplittableRandom bytes = random.split();
                    sent.add(threads.submit(() -> sendAll(client, 1 + bytes.nextInt(100_000), LARGE, bytes)));
                    received.add(threads.submit(() -> {
                        try (client) {
                            return receiveAll(client);
                        }
                    }));
                }
                for (int i = 0; i < 10; i++) {
                    assertThat(received.get(i).get(60, TimeUnit.SECONDS))
                            .isEqualTo(sent.get(i).get());
                }
            }
            await().untilAsserted(() -> {
                assertThat(clients).noneMatch(Channel::isOpen);
                assertThat(rig.channels).noneMatch(Channel::isOpen);
                assertThat(rig.snapshot().inUse()).isZero();
            });
            quiet = true;
            assertThat(moves.get()).isPositive();
            assertThat(rig.loops.failures()).isEmpty();
        }
    }
}
