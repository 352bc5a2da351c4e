package dev.baton.plugin.http;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.time.Duration;

/** One reverse proxy: what all its connections share. */
final class HttpService implements Service {
    /** A new request's lines are copied into a buffer of this size in bytes, which grows with the longest of them. */
    private static final int LINE_BUFFER_BYTES = 128;

    private final Upstream upstream;
    private final UpstreamConnections connections;
    private final HttpDecoderConfig decoding;
    private final SpareDecoders decoders;
    private final Refusals refusals;
    private final Counter requests;
    private final Counter retries;
    private final Timeouts timeouts;
    private final RequestLimits limits;
    private final int headerLimit;

    HttpService(String name, HttpConfig config, ServiceContext context) {
        timeouts = Timeouts.of(config);
        limits = new RequestLimits(config);
        headerLimit = (int) config.headerLimit().bytes();
        // The rest of Netty's defaults are the strict ones: CR LF only, one Content-Length, no Content-Length together
        // with Transfer-Encoding. They are stated all the same, because system properties can change the defaults.
        decoding = new HttpDecoderConfig()
                .setMaxInitialLineLength(headerLimit)
                .setMaxHeaderSize(headerLimit)
                .setInitialBufferSize(LINE_BUFFER_BYTES)
                .setAllowDuplicateContentLengths(false)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true);
        decoders = new SpareDecoders(decoding);
        refusals = new Refusals(name, context.metrics());
        requests = context.metrics()
                .counter("baton_http_requests_total", "Requests that were understood.", "service", name);
        retries = context.metrics()
                .counter(
                        "baton_http_retries_total",
                        "Requests sent again on another connection because the first one died unused.",
                        "service",
                        name);
        upstream = context.upstream(config.upstream());
        // The limit is part of the profile: connections whose decoders differ are not interchangeable.
        // Between two exchanges nothing is left of the first: what is idle is bare.
        connections = upstream.connections("http/1.1 " + config.headerLimit(), new UpstreamInitializer(), true);
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        connection.config().setOption(MovableChannel.READ_TO_END, false); // what is held is bounded by not reading
        connection.pipeline().addLast(new RequestReader(this, connection));
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

    Upstream upstream() {
        return upstream;
    }

    UpstreamConnections connections() {
        return connections;
    }

    HttpDecoderConfig decoding() {
        return decoding;
    }

    SpareDecoders decoders() {
        return decoders;
    }

    Refusals refusals() {
        return refusals;
    }

    Counter requests() {
        return requests;
    }

    Counter retries() {
        return retries;
    }

    Timeouts timeouts() {
        return timeouts;
    }

    RequestLimits limits() {
        return limits;
    }

    int headerLimit() {
        return headerLimit;
    }

    @ChannelHandler.Sharable
    private final class UpstreamInitializer extends ChannelInitializer<Channel> {
        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new UpstreamEnd(HttpService.this, (MovableChannel) channel));
        }
    }
}
