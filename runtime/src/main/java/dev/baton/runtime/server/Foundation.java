package dev.baton.runtime.server;

import com.google.inject.AbstractModule;
import com.google.inject.Binder;
import com.google.inject.Module;
import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MemoryBudget;
import dev.baton.runtime.channel.ServerSockets;
import dev.baton.runtime.config.ConfigException;
import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.config.Words;
import dev.baton.runtime.fd.FdBudget;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.OwnedFds;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.loop.OwnedPollers;
import dev.baton.runtime.loop.SwallowedThrows;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.output.StandardStreams;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.LoadedPlugin;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.tls.LiveTls;
import dev.baton.runtime.upgrade.UpgradeSteps;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.runtime.vertx.OwnedVertx;
import dev.baton.runtime.vertx.VertxConnections;
import dev.baton.runtime.view.LiveTraffic;
import dev.baton.spi.admin.ParameterBinder;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.config.Spelling;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.loop.Apart;
import dev.baton.spi.loop.Lanes;
import dev.baton.spi.loop.LoopLoads;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.UnixServers;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.Tls;
import dev.baton.spi.traffic.Traffic;
import io.netty.buffer.ByteBufAllocator;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a process has before its configuration is known: system calls, the fd table, metrics and the plugins. */
public final class Foundation {
    private static final Logger LOG = LoggerFactory.getLogger(Foundation.class);

    final Installation installation;
    /** What the environment says to this process; nothing where the process is not Baton's own. */
    final Map<String, String> environment;

    final Posix posix;
    final LoopRegistry loops = new LoopRegistry();
    final FdObservers observers = new FdObservers();
    final FdTable table;
    final FdBudget fds = new FdBudget();
    final Meters metrics = new Meters();
    final LiveTraffic traffic = new LiveTraffic();
    final UpgradeSteps upgradeSteps = new UpgradeSteps(System::currentTimeMillis);
    final ParameterBinder parameters = new QueryBinder();
    final PluginErrors pluginErrors = new PluginErrors(metrics);
    final ChannelEnv channels;
    final ContextOwners contexts = new ContextOwners(pluginErrors);
    final VertxConnections vertxConnections;
    final LiveTls tls = new LiveTls(metrics);
    final LateBinding<Vertx> vertx = new LateBinding<>("Vertx");
    final LateBinding<Vertx> vertxApart = new LateBinding<>("@Apart Vertx");
    final LateBinding<RuntimeView> view = new LateBinding<>("RuntimeView");
    final LateBinding<LoopWatch> watch = new LateBinding<>("LoopWatch");
    final LateBinding<LoopLoads> loads = new LateBinding<>("LoopLoads");
    final LateBinding<Lanes> lanes = new LateBinding<>("Lanes");
    final LateBinding<RuntimeControl> control = new LateBinding<>("RuntimeControl");
    final PluginLoader loader;
    /** What was read; null before. */
    private volatile @Nullable ConfigSource read;

    /** With {@link #own}, everything that {@link dev.baton.spi.PluginBinder} promises to plugins. */
    private final class Bindings extends AbstractModule {
        @Override
        protected void configure() {
            Binder binder = binder().withSource("the runtime"); // else Guice looks at a stack trace for each
            binder.bind(Loops.class).toInstance(loops);
            binder.bind(Metrics.class).toInstance(metrics);
            binder.bind(Traffic.class).toInstance(traffic);
            binder.bind(Spelling.class).toInstance(Words::nearest);
            binder.bind(ParameterBinder.class).toInstance(parameters);
            binder.bind(UnixServers.class).toInstance(channels.servers());
            binder.bind(Tls.class).toInstance(tls);
            binder.bind(RuntimeView.class).toProvider(view);
            binder.bind(LoopWatch.class).toProvider(watch);
            binder.bind(LoopLoads.class).toProvider(loads);
            binder.bind(Lanes.class).toProvider(lanes);
            binder.bind(RuntimeControl.class).toProvider(control);
        }
    }

    /** What each plugin has for itself, so that it reaches nothing of others. */
    private Module own(String plugin) {
        return anonymous -> {
            Binder binder = anonymous.withSource("the runtime");
            binder.bind(Fds.class).toInstance(new OwnedFds(table, plugin));
            binder.bind(CertificateStore.class).toInstance(tls.store(plugin));
            binder.bind(Vertx.class).toProvider(() -> owned(vertx.get(), plugin));
            binder.bind(Vertx.class).annotatedWith(Apart.class).toProvider(() -> owned(vertxApart.get(), plugin));
        };
    }

    private Vertx owned(Vertx shared, String plugin) {
        metrics.gauge(
                "baton_vertx_connections",
                "Connections of a plugin's Vertx, which stay on the loop of their context.",
                () -> vertxConnections.of(plugin),
                "plugin",
                plugin);
        return new OwnedVertx(shared, plugin, contexts);
    }

    private Foundation(
            Installation installation,
            Map<String, String> environment,
            Set<String> enabled,
            Posix posix,
            ByteBufAllocator memory) {
        this.environment = environment;
        loops.failures(pluginErrors);
        this.installation = installation;
        this.posix = posix;
        this.table = new FdTable(posix, loops, observers);
        this.vertxConnections = new VertxConnections(table);
        this.channels = new ChannelEnv(
                table, posix, loops, pluginErrors, memory, new ServerSockets(), fds, new MemoryBudget(table));
        loops.channels(channels);
        metrics.publishProcess(installation.version(), memory);
        metrics.counted(
                "baton_output_lines_dropped_total",
                "Lines of standard output and error that were dropped because the reader was too slow.",
                StandardStreams::dropped);
        this.loader = new PluginLoader(new Bindings(), this::own, enabled);
    }

    /**
     * Loads the plugins of the installation, and those that a configuration asks for.
     *
     * @param configuration not bound yet: the plugins say what may be in it
     * @throws StartException if this machine's system calls cannot be made
     */
    public static Foundation lay(Installation installation, ConfigReader configuration) throws StartException {
        return lay(installation, configuration, false);
    }

    /**
     * As {@link #lay(Installation, ConfigReader)}.
     *
     * @param thorough has the plugins of the distribution checked too, as those that were added always are
     * @throws StartException as there
     */
    public static Foundation lay(Installation installation, ConfigReader configuration, boolean thorough)
            throws StartException {
        Foundation foundation = ofProcess(installation, configuration.enabledPlugins());
        if (thorough) {
            foundation.loader.checkAll();
        }
        foundation.loader.loadAll(installation.plugins(), configuration.pluginFolders());
        return foundation.laid();
    }

    /**
     * As {@link #lay(Installation, ConfigReader)}, with plugins that are being developed.
     *
     * @param developed a folder of them; they take the place of others with the same id
     * @throws StartException as there
     */
    public static Foundation lay(Installation installation, ConfigReader configuration, Path developed)
            throws StartException {
        Foundation foundation = ofProcess(installation, configuration.enabledPlugins());
        foundation.loader.loadAll(installation.plugins(), configuration.pluginFolders(), List.of(developed));
        return foundation.laid();
    }

    /**
     * Loads the plugins of the installation and one more, which is on trial.
     *
     * @param folder of that one
     * @param replaced the folder whose place it is to take, or null
     * @throws StartException if this machine's system calls cannot be made
     */
    public static Foundation onTrial(Installation installation, Path folder, @Nullable Path replaced)
            throws StartException {
        Foundation foundation = ofProcess(installation, Set.of());
        foundation.loader.loadOne(installation.plugins(), folder, replaced);
        return foundation.laid();
    }

    private static Foundation ofProcess(Installation installation, Set<String> enabled) throws StartException {
        Posix posix;
        try {
            posix = new JnrPosix();
        } catch (IllegalStateException e) {
            throw new StartException(Kind.FAILED, String.valueOf(e.getMessage()), e);
        }
        SwallowedThrows.install();
        return new Foundation(installation, System.getenv(), enabled, posix, ByteBufAllocator.DEFAULT);
    }

    /**
     * For tests, and for programs that embed Baton: plugins that are on the class path, system calls and memory of the
     * caller's. The process is the program's: its environment, and so the service manager, is none of Baton's business.
     *
     * @param version what it says of itself
     * @param enabled ids of plugins that are loaded on request, and are requested
     * @param posix the system calls
     * @param memory where channels take their buffers from
     * @param plugins loads them
     */
    public static Foundation embed(
            String version, Set<String> enabled, Posix posix, ByteBufAllocator memory, Consumer<PluginLoader> plugins) {
        Foundation foundation = new Foundation(new Installation(version, List.of()), Map.of(), enabled, posix, memory);
        plugins.accept(foundation.loader);
        return foundation.laid();
    }

    /** Who makes and names the threads of the loops, for a program that knows its own. Before the server is made. */
    public void loopThreads(ThreadFactory factory) {
        loops.foreignThreads(factory);
    }

    /** The plugins are there: their counters. */
    private Foundation laid() {
        plugins().snapshots().stream()
                .filter(plugin -> plugin.problem() == null)
                .forEach(plugin -> pluginErrors.announce(plugin.id()));
        return this;
    }

    /** The configuration is known, and no fd of the server is open: what is told of each. */
    void hooks(Map<String, Record> configured) {
        List<PluginHook> hooks = new ArrayList<>();
        configured.forEach((name, settings) -> hooks.add(new PluginHook(
                plugins().get(ExtensionPoint.FD_HOOK, name).plugin(),
                plugins().make(ExtensionPoint.FD_HOOK, new Variant(name, settings)))));
        observers.hooks().set(hooks, pluginErrors);
    }

    /** The loops are none of a Vert.x. */
    void noVertx() {
        String why = "there is no Vertx here: the loops are not those of a Vert.x, as in a simulation";
        vertx.never(why);
        vertxApart.never(why);
    }

    /** What the plugins contribute. */
    public PluginRegistry plugins() {
        return loader.registry();
    }

    /** The pollers of the plugins, each with no fds but its own in reach. */
    List<Contribution<PollerProvider>> pollers() {
        return plugins().all(ExtensionPoint.POLLER).values().stream()
                .map(each -> new Contribution<PollerProvider>(
                        each.point(),
                        each.plugin(),
                        each.name(),
                        each.config(),
                        each.late(),
                        () -> new OwnedPollers(each.get(), each.plugin(), table)))
                .toList();
    }

    /**
     * Binds a configuration with the words of the plugins.
     *
     * @throws StartException with every plugin that cannot be loaded and must be, and every error of the file
     */
    public RootConfig read(ConfigSource source) throws StartException {
        List<String> problems = new ArrayList<>();
        Set<String> optional = source.reader().optionalPlugins();
        for (PluginSnapshot plugin : plugins().failures()) {
            if (optional.contains(plugin.id())) {
                LOG.warn("plugin {} is not loaded: {}", plugin.id(), plugin.problem());
            } else {
                problems.add("plugin " + plugin.id() + " cannot be loaded: " + plugin.problem()
                        + "; mend or remove it, or start without it by plugins: { optional: [" + plugin.id() + "] }");
            }
        }
        RootConfig read = null;
        try {
            read = source.reader().read(plugins());
        } catch (ConfigException e) {
            problems.add(String.valueOf(e.getMessage()));
        }
        if (read == null || !problems.isEmpty()) {
            throw new StartException(Kind.CONFIGURATION, problems);
        }
        this.read = source;
        return read;
    }

    /**
     * Binds the configuration of the process once more: the text that was read at the start, not the file.
     *
     * @param plugins whose words it has
     * @throws ConfigException with every error
     */
    RootConfig readAgain(PluginRegistry plugins) throws ConfigException {
        ConfigSource source = read;
        if (source == null) {
            throw new IllegalStateException("no configuration was read");
        }
        return source.reader().read(plugins);
    }

    /** Another version of a plugin is in use from now on. */
    void use(LoadedPlugin next) {
        loader.use(next);
    }
}
