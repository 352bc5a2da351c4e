package dev.baton.plugin.rescue;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the component {@code rescue}: the watchdog. */
public final class LoopRescuePlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.component("rescue", RescueConfig.class, RescueFactory.class);
    }
}
