package dev.baton.plugin.http;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One service: what all its connections share. */
final class HttpService implements Service {
    private static final Logger LOG = LoggerFactory.getLogger(HttpService.class);

    /** A new request's lines are copied into a buffer of this size in bytes, which grows with the longest of them. */
    private static final int LINE_BUFFER_BYTES = 128;

    private final String name;
    private final ServiceContext context;
    private final Router router;
    private final List<FilterUse> filters;
    private final HttpDecoderConfig decoding;
    private final SpareDecoders decoders;
    private final Refusals refusals;
    private final Counter requests;
    private final Counter retries;
    private final Timeouts timeouts;
    private final RequestLimits limits;
    private final TrustedProxies proxies;
    private final int headerLimit;

    HttpService(String name, HttpConfig config, ServiceContext context) {
        this.name = name;
        this.context = context;
        timeouts = Timeouts.of(config);
        limits = new RequestLimits(config);
        proxies = new TrustedProxies(config.forwarded());
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
                .counter("baton_http_retries_total", "Requests sent again because no response came.", "service", name);
        // The limit is part of the profile: connections whose decoders differ are not interchangeable.
        Routes routes = new Routes(name, context, "http/1.1 " + config.headerLimit(), new UpstreamInitializer());
        router = routes.router(config);
        filters = routes.made();
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
            reader.stream().drain(patience);
        }
    }

    @Override
    public long idleNanos(MovableChannel connection) {
        RequestReader reader = connection.pipeline().get(RequestReader.class);
        return reader == null ? NOT_IDLE : reader.stream().idleNanos();
    }

    @Override
    public void close() {
        for (FilterUse each : filters) {
            try {
                each.filter().close();
            } catch (Throwable t) {
                failed(each, "while it is closed", t);
            }
        }
    }

    /** Counts for its plugin what a filter or handler threw. */
    void failed(FilterUse use, String where, Throwable thrown) {
        context.failed(use.contributed(), use.type() + " of service " + name + ", " + where, thrown);
    }

    /** A filter or handler has been over its budget too often. */
    void quarantined(FilterUse use, Route route) {
        context.metrics()
                .counter(
                        "baton_http_quarantines_total",
                        "Filters and handlers that were not called for a while because they blocked loops.",
                        "service",
                        name,
                        "type",
                        use.type())
                .increment();
        LOG.warn(
                "service {}: {} of plugin {} blocks loops longer than its budget of {} ms, last in route {}: it is not"
                        + " called for 30 s; if it has to block, mark its class @Blocking",
                name,
                use.type(),
                use.contributed().plugin(),
                use.options().budget().toMillis(),
                route.name());
    }

    String name() {
        return name;
    }

    ServiceContext context() {
        return context;
    }

    TrustedProxies proxies() {
        return proxies;
    }

    Router router() {
        return router;
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
