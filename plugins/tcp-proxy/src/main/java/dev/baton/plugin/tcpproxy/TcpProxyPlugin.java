package dev.baton.plugin.tcpproxy;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the service type {@code tcp-proxy}. */
public final class TcpProxyPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.service("tcp-proxy", TcpProxyConfig.class, TcpProxyFactory.class);
    }
}
