package dev.baton.plugin.httpproxy;

import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;

/** Makes the reverse proxies of the configuration. */
public final class HttpProxyFactory implements ServiceFactory<HttpProxyConfig> {

    /** For Guice. */
    public HttpProxyFactory() {}

    @Override
    public Service create(String name, HttpProxyConfig config, ServiceContext context) {
        return new HttpProxyService(name, config, context);
    }
}
