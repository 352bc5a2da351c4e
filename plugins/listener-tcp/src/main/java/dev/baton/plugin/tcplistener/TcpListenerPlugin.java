package dev.baton.plugin.tcplistener;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the listener kind {@code tcp}. */
public final class TcpListenerPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.listener("tcp", TcpListenerKind.class);
    }
}
