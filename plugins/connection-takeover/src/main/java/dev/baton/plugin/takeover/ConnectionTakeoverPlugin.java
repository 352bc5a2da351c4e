package dev.baton.plugin.takeover;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the takeover policy {@code takeover}: one pool of idle upstream connections for all loops. */
public final class ConnectionTakeoverPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.takeoverPolicy("takeover", ConnectionTakeover.class);
    }
}
