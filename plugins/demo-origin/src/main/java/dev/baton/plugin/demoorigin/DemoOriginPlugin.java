package dev.baton.plugin.demoorigin;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the service type {@code demo-origin}. */
public final class DemoOriginPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.service("demo-origin", DemoOriginConfig.class, DemoOriginFactory.class);
    }
}
