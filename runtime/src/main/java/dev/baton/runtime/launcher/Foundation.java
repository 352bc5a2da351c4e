package dev.baton.runtime.launcher;

import com.google.inject.AbstractModule;
import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdWitness;
import dev.baton.runtime.fd.FdWitness.HookOf;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.PrometheusMetrics;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.admin.Metrics;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.loop.Apart;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.rescue.LoopWatch;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What a process has before its configuration is known: system calls, the fd table, metrics and the plugins. */
public final class Foundation {
    final Installation installation;
    final Posix posix = new JnrPosix();
    final LoopRegistry loops = new LoopRegistry();
    final FdWitness witness = new FdWitness();
    final FdTable table = new FdTable(posix, loops, witness);
    final PrometheusMetrics metrics = new PrometheusMetrics();
    final PluginErrors pluginErrors = new PluginErrors(metrics);
    final ChannelEnv channels = new ChannelEnv(table, posix, loops, pluginErrors);
    final Late<Vertx> vertx = new Late<>("Vertx");
    final Late<Vertx> vertxApart = new Late<>("@Apart Vertx");
    final Late<RuntimeView> view = new Late<>("RuntimeView");
    final Late<LoopWatch> watch = new Late<>("LoopWatch");
    final Late<RuntimeControl> control = new Late<>("RuntimeControl");
    private final PluginLoader loader;

    /** Everything that {@link dev.baton.spi.PluginBinder} promises to plugins. */
    private final class Bindings extends AbstractModule {
        @Override
        protected void configure() {
            bind(Loops.class).toInstance(loops);
            bind(Fds.class).toInstance(table);
            bind(Metrics.class).toInstance(metrics);
            bind(Vertx.class).toProvider(vertx);
            bind(Vertx.class).annotatedWith(Apart.class).toProvider(vertxApart);
            bind(RuntimeView.class).toProvider(view);
            bind(LoopWatch.class).toProvider(watch);
            bind(RuntimeControl.class).toProvider(control);
        }
    }

    private Foundation(Installation installation, Set<String> enabled) {
        this.installation = installation;
        this.loader = new PluginLoader(new Bindings(), enabled);
    }

    /**
     * Loads the plugins of the installation, and those that a configuration asks for.
     *
     * @param configuration not bound yet: the plugins say what may be in it
     */
    public static Foundation lay(Installation installation, ConfigReader configuration) {
        Foundation foundation = new Foundation(installation, configuration.enabledPlugins());
        installation.plugins().forEach(foundation.loader::loadAll);
        configuration.pluginFolders().forEach(foundation.loader::loadAll);
        List<HookOf> hooks = new ArrayList<>();
        foundation.plugins().hooks().forEach(hook -> hooks.add(new HookOf(hook.plugin(), hook.get())));
        foundation.witness.hooks(hooks, foundation.pluginErrors);
        foundation.plugins().snapshots().stream()
                .filter(plugin -> plugin.problem() == null)
                .forEach(plugin -> foundation.pluginErrors.announce(plugin.id()));
        return foundation;
    }

    /** What the plugins contribute. */
    public PluginRegistry plugins() {
        return loader.registry();
    }

    /**
     * Binds a configuration with the words of the plugins.
     *
     * @throws StartException with every error of the file
     */
    public RootConfig read(ConfigSource source) throws StartException {
        try {
            return source.reader().read(plugins());
        } catch (ConfigException e) {
            throw new StartException(ExitCode.CONFIG, String.valueOf(e.getMessage()), e);
        }
    }
}
