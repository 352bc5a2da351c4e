package dev.baton.plugin.poll;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the poller {@code poll}. */
public final class PollPlugin implements Plugin {

    /** Made by the runtime. */
    public PollPlugin() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.poller("poll", PollProvider.class);
    }
}
