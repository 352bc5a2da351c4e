package dev.baton.plugin.unixlistener;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the listener kind {@code unix}. */
public final class UnixListenerPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.listener("unix", UnixListenerKind.class);
    }
}
