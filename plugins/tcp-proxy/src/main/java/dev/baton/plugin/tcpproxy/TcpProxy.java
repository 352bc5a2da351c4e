package dev.baton.plugin.tcpproxy;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.ServerBusyException.Reason;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.spi.upstream.WaitingConnect;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Forwards TCP streams: opens an upstream connection for each accepted one and passes bytes on in both directions, the
 * end of each direction by itself, and a cut as a reset. A stream has no boundary at which it could be ended early, so
 * a drain leaves it alone. In an upgrade it goes to the next process.
 */
final class TcpProxy implements Service {
    private static final Logger LOG = LoggerFactory.getLogger(TcpProxy.class);

    /** Servers that are tried for one client, which has sent nothing that could be lost. */
    private static final int MAX_CONNECTS = 3;

    private final String name;
    private final Upstream upstream;
    private final UpstreamConnections connections;
    private final long idleNanos;
    private final boolean splice;
    private final long spliceAfter;
    private final AtomicBoolean unreachable = new AtomicBoolean();
    private final Counter connectFailures;
    private final Counter idleCloses;

    TcpProxy(String name, TcpProxyConfig config, ServiceContext context) {
        this.name = name;
        this.upstream = context.upstream(config.upstream());
        this.idleNanos = config.idleTimeout().toNanos();
        this.splice = config.splice();
        this.spliceAfter = config.spliceAfter().bytes();
        this.connectFailures = context.metrics()
                .counter(
                        "baton_tcp_proxy_unserved_total",
                        "Connections closed because no server of the upstream could be reached.",
                        "service",
                        name);
        this.idleCloses = context.metrics()
                .counter("baton_tcp_proxy_idle_closes_total", "Streams reset by idle-timeout.", "service", name);
        // The initializer belongs to this service, and what it opens is never shared: a profile of its own.
        this.connections = upstream.connections("tcp-proxy:" + name, new UpstreamInitializer());
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        connection.config().setAutoRead(false); // until there is somewhere to put what is read
        add(connection, true);
    }

    @Override
    public Packed pack(MovableChannel connection, Packing packing) {
        return end(connection).pack(packing);
    }

    @Override
    public boolean unpacks(byte[] state) {
        return PackedStream.of(state) != null;
    }

    @Override
    public void unpack(MovableChannel connection, String listener, Packed packed) {
        PackedStream stream = PackedStream.of(packed.state());
        if (stream == null || packed.companions().size() != 1) {
            throw new IllegalArgumentException("no stream of tcp-proxy");
        }
        initialize(connection, listener);
        End.unpack(end(connection), end(packed.companions().get(0)), stream);
    }

    private void add(MovableChannel connection, boolean client) {
        connection.config().setAllowHalfClosure(true);
        connection.config().setOption(MovableChannel.READ_TO_END, false); // what is held is bounded by not reading
        connection.config().setTcpNoDelay(true);
        connection.config().setSoLinger(End.RESET); // until both directions have ended
        connection.pipeline().addLast("tcp-proxy", new End(this, connection, client));
    }

    private static End end(MovableChannel connection) {
        return Objects.requireNonNull(connection.pipeline().get(End.class));
    }

    /** After how long without a byte both ends are closed. */
    long idleNanos() {
        return idleNanos;
    }

    /** Whether the kernel may pass bytes on. */
    boolean splices() {
        return splice;
    }

    /** Bytes of a direction that are read before. */
    long spliceAfter() {
        return spliceAfter;
    }

    void countIdleClose() {
        idleCloses.increment();
    }

    /** Opens the other end for a client. Under the claim on the client. */
    void connect(End client) {
        MovableChannel channel = client.channel();
        connect(client, upstream.next(channel::clientAddress), 1);
    }

    private void connect(End client, UpstreamServer server, int attempt) {
        connections.connect(server, client.channel().loop(), client.channel(), new ConnectHandler() {
            @Override
            public void waits(WaitingConnect wait) {
                client.channel().closeFuture().addListener(closed -> wait.cancel());
            }

            @Override
            public void connected(MovableChannel connection) {
                if (unreachable.get()) {
                    unreachable.set(false);
                }
                End end = end(connection);
                end.link(client);
                // Before anything else can be sent from there to the client: it has not read a byte yet.
                client.channel().post(() -> client.linked(end));
            }

            @Override
            public void failed(Throwable cause) {
                client.channel().post(() -> connectFailed(client, server, cause, attempt));
            }
        });
    }

    private void connectFailed(End client, UpstreamServer server, Throwable cause, int attempt) {
        LOG.debug("{}: {}", name, cause.getMessage());
        boolean waited = cause instanceof ServerBusyException busy && busy.reason() == Reason.TIMEOUT;
        List<UpstreamServer> now = upstream.servers();
        // The one that has failed may be gone, as the stand-in of a name's servers is.
        int most = Math.min(MAX_CONNECTS, now.contains(server) ? now.size() : now.size() + 1);
        if (client.channel().isActive() && attempt < most && !waited) {
            connect(client, upstream.nextAfter(server), attempt + 1);
            return;
        }
        connectFailures.increment();
        if (unreachable.compareAndSet(false, true)) { // not again until a connect succeeds; the counter has them all
            LOG.warn("{}: no server reached, the last one was {}: {}", name, server.address(), cause.getMessage());
        }
        client.channel().close();
    }

    /** Sets upstream connections up. */
    @ChannelHandler.Sharable
    private final class UpstreamInitializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            add((MovableChannel) channel, false);
        }
    }
}
