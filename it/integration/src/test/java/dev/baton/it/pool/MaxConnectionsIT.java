package dev.baton.it.pool;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.ServerBusyException.Reason;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.WaitingConnect;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Row F19 of the list of races, with real sockets: {@code max-connections} of a server, and those that wait. */
@Timeout(60)
class MaxConnectionsIT {
    private static final int LOOPS = 4;
    private static final AttributeKey<Request> REQUEST = AttributeKey.valueOf(MaxConnectionsIT.class, "request");
    private static final String[] LABELS = {"upstream", "app", "server", ""};

    /** Answers each byte with one; every fifth answer says that the client is to close. Counts its connections. */
    private static final class CountingServer implements AutoCloseable {
        static final byte KEEP = 'k';
        static final byte CLOSE = 'c';
        private static final String ESTABLISHED = "01";

        private final ServerSocket socket = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress());
        private final Queue<Throwable> wrong = new ConcurrentLinkedQueue<>();
        private final Queue<Socket> accepted = new ConcurrentLinkedQueue<>();
        private final AtomicInteger most = new AtomicInteger();
        private final AtomicInteger answers = new AtomicInteger();

        CountingServer() throws IOException {
            start(this::accept);
        }

        String address() {
            return "127.0.0.1:" + socket.getLocalPort();
        }

        private void start(Runnable run) {
            Thread thread = new Thread(run, "counting server");
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() {
            while (true) {
                try {
                    Socket connection = socket.accept();
                    accepted.add(connection);
                    most.accumulateAndGet(established(), Math::max);
                    start(() -> serve(connection));
                } catch (IOException closed) {
                    if (!socket.isClosed()) {
                        wrong.add(closed);
                    }
                    return;
                }
            }
        }

        /**
         * Connections whose client has not closed them: the kernel knows that before the server has read it. While its
         * table is read one may close and another open, and both be seen; those that are there twice were open at once.
         */
        private int established() throws IOException {
            Set<String> open = read();
            open.retainAll(read());
            return open.size();
        }

        private Set<String> read() throws IOException {
            Set<String> open = new HashSet<>();
            read("tcp", open); // a server socket of Java's may be of either
            read("tcp6", open);
            return open;
        }

        private void read(String table, Set<String> open) throws IOException {
            String local = String.format(":%04X", socket.getLocalPort());
            try (Stream<String> lines = Files.lines(Path.of("/proc/self/net", table))) {
                lines.map(line -> line.trim().split("\\s+"))
                        .filter(fields -> fields[1].endsWith(local) && fields[3].equals(ESTABLISHED))
                        .forEach(fields -> open.add(fields[1] + " " + fields[2]));
            }
        }

        private void serve(Socket connection) {
            try (connection) {
                while (connection.getInputStream().read() >= 0) {
                    boolean closes = answers.incrementAndGet() % 5 == 0;
                    connection.getOutputStream().write(closes ? CLOSE : KEEP);
                }
            } catch (IOException e) {
                if (!socket.isClosed()) {
                    wrong.add(e);
                }
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
            for (Socket each : accepted) {
                each.close();
            }
        }
    }

    /** Gives an answer to the request that has the connection. */
    @ChannelHandler.Sharable
    private static final class Answers extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            byte answer = bytes.readByte();
            bytes.release();
            MovableChannel connection = (MovableChannel) context.channel();
            Request request = connection.attr(REQUEST).getAndSet(null);
            assertThat(request).as("an answer belongs to a request").isNotNull();
            request.answered(connection, answer);
        }
    }

    /** One request, told once of its end. */
    private static final class Request implements ConnectHandler {
        final UpstreamConnections connections;
        final CompletableFuture<MovableChannel> connected = new CompletableFuture<>();
        final CompletableFuture<Byte> answer = new CompletableFuture<>();
        final CompletableFuture<WaitingConnect> wait = new CompletableFuture<>();
        private final boolean sends;

        Request(UpstreamConnections connections, boolean sends) {
            this.connections = connections;
            this.sends = sends;
        }

        @Override
        public void waits(WaitingConnect waiting) {
            wait.complete(waiting);
        }

        @Override
        public void connected(MovableChannel connection) {
            if (!connection.eventLoop().inEventLoop() || !connected.complete(connection)) {
                connected.obtrudeException(new AssertionError("told twice, or not under a claim"));
            }
            if (sends) {
                connection.attr(REQUEST).set(this);
                connection.writeAndFlush(connection.alloc().buffer(1).writeByte('?'));
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (!connected.completeExceptionally(cause)) {
                connected.obtrudeException(new AssertionError("told twice", cause));
            }
            answer.completeExceptionally(cause);
        }

        void answered(MovableChannel connection, byte what) {
            if (what == CountingServer.CLOSE) {
                connection.close();
            } else {
                connections.release(connection);
            }
            answer.complete(what);
        }

        /** As a service does it. On the loop. */
        void ask(UpstreamRig rig, BatonLoop loop) {
            MovableChannel idle = connections.take(rig.upstream().servers().get(0), loop);
            if (idle == null) {
                connections.connect(rig.upstream().servers().get(0), loop, this);
                return;
            }
            try {
                connected(idle);
            } finally {
                idle.leave();
            }
        }
    }

    private static long metric(UpstreamRig rig, CountingServer server, String name) {
        String[] labels = LABELS.clone();
        labels[3] = server.address();
        return rig.metric(name, labels);
    }

    /** 100 clients at once, in two profiles: the server never has more than three connections, and all are answered. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theLimitIsKeptAndAllAreAnswered(PollerProvider poller) throws Exception {
        int clients = 100;
        int limit = 3;
        try (CountingServer server = new CountingServer();
                UpstreamRig rig =
                        UpstreamRig.limited(poller, LOOPS, server.address(), limit, UpstreamRig.LONG, clients)) {
            UpstreamConnections one = rig.upstream().connections("one", new Answers());
            UpstreamConnections other = rig.upstream().connections("other", new Answers());
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < clients; i++) {
                Request request = new Request(i % 3 == 0 ? other : one, true);
                BatonLoop loop = rig.loops.loop(i % LOOPS);
                requests.add(request);
                loop.execute(() -> request.ask(rig, loop));
            }
            for (Request each : requests) {
                each.answer.get(20, TimeUnit.SECONDS);
            }
            assertThat(server.most.get()).isBetween(1, limit);
            assertThat(server.wrong).isEmpty();
            await().untilAsserted(() -> {
                assertThat(rig.snapshot().inUse()).isZero();
                assertThat(rig.snapshot().waiting()).isZero();
                assertThat(rig.snapshot().idle()).isLessThanOrEqualTo(limit);
            });
            long waited = requests.stream().filter(each -> each.wait.isDone()).count();
            assertThat(metric(rig, server, "baton_upstream_waits_total"))
                    .isEqualTo(waited)
                    .isPositive();
            assertThat(rig.loops.failures()).isEmpty();
        }
    }

    /** One connection, and requests that come one after the other from loops in turn: they get it in this order. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whoComesFirstIsServedFirst(PollerProvider poller) throws Exception {
        int count = 40;
        try (CountingServer server = new CountingServer();
                UpstreamRig rig = UpstreamRig.limited(poller, LOOPS, server.address(), 1, UpstreamRig.LONG, count)) {
            UpstreamConnections connections = rig.connections(new Answers());
            Request first = ask(rig, 0, new Request(connections, false));
            MovableChannel connection = first.connected.get(20, TimeUnit.SECONDS);
            Queue<Integer> served = new ConcurrentLinkedQueue<>();
            List<Request> waiting = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int id = i;
                Request request = new Request(connections, true);
                request.connected.thenRun(() -> served.add(id));
                waiting.add(ask(rig, i % LOOPS, request));
                assertThat(request.wait).isDone();
            }
            assertThat(rig.snapshot().waiting()).isEqualTo(count);
            // Two of them do not want it any more.
            assertThat(waiting.get(7).wait.get().cancel()).isTrue();
            assertThat(waiting.get(7).wait.get().cancel()).isFalse();
            assertThat(waiting.get(0).wait.get().cancel()).isTrue();
            rig.release(connections, rig.loops.loop(0), connection);
            waiting.get(count - 1).answer.get(20, TimeUnit.SECONDS);
            assertThat(served)
                    .containsExactlyElementsOf(IntStream.range(0, count)
                            .filter(id -> id != 0 && id != 7)
                            .boxed()
                            .toList());
            assertThat(waiting.get(0).connected).isNotDone();
            assertThat(server.most.get()).isEqualTo(1);
            assertThat(rig.snapshot().waiting()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void whoWaitsTooLongOrFindsTooManyIsToldSo(PollerProvider poller) throws Exception {
        try (CountingServer server = new CountingServer();
                UpstreamRig rig = UpstreamRig.limited(poller, 2, server.address(), 1, UpstreamRig.SHORT, 1)) {
            UpstreamConnections connections = rig.connections(new Answers());
            MovableChannel held =
                    ask(rig, 0, new Request(connections, false)).connected.get(20, TimeUnit.SECONDS);
            long asked = System.nanoTime();
            Request late = ask(rig, 1, new Request(connections, false));
            Request tooMany = ask(rig, 0, new Request(connections, false));
            assertThat(busy(tooMany).reason()).isEqualTo(Reason.FULL);
            assertThat(busy(late).reason()).isEqualTo(Reason.TIMEOUT);
            assertThat(System.nanoTime() - asked).isGreaterThanOrEqualTo(UpstreamRig.SHORT.toNanos());
            assertThat(late.wait.get().cancel()).isFalse();
            assertThat(tooMany.wait).isNotDone();
            assertThat(metric(rig, server, "baton_upstream_wait_timeouts_total"))
                    .isEqualTo(1);
            assertThat(metric(rig, server, "baton_upstream_wait_refusals_total"))
                    .isEqualTo(1);
            assertThat(rig.metric("baton_upstream_connect_failures_total", "upstream", "app"))
                    .as("the server is not to blame")
                    .isZero();
            // The place is there as before.
            rig.release(connections, rig.loops.loop(0), held);
            ask(rig, 1, new Request(connections, true)).answer.get(20, TimeUnit.SECONDS);
            assertThat(server.most.get()).isEqualTo(1);
        }
    }

    /** An idle connection that cannot be used is closed for one that waits, wherever it rests. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anIdleConnectionOfAnotherProfileMakesRoom(PollerProvider poller) throws Exception {
        try (CountingServer server = new CountingServer();
                UpstreamRig rig = UpstreamRig.limited(poller, 2, server.address(), 1, UpstreamRig.LONG, 1)) {
            UpstreamConnections one = rig.upstream().connections("one", new Answers());
            UpstreamConnections other = rig.upstream().connections("other", new Answers());
            ask(rig, 0, new Request(one, true)).answer.get(20, TimeUnit.SECONDS);
            await().until(() -> rig.snapshot().idle() == 1);
            ask(rig, 1, new Request(other, true)).answer.get(20, TimeUnit.SECONDS);
            await().until(() -> rig.snapshot().idle() == 1 && rig.snapshot().inUse() == 0);
            assertThat(rig.snapshot().connects()).isEqualTo(2);
            assertThat(rig.metric("baton_upstream_evictions_total", "upstream", "app"))
                    .isEqualTo(1);
        }
    }

    private static Request ask(UpstreamRig rig, int loop, Request request) throws Exception {
        BatonLoop asks = rig.loops.loop(loop);
        on(asks, () -> {
            request.ask(rig, asks);
            return true;
        });
        return request;
    }

    private static ServerBusyException busy(Request request) throws Exception {
        @Nullable
        Throwable cause =
                request.connected.handle((connection, failure) -> failure).get(20, TimeUnit.SECONDS);
        assertThat(cause).isInstanceOf(ServerBusyException.class);
        return (ServerBusyException) cause;
    }
}
