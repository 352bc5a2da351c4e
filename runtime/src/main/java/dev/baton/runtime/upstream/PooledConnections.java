package dev.baton.runtime.upstream;

import dev.baton.spi.admin.Metrics.Counter;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;
import io.netty.channel.ChannelHandler;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The connections of one profile to all servers of one upstream. */
final class PooledConnections implements UpstreamConnections {
    private final String plugin;
    private final ChannelHandler initializer;
    private final List<ServerLocator> locators;
    private final List<ServerPool> pools;
    private final long connectTimeoutNanos;
    private final UpstreamEnv env;
    private final UpstreamCounters counters;

    PooledConnections(
            String plugin,
            ChannelHandler initializer,
            List<ServerLocator> locators,
            List<ServerPool> pools,
            long connectTimeoutNanos,
            UpstreamEnv env,
            UpstreamCounters counters) {
        this.plugin = plugin;
        this.initializer = initializer;
        this.locators = locators;
        this.pools = pools;
        this.connectTimeoutNanos = connectTimeoutNanos;
        this.env = env;
        this.counters = counters;
    }

    ServerPool pool(int server) {
        return pools.get(server);
    }

    @Override
    public @Nullable MovableChannel take(UpstreamServer server, Loop loop) {
        ServerPool.Member member = pools.get(server.index()).take(loop);
        if (member == null) {
            return null;
        }
        Counter reuses = member.changesTo(loop) ? counters.reusesTakeover() : counters.reusesLocal();
        reuses.increment();
        return member.channel();
    }

    @Override
    public void connect(UpstreamServer server, Loop loop, ConnectHandler handler) {
        ServerPool pool = pools.get(server.index());
        ConnectAttempt.Outcome outcome = new ConnectAttempt.Outcome() {
            @Override
            public void connected(MovableChannel channel) {
                pool.join(channel, channel.loop());
                counters.connects().increment();
                try {
                    handler.connected(channel);
                } catch (Throwable t) { // an Error too: nobody else knows of the connection
                    channel.pipeline().fireExceptionCaught(t);
                    channel.close();
                }
            }

            @Override
            public void failed(Throwable cause) {
                counters.connectFailures().increment();
                handler.failed(cause);
            }
        };
        new ConnectAttempt(env, plugin, server.address(), loop, initializer, connectTimeoutNanos, outcome)
                .start(locators.get(server.index()));
    }

    @Override
    public void release(MovableChannel connection) {
        ServerPool.member(connection).release();
    }
}
