package dev.baton.plugin.epoll;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the poller {@code epoll}. */
public final class EpollPlugin implements Plugin {

    /** Made by the runtime. */
    public EpollPlugin() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.poller("epoll", EpollProvider.class);
    }
}
