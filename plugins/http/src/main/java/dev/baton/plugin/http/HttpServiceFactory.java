package dev.baton.plugin.http;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;

/** Makes the reverse proxies of the configuration. */
public final class HttpServiceFactory implements ServiceFactory<HttpConfig> {

    /** For Guice. */
    public HttpServiceFactory() {}

    @Override
    public Service create(String name, HttpConfig config, ServiceContext context) {
        return new HttpService(name, config, context);
    }
}
