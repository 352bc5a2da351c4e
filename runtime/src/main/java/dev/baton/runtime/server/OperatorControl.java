package dev.baton.runtime.server;

import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.takeover.LoopChanges;
import dev.baton.runtime.upgrade.Upgrade;
import dev.baton.runtime.upstream.ServerChanges;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.PluginReload;
import dev.baton.spi.admin.RetiredPlugins;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.ServerResult;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.ServerState;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What an operator can ask of a running process, by the admin API and by plugins. */
@AnyThread
final class OperatorControl implements RuntimeControl {
    private final BoundListeners listeners;
    private final ListenerChanges changes;
    private final ServerChanges serverChanges;
    private final LoopChanges loopChanges;
    private final Lifetime lifetime;
    private final Upgrade upgrade;
    private final PluginChanges plugins;
    private final Duration grace;
    private final Map<String, OfferedAction> actions;

    OperatorControl(
            BoundListeners listeners,
            ListenerChanges changes,
            ServerChanges serverChanges,
            LoopChanges loopChanges,
            Lifetime lifetime,
            Upgrade upgrade,
            PluginChanges plugins,
            Duration grace,
            Map<String, ? extends OfferedAction> actions) {
        this.listeners = listeners;
        this.changes = changes;
        this.serverChanges = serverChanges;
        this.loopChanges = loopChanges;
        this.lifetime = lifetime;
        this.upgrade = upgrade;
        this.plugins = plugins;
        this.grace = grace;
        this.actions = Collections.unmodifiableMap(actions);
    }

    @Override
    public Optional<Listener> listener(String name) {
        return Optional.ofNullable(listeners.find(name));
    }

    @Override
    public List<String> listenerNames() {
        return List.copyOf(listeners.names());
    }

    @Override
    public CompletionStage<ListenerResult> addListener(String text) {
        return changes.add(text);
    }

    @Override
    public CompletionStage<ListenerResult> unbindListener(
            String name, Duration within, Optional<String> strategy, boolean forget) {
        return changes.unbind(name, within, strategy, forget);
    }

    @Override
    public CompletionStage<ServerResult> addServer(String upstream, String server, int weight) {
        return serverChanges.add(upstream, server, weight);
    }

    @Override
    public CompletionStage<ServerResult> changeServer(String upstream, String server, ServerState state) {
        return serverChanges.change(upstream, server, state);
    }

    @Override
    public CompletionStage<ServerResult> weighServer(String upstream, String server, int weight) {
        return serverChanges.weigh(upstream, server, weight);
    }

    @Override
    public CompletionStage<LoopResult> addLoop() {
        return loopChanges.add();
    }

    @Override
    public CompletionStage<LoopResult> retireLoop(int id) {
        return loopChanges.retire(id);
    }

    @Override
    public Duration grace() {
        return grace;
    }

    @Override
    public CompletionStage<StopReport> stop(@Nullable Duration within) {
        return lifetime.stop(within);
    }

    @Override
    public CompletionStage<UpgradeReport> upgrade(@Nullable Duration limit) {
        return upgrade.begin(limit);
    }

    @Override
    public CompletionStage<PluginReload> reloadPlugin(String id) {
        return plugins.reload(id);
    }

    @Override
    public CompletionStage<RetiredPlugins> retiredPlugins(boolean collect) {
        return plugins.retired(collect);
    }

    @Override
    public Map<String, OfferedAction> actions() {
        return actions;
    }
}
