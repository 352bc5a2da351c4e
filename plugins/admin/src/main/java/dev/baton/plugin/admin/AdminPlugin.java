package dev.baton.plugin.admin;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the component {@code admin}: the HTTP API that shows and steers the running process. */
public final class AdminPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.component("admin", AdminConfig.class, AdminFactory.class);
    }
}
