package dev.baton.plugin.inherited;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the listener kinds {@code fd} and {@code systemd}. */
public final class InheritedListenerPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.listener("fd", FdListenerKind.class);
        binder.listener("systemd", SystemdListenerKind.class);
    }
}
