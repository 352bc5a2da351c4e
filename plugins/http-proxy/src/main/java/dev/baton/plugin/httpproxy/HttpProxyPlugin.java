package dev.baton.plugin.httpproxy;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the service type {@code http-proxy}. */
public final class HttpProxyPlugin implements Plugin {

    /** For the plugin loader. */
    public HttpProxyPlugin() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.service("http-proxy", HttpProxyConfig.class, HttpProxyFactory.class);
    }
}
