package dev.baton.plugin.proxyprotocol;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class ProxyProtocolPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.connectionFilter("proxy-protocol", ProxyProtocolConfig.class, ProxyProtocolFactory.class);
    }
}
