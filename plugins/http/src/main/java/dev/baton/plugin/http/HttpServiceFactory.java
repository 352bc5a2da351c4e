package dev.baton.plugin.http;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.http2.SharedConnections;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.UpstreamConnections;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Makes the reverse proxies of the configuration. */
public final class HttpServiceFactory implements ServiceFactory<HttpConfig> {

    private final Map<UpstreamConnections, SharedConnections> shared = new ConcurrentHashMap<>();

    /** For Guice. */
    public HttpServiceFactory() {}

    @Override
    public Service create(String name, HttpConfig config, ServiceContext context) {
        return new HttpService(name, config, context, shared);
    }
}
