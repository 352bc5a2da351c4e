package dev.baton.plugin.chaos;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/**
 * Contributes the service type {@code chaos} and the admin actions {@code chaos/...}. Its manifest says that it is loaded on
 * request only: {@code plugins: { enable: [chaos] }}.
 */
public final class ChaosPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.service("chaos", ChaosConfig.class, ChaosFactory.class);
        binder.fdHook(DelayHook.class);
        binder.adminAction(LoopActions.Block.class);
        binder.adminAction(LoopActions.Spin.class);
        binder.adminAction(LoopActions.Throw.class);
        binder.adminAction(LeakAction.class);
        binder.adminAction(DelayAction.class);
        binder.adminView(DelayView.class);
    }
}
