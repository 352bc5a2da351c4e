package dev.baton.plugin.chaos;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;

/**
 * Contributes the HTTP handler {@code chaos}, the service type {@code chaos} and the admin actions {@code chaos/...}.
 * Its manifest says that it is loaded on request only: {@code plugins: { enable: [chaos] }}.
 */
public final class ChaosPlugin implements Plugin {

    @Override
    public void configure(PluginBinder binder) {
        binder.httpHandler("chaos", ChaosHandler.Settings.class, ChaosHandler.Factory.class);
        binder.service("chaos", ChaosService.Settings.class, ChaosService.Factory.class);
        binder.fdHook("chaos", DelayHook.class);
        binder.adminAction("chaos/block", LoopActions.Time.class, LoopActions.Block.class);
        binder.adminAction("chaos/spin", LoopActions.Time.class, LoopActions.Spin.class);
        binder.adminAction("chaos/throw", LoopActions.Thrown.class, LoopActions.Throw.class);
        binder.adminAction("chaos/crash", CrashAction.Nothing.class, CrashAction.class);
        binder.adminAction("chaos/leak", LeakAction.Wanted.class, LeakAction.class);
        binder.adminAction("chaos/delay", DelayAction.Wanted.class, DelayAction.class);
        binder.adminView("chaos", DelayView.class);
    }
}
