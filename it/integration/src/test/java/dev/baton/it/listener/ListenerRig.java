package dev.baton.it.listener;

import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.runtime.listener.Balance;
import dev.baton.runtime.listener.ListenerEnv;
import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.service.Service;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Listeners on real sockets with loops around them. They are bound to addresses of the loopback network that nobody
 * else uses and clients come from another: a port of theirs is nobody's source port while it is unbound, and no client
 * connects to itself.
 */
final class ListenerRig implements AutoCloseable {
    /** Where listeners are bound, with a port of the kernel's choice. */
    static final String HOST = "127.77.0.1";

    private static final String CLIENT_HOST = "127.77.0.2";
    private static final int SECONDS_MAX = 20;

    final FaultyPosix faults = new FaultyPosix(Kernel.POSIX);
    final TestLoops loops;
    final Meters metrics = new Meters();
    /**
     * What listeners of {@link #listener(ListenerKind, String, SocketSettings, ListenerSpec.Limits, boolean,
     * UnbindStrategy)} share.
     */
    TotalLimit total = new TotalLimit(Integer.MAX_VALUE);

    final ExecutorService worker = Executors.newCachedThreadPool();

    private static final class Kernel {
        static final JnrPosix POSIX = new JnrPosix();
    }

    ListenerRig(PollerProvider poller, int loopCount) throws Exception {
        loops = TestLoops.start(poller, faults.posix(), loopCount);
        quiet();
    }

    /** Each loop has done what was queued before. */
    void quiet() throws Exception {
        for (int id = 0; id < loops.registry().batonLoops().size(); id++) {
            TestLoops.on(loops.loop(id), () -> true);
        }
    }

    /** A listener on every loop, not opened yet. */
    SharedListener listener(String bind, int maxConnections, UnbindStrategy unbind, Service service) {
        return new SharedListener(
                new ListenerSpec(
                        "web",
                        bind,
                        new TcpListenerKind().parse(bind),
                        1_000,
                        maxConnections,
                        "echo",
                        service,
                        "test",
                        unbind),
                loops.env(),
                loops.registry().batonLoops(),
                metrics,
                worker);
    }

    /** A listener of any kind on every loop, not opened yet, with what is not said as it is without a configuration. */
    SharedListener listener(
            ListenerKind kind,
            String bind,
            SocketSettings socket,
            ListenerSpec.Limits limits,
            boolean leastLoaded,
            UnbindStrategy unbind) {
        return listener(kind, bind, socket, limits, leastLoaded, unbind, new Echo());
    }

    /** The same with a service. */
    SharedListener listener(
            ListenerKind kind,
            String bind,
            SocketSettings socket,
            ListenerSpec.Limits limits,
            boolean leastLoaded,
            UnbindStrategy unbind,
            Service service) {
        return new SharedListener(
                new ListenerSpec(
                        "web", bind, kind.parse(bind), socket, limits, leastLoaded, "echo", service, "test", unbind),
                new ListenerEnv(loops.env(), metrics, worker, total, balance(), Duration.ZERO),
                loops.registry().batonLoops());
    }

    /** Opens and starts it. */
    static SharedListener started(SharedListener listener) throws IOException {
        listener.open();
        listener.start();
        return listener;
    }

    private Balance balance() {
        return new Balance(loops.connections()::of, metrics);
    }

    /** One of the same spec as another, without a socket. */
    SharedListener again(SharedListener other) {
        return new SharedListener(other.spec(), loops.env(), loops.registry().batonLoops(), metrics, worker);
    }

    /** Opens and starts one on a free port. */
    SharedListener start(int maxConnections, UnbindStrategy unbind, Service service) throws IOException {
        SharedListener listener = listener(HOST + ":0", maxConnections, unbind, service);
        listener.open();
        listener.start();
        return listener;
    }

    /** Connects to it. */
    static Socket connect(SharedListener listener) throws IOException {
        return connect(HOST, port(listener));
    }

    static Socket connect(String host, int port) throws IOException {
        Socket socket = new Socket();
        try {
            if (host.equals(HOST)) {
                socket.bind(new InetSocketAddress(CLIENT_HOST, 0));
            }
            socket.connect(new InetSocketAddress(host, port), SECONDS_MAX * 1_000);
            socket.setSoTimeout(SECONDS_MAX * 1_000);
            return socket;
        } catch (IOException | RuntimeException failed) {
            socket.close();
            throw failed;
        }
    }

    static int port(SharedListener listener) {
        String address = listener.address();
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** Sends one octet and returns what comes back, -1 for the end. */
    static int echo(Socket socket, int octet) throws IOException {
        socket.getOutputStream().write(octet);
        return socket.getInputStream().read();
    }

    static ListenerResult join(CompletionStage<ListenerResult> stage) throws Exception {
        return stage.toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    /** Sends back what it receives. */
    static class Echo extends ChannelInboundHandlerAdapter implements Service {
        @Override
        public void initialize(MovableChannel connection, String listener) {
            connection.pipeline().addLast(this);
        }

        @Override
        public boolean isSharable() {
            return true;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.close(); // the client was faster
        }
    }

    @Override
    public void close() {
        loops.close();
        worker.shutdown();
    }
}
