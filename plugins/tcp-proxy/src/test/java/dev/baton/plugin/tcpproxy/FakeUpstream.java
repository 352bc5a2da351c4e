package dev.baton.plugin.tcpproxy;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.channel.ChannelHandler;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** An upstream whose connects succeed or fail when a test says so, and the context that has it. */
final class FakeUpstream implements Upstream, UpstreamConnections, ServiceContext, Metrics {
    final ArrayDeque<ConnectHandler> connects = new ArrayDeque<>();
    final ArrayDeque<String> connectedTo = new ArrayDeque<>();
    final Map<String, AtomicLong> counts = new TreeMap<>();

    List<UpstreamServer> servers;
    private int turn;
    private @Nullable ChannelHandler initializer;

    FakeUpstream(int servers) {
        UpstreamServer[] made = new UpstreamServer[servers];
        for (int i = 0; i < servers; i++) {
            made[i] = new UpstreamServer("server-" + i + ":1", i);
        }
        this.servers = List.of(made);
    }

    /** The oldest connect that is under way succeeds. */
    EmbeddedConnection succeed(ManualLoop loop) {
        EmbeddedConnection connection = new EmbeddedConnection(loop);
        connection.freezeTime();
        connection.pipeline().addLast(Objects.requireNonNull(initializer));
        connection.post(() -> connects.remove().connected(connection));
        connection.pipeline().fireChannelActive();
        return connection;
    }

    /** The oldest connect that is under way fails. */
    void fail(Throwable cause) {
        connects.remove().failed(cause);
    }

    @Override
    public void connect(UpstreamServer server, Loop loop, ConnectHandler handler) {
        connectedTo.add(server.address());
        connects.add(handler);
    }

    @Override
    public @Nullable MovableChannel take(UpstreamServer server, Loop loop) {
        throw new AssertionError("streams are not taken from a pool");
    }

    @Override
    public void release(MovableChannel connection) {
        throw new AssertionError("streams do not go into a pool");
    }

    @Override
    public String name() {
        return "app";
    }

    @Override
    public List<UpstreamServer> servers() {
        return servers;
    }

    @Override
    public UpstreamServer next() {
        return servers.get(turn++ % servers.size());
    }

    @Override
    public UpstreamConnections connections(String profile, ChannelHandler handler) {
        initializer = handler;
        return this;
    }

    @Override
    public Upstream upstream(String name) {
        return this;
    }

    @Override
    public Loops loops() {
        return ManualLoop.loops();
    }

    @Override
    public Metrics metrics() {
        return this;
    }

    @Override
    public Counter counter(String name, String help, String... labels) {
        AtomicLong count = counts.computeIfAbsent(name, absent -> new AtomicLong());
        return new Counter() {
            @Override
            public void increment() {
                count.incrementAndGet();
            }

            @Override
            public long count() {
                return count.get();
            }
        };
    }

    @Override
    public void gauge(String name, String help, LongSupplier value, String... labels) {
        throw new UnsupportedOperationException();
    }

    @Override
    public String scrape() {
        throw new UnsupportedOperationException();
    }
}
