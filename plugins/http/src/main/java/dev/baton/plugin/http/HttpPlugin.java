package dev.baton.plugin.http;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the service type {@code http}. */
public final class HttpPlugin implements Plugin {

    /** For the plugin loader. */
    public HttpPlugin() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.service("http", HttpConfig.class, HttpServiceFactory.class);
        binder.service("http-proxy", HttpConfig.class, HttpServiceFactory.class); // its former name
    }
}
