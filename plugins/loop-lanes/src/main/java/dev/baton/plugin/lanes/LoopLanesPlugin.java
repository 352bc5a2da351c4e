package dev.baton.plugin.lanes;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the component {@code lanes} and the admin view of the same name. */
public final class LoopLanesPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.component("lanes", LanesConfig.class, LanesFactory.class);
        binder.adminView("lanes", LanesView.class);
    }
}
