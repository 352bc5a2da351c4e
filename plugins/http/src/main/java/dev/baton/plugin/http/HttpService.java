package dev.baton.plugin.http;

import dev.baton.plugin.http.config.Http2Config;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.exchange.ClientConnection;
import dev.baton.plugin.http.exchange.ExchangeEnv;
import dev.baton.plugin.http.exchange.PooledEnds;
import dev.baton.plugin.http.exchange.Routes;
import dev.baton.plugin.http.exchange.UpstreamEnds;
import dev.baton.plugin.http.exchange.Ways;
import dev.baton.plugin.http.http1.Http1Packing;
import dev.baton.plugin.http.http1.Http1Settings;
import dev.baton.plugin.http.http1.Http1UpstreamEnd;
import dev.baton.plugin.http.http1.RequestReader;
import dev.baton.plugin.http.http2.Http2Codec;
import dev.baton.plugin.http.http2.Http2Limits;
import dev.baton.plugin.http.http2.SharedConnections;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.channel.TlsFacts;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Renewable;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandler;
import io.netty.channel.ChannelInitializer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** One service of type {@code http}. */
final class HttpService implements Service, Renewable<HttpConfig> {
    /** Names in a TLS handshake (RFC 7301, section 6, and RFC 9113, section 3.1). */
    private static final String HTTP_2 = "h2";

    private static final String HTTP_1_1 = "http/1.1";

    private final ExchangeEnv env;
    private final Http1Settings http1;
    private final Http1Packing packing;
    private final Http2Limits http2;
    private final Map<UpstreamConnections, SharedConnections> shared;
    private final Routes routes;

    /**
     * Makes a service.
     *
     * @param shared connections in HTTP/2 that all services of this plugin share
     */
    HttpService(
            String name,
            HttpConfig config,
            ServiceContext context,
            Map<UpstreamConnections, SharedConnections> shared) {
        this.shared = shared;
        int headerLimit = (int) config.headerLimit().bytes();
        http2 = new Http2Limits(config.http2(), headerLimit);
        http1 = new Http1Settings(headerLimit, this::speakHttp2);
        // Of the configuration nothing is kept that has records of other plugins in it: these may be replaced.
        String decoders = "http/1.1 " + config.headerLimit();
        String frames = "http/2 " + config.headerLimit() + " " + words(config.http2());
        routes = new Routes(name, context, upstream -> ends(upstream, decoders, frames));
        env = new ExchangeEnv(name, config, context, routes.ways(config));
        packing = new Http1Packing(env, http1);
    }

    /** All that decoders of upstream connections keep to. */
    private static String words(Http2Config config) {
        return config.maxStreams() + " " + config.streamWindow() + " " + config.maxResets() + " "
                + config.maxIdleFrames() + " " + config.maxContinuations();
    }

    @Override
    public Renewal renew(String plugin, HttpConfig config, ServiceContext context) {
        Ways before = env.ways();
        return new Renewed(plugin, before, routes.ways(config, before, plugin, context));
    }

    /** Exchanges that begin go other ways. */
    private final class Renewed implements Renewal {
        private final String plugin;
        private final Ways before;
        private final Ways after;

        Renewed(String plugin, Ways before, Ways after) {
            this.plugin = plugin;
            this.before = before;
            this.after = after;
        }

        @Override
        public void begin() {
            env.ways(after);
        }

        @Override
        public long underWay() {
            return before.underWay().sum();
        }

        @Override
        public void end() {
            before.close(plugin, env);
        }

        @Override
        public void abandon() {
            after.close(plugin, env);
        }
    }

    /** What decoders keep to is part of the profile: connections that differ in it are not interchangeable. */
    private UpstreamEnds ends(Upstream upstream, String decoders, String frames) {
        if (upstream.protocol() == UpstreamProtocol.HTTP_2) {
            UpstreamConnections connections =
                    upstream.connections(UpstreamProtocol.HTTP_2, frames, new Http2UpstreamInitializer(), false);
            return shared.computeIfAbsent(connections, each -> new SharedConnections(upstream, each));
        }
        // Between two exchanges nothing is left of the first: what is idle is bare.
        return new PooledEnds(
                upstream.connections(UpstreamProtocol.HTTP_1_1, decoders, new UpstreamInitializer(), true));
    }

    @Override
    public List<String> protocols() {
        return List.of(HTTP_2, HTTP_1_1);
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        prepare(connection);
        connection
                .pipeline()
                .addLast(saidHttp2(connection) ? speakHttp2(connection) : new RequestReader(env, http1, connection));
    }

    private static void prepare(MovableChannel connection) {
        connection.config().setOption(MovableChannel.READ_TO_END, false); // what is held is bounded by not reading
    }

    /** It was settled in the TLS handshake; without TLS, the first bytes tell. */
    private static boolean saidHttp2(MovableChannel connection) {
        ConnectionFacts found = connection.hasAttr(MovableChannel.FACTS)
                ? connection.attr(MovableChannel.FACTS).get()
                : null;
        TlsFacts tls = found == null ? null : found.tls();
        return tls != null && HTTP_2.equals(tls.alpn());
    }

    private ChannelInboundHandler speakHttp2(MovableChannel connection) {
        return Http2Codec.reader(env, connection, http2);
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        ClientConnection client = connection.pipeline().get(ClientConnection.class);
        if (client != null) {
            client.drain(patience);
        }
    }

    @Override
    public Packed pack(MovableChannel connection, Packing asked) {
        ClientConnection client = connection.pipeline().get(ClientConnection.class);
        return client == null ? Packed.NEVER : client.pack(asked);
    }

    @Override
    public boolean giveUp(MovableChannel connection, Consumer<ByteBuf> taker) {
        ClientConnection client = connection.pipeline().get(ClientConnection.class);
        return client != null && client.giveUp(taker);
    }

    @Override
    public boolean unpacks(byte[] state) {
        return packing.unpacks(state);
    }

    @Override
    public void unpack(MovableChannel connection, String listener, Packed packed) {
        prepare(connection);
        packing.unpack(connection, packed);
    }

    @Override
    public long idleNanos(MovableChannel connection) {
        ClientConnection client = connection.pipeline().get(ClientConnection.class);
        return client == null ? NOT_IDLE : client.idleNanos();
    }

    @Override
    public void close() {
        env.ways().close(env);
    }

    @ChannelHandler.Sharable
    private final class UpstreamInitializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new Http1UpstreamEnd(env, http1, (MovableChannel) channel));
        }
    }

    @ChannelHandler.Sharable
    private final class Http2UpstreamInitializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(Http2Codec.upstream(env, (MovableChannel) channel, http2));
        }
    }
}
