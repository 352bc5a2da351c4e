package dev.baton.it.http;

import dev.baton.it.pool.UpstreamRig;
import dev.baton.plugin.http.HttpServiceFactory;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.plugin.unbind.AtOnceStrategy;
import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** The proxy as the runtime wires it: a listener that loops share, the service, its upstream with the pool. */
final class ProxyRig implements AutoCloseable {
    private static final int SECONDS_MAX = 20;

    final UpstreamRig upstream;
    /** Every connection that was accepted. */
    final Queue<MovableChannel> clients = new ConcurrentLinkedQueue<>();

    private final ExecutorService worker = Executors.newSingleThreadExecutor();
    private final SharedListener listener;

    /** How a rig is to be. */
    static final class Options {
        int loops = 2;
        /** The first so many loops accept. */
        int accepting = 2;

        int idleMax = 256;
        Duration connectTimeout = UpstreamRig.LONG;
        Duration headerTimeout = UpstreamRig.LONG;
        Duration responseTimeout = UpstreamRig.LONG;
        Duration idleTimeout = Duration.ofMinutes(1);
        ByteSize headerLimit = new ByteSize(8192);
    }

    /** The proxy in front of these servers. */
    static ProxyRig inFrontOf(PollerProvider poller, Origin... origins) throws IOException {
        return new ProxyRig(poller, new Options(), addresses(origins));
    }

    static List<String> addresses(Origin... origins) {
        return List.of(origins).stream().map(Origin::address).toList();
    }

    ProxyRig(PollerProvider poller, Options options, List<String> servers) throws IOException {
        upstream = new UpstreamRig(
                poller,
                options.loops,
                servers,
                options.connectTimeout,
                options.idleMax,
                Duration.ofMinutes(1),
                Sharing.TAKEOVER);
        ServiceContext context = new ServiceContext() {
            @Override
            public Upstream upstream(String name) {
                return upstream.upstream();
            }

            @Override
            public Loops loops() {
                return upstream.loops.registry();
            }

            @Override
            public Metrics metrics() {
                return upstream.metrics;
            }
        };
        Service proxy = new HttpServiceFactory()
                .create(
                        "shop",
                        new HttpConfig(
                                "app",
                                options.headerLimit,
                                Optional.empty(),
                                options.idleTimeout,
                                options.headerTimeout,
                                options.responseTimeout,
                                options.idleTimeout,
                                new ByteRate(0),
                                options.idleTimeout),
                        context);
        Service noted = new Service() {
            @Override
            public void initialize(MovableChannel connection, String name) {
                clients.add(connection);
                proxy.initialize(connection, name);
            }

            @Override
            public void drain(MovableChannel connection, Duration patience) {
                proxy.drain(connection, patience);
            }
        };
        listener = new SharedListener(
                new ListenerSpec(
                        "web",
                        "127.0.0.1:0",
                        new TcpListenerKind().parse("127.0.0.1:0"),
                        500,
                        Integer.MAX_VALUE,
                        "shop",
                        noted,
                        "http",
                        new AtOnceStrategy()),
                upstream.loops.env(),
                IntStream.range(0, options.accepting)
                        .mapToObj(upstream.loops::loop)
                        .toList(),
                upstream.metrics,
                worker);
        listener.open();
        listener.start();
    }

    BatonLoop loop(int id) {
        return upstream.loops.loop(id);
    }

    /** A client of the proxy. */
    HttpStream client() throws IOException {
        String address = listener.address();
        Socket socket = new Socket();
        socket.connect(new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Integer.parseInt(address.substring(address.lastIndexOf(':') + 1))));
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(SECONDS_MAX));
        return new HttpStream(socket);
    }

    long metric(String name, String... labels) {
        return upstream.metrics.counter(name, "", labels).count();
    }

    long refusals(String reason) {
        return metric("baton_http_refusals_total", "service", "shop", "reason", reason);
    }

    /** Takeovers so far, by whomever. */
    long takeovers() {
        return upstream.loops.counters().takeovers(TakeoverResult.TAKEN);
    }

    /**
     * Lets each loop take connections from the others until it is closed. The loops call each other by turns, so that
     * each polls between two moves.
     */
    Moving keepMoving(SplittableRandom random) {
        return new Moving(random);
    }

    final class Moving implements AutoCloseable {
        private final SplittableRandom random;
        private final CountDownLatch ended = new CountDownLatch(1);
        private volatile boolean stop;

        private Moving(SplittableRandom random) {
            this.random = random;
            loop(0).execute(() -> turn(0));
        }

        private void turn(int id) {
            if (stop) {
                ended.countDown();
                return;
            }
            BatonLoop loop = loop(id);
            for (Queue<MovableChannel> ends : List.of(clients, upstream.channels)) {
                MovableChannel end = ends.poll();
                if (end == null || end.closeFuture().isDone()) {
                    continue;
                }
                ends.add(end);
                if (end.fd() != null && end.loop() != loop && end.takeover(loop) == TakeoverResult.TAKEN) {
                    end.leave();
                }
            }
            int next = random.nextInt(upstream.loops.registry().all().size());
            loop(next).execute(() -> turn(next));
        }

        @Override
        public void close() throws InterruptedException {
            stop = true;
            if (!ended.await(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new AssertionError("a loop is stuck");
            }
        }
    }

    @Override
    public void close() throws Exception {
        listener.unbind(Duration.ZERO).toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
        upstream.close();
        worker.shutdown();
    }
}
