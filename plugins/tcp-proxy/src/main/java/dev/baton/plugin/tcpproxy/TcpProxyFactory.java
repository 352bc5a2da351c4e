package dev.baton.plugin.tcpproxy;

import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;

/** Makes the services of type {@code tcp-proxy}. */
public final class TcpProxyFactory implements ServiceFactory<TcpProxyConfig> {

    @Override
    public Service create(String name, TcpProxyConfig config, ServiceContext context) {
        return new TcpProxy(name, config, context);
    }
}
