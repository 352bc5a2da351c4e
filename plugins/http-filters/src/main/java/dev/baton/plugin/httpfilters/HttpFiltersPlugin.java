package dev.baton.plugin.httpfilters;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** The entry point. */
public final class HttpFiltersPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.httpFilter("request-id", RequestId.Settings.class, RequestId.Factory.class);
        binder.httpFilter("headers", Headers.Settings.class, Headers.Factory.class);
        binder.httpFilter("bearer", Bearer.Settings.class, Bearer.Factory.class);
        binder.httpFilter("basic-auth", BasicAuth.Settings.class, BasicAuth.Factory.class);
    }
}
