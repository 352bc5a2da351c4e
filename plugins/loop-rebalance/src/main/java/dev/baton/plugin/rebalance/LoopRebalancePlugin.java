package dev.baton.plugin.rebalance;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/** Contributes the component {@code loop-rebalance}. */
public final class LoopRebalancePlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.component("loop-rebalance", RebalanceConfig.class, RebalanceFactory.class);
    }
}
