package dev.baton.plugin.demoorigin;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the HTTP handler {@code demo-origin}. */
public final class DemoOriginPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.httpHandler("demo-origin", DemoOrigin.Settings.class, DemoOrigin.Factory.class);
    }
}
