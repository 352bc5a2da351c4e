package dev.baton.simulation;

import dev.baton.plugin.tcplistener.TcpListenerKind;
import dev.baton.runtime.listener.Balance;
import dev.baton.runtime.listener.ListenerEnv;
import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.service.Service;
import dev.baton.testkit.sim.SimNetwork;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.World;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;

/** A listener of a world on every loop, whose service sends back what it gets; and its clients. */
final class Web implements Service {
    static final int PORT = 8_080;
    private static final Duration ENOUGH = Duration.ofSeconds(30);

    private final World world;
    private final Executor worker;
    private final Timer timer;
    /** Runs on each accepted connection, under its claim. */
    Consumer<MovableChannel> initializing = connection -> {};
    /** Makes its pipeline, under the claim: sends back what comes. */
    Consumer<MovableChannel> serving = connection -> connection.pipeline().addLast(new Echo());
    /** Runs on each connection that is to drain. */
    Consumer<MovableChannel> draining = connection -> {};
    /** How long a connection has been between two messages, in nanoseconds. */
    ToLongFunction<MovableChannel> idle = connection -> NEVER_IDLE;

    final List<MovableChannel> accepted = new ArrayList<>();
    private final int port;
    private final int max;
    private final ListenerEndpoint endpoint;
    private final TotalLimit total;
    private final int fdsPerClient;
    private SharedListener listener;

    Web(World world, int max) {
        this(world, PORT, max);
    }

    Web(World world, int port, int max) {
        this(world, port, max, tcp(port));
    }

    Web(World world, int port, int max, ListenerEndpoint endpoint) {
        this(world, port, max, endpoint, new TotalLimit(Integer.MAX_VALUE), 1);
    }

    /** One whose connections count among those of others. */
    Web(World world, int port, int max, ListenerEndpoint endpoint, TotalLimit total, int fdsPerClient) {
        this.total = total;
        this.fdsPerClient = fdsPerClient;
        this.endpoint = endpoint;
        this.world = world;
        this.port = port;
        this.max = max;
        this.worker = world.simulation().executor("worker" + port);
        this.timer = world.simulation().timer("timer" + port, worker);
        this.listener = made();
    }

    /** A port of this machine. */
    static ListenerEndpoint tcp(int port) {
        return new TcpListenerKind().parse("127.0.0.1:" + port);
    }

    private SharedListener made() {
        Counts counts = new Counts();
        return new SharedListener(
                new ListenerSpec(
                        "web" + port,
                        "127.0.0.1:" + port,
                        endpoint,
                        SocketSettings.DEFAULT,
                        new ListenerSpec.Limits(
                                128,
                                max,
                                Double.POSITIVE_INFINITY,
                                ListenerSpec.Limits.ACCEPTS_PER_TURN,
                                fdsPerClient,
                                ListenerSpec.PerClient.UNLIMITED),
                        false,
                        "echo",
                        this,
                        "test",
                        atOnce()),
                new ListenerEnv(world.env(), counts, worker, total, new Balance(loop -> 0, counts), Duration.ZERO),
                world.loops().batonLoops(),
                timer,
                world.simulation().ticker()::nanoTime);
    }

    /** Deletes the fd, cuts the connections, and is done when the port is free. */
    private UnbindStrategy atOnce() {
        return unbinding -> {
            CompletionStage<Void> free = unbinding.deleteFd();
            unbinding.closeConnections();
            return free.thenApply(done -> new ListenerResult("web" + port, ListenerResult.Outcome.UNBOUND, "free"));
        };
    }

    /** Binds it and lets it accept. */
    Web start() {
        try {
            listener.open();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        listener.start();
        return this;
    }

    /** Another one on the same address. */
    Web again() {
        listener = made();
        return start();
    }

    SharedListener listener() {
        return listener;
    }

    SocketAddress address() {
        return SimNetwork.address(port);
    }

    /** The number of its socket. */
    int number() {
        int[] number = {-1};
        world.table().forEach(each -> {
            if (each.kind() == FdKind.LISTENER && each.plugin().equals("test") && each.loops().length > 0) {
                number[0] = each.fd().number();
            }
        });
        return number[0];
    }

    CompletableFuture<ListenerResult> unbind() {
        return listener.unbind(Duration.ZERO).toCompletableFuture();
    }

    /** Unbinds it and lets the port become free. */
    void finish() {
        CompletableFuture<ListenerResult> done = unbind();
        for (int i = 0; i < 10 && !done.isDone(); i++) {
            world.simulation().pass(ENOUGH);
        }
        if (!done.isDone() || done.join().outcome() == ListenerResult.Outcome.FAILED) {
            throw new AssertionError("not unbound: " + done);
        }
        world.simulation().run();
        if (listener.connections() != 0) {
            throw new AssertionError(listener + " has nobody left");
        }
    }

    /** A client that is served once, or sees the end. Returns what came back. */
    String client(String name) {
        SimPeer peer = world.network().tryConnect(address());
        if (peer == null) {
            return "refused";
        }
        peer.send(name);
        String answer = peer.receive();
        peer.close();
        return answer;
    }

    @Override
    public void initialize(MovableChannel connection, String name) {
        world.countBuffers(connection);
        accepted.add(connection);
        initializing.accept(connection);
        serving.accept(connection);
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        draining.accept(connection);
    }

    @Override
    public long idleNanos(MovableChannel connection) {
        return idle.applyAsLong(connection);
    }

    private static final class Echo extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) throws Exception {
            if (cause instanceof IOException) {
                context.close();
            } else {
                super.exceptionCaught(context, cause);
            }
        }
    }
}
