package dev.baton.plugin.http;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.FilterUse;
import dev.baton.plugin.http.exchange.Routes;
import dev.baton.plugin.http.http1.Http1Settings;
import dev.baton.plugin.http.http1.Http1UpstreamEnd;
import dev.baton.plugin.http.http1.RequestReader;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.time.Duration;
import java.util.List;

/** One service of type {@code http}. */
final class HttpService implements Service {
    private final ExchangeEnv env;
    private final Http1Settings http1;
    private final List<FilterUse> filters;

    HttpService(String name, HttpConfig config, ServiceContext context) {
        http1 = new Http1Settings((int) config.headerLimit().bytes());
        // The limit is part of the profile: connections whose decoders differ are not interchangeable.
        Routes routes = new Routes(name, context, "http/1.1 " + config.headerLimit(), new UpstreamInitializer());
        env = new ExchangeEnv(name, config, context, routes.router(config));
        filters = routes.made();
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        connection.config().setOption(MovableChannel.READ_TO_END, false); // what is held is bounded by not reading
        connection.pipeline().addLast(new RequestReader(env, http1, connection));
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        RequestReader reader = connection.pipeline().get(RequestReader.class);
        if (reader != null) {
            reader.downstream().drain(patience);
        }
    }

    @Override
    public long idleNanos(MovableChannel connection) {
        RequestReader reader = connection.pipeline().get(RequestReader.class);
        return reader == null ? NOT_IDLE : reader.downstream().idleNanos();
    }

    @Override
    public void close() {
        for (FilterUse each : filters) {
            try {
                each.filter().close();
            } catch (Throwable t) {
                env.failed(each, "while it is closed", t);
            }
        }
    }

    @ChannelHandler.Sharable
    private final class UpstreamInitializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new Http1UpstreamEnd(env, http1, (MovableChannel) channel));
        }
    }
}
