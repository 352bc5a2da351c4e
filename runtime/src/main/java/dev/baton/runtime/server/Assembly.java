package dev.baton.runtime.server;

import dev.baton.runtime.blocking.WorkerThreads;
import dev.baton.runtime.blocking.Workers;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.channel.Pipes;
import dev.baton.runtime.config.ListenerConfig;
import dev.baton.runtime.config.LoopCount;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.dns.DnsLookup;
import dev.baton.runtime.dns.SystemNames;
import dev.baton.runtime.lane.LiveLanes;
import dev.baton.runtime.lane.ServiceLane;
import dev.baton.runtime.listener.Balance;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.ListenerEnv;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.posix.FdLimit;
import dev.baton.runtime.retired.RetiredVersions;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.systemd.FdStore;
import dev.baton.runtime.systemd.Notifier;
import dev.baton.runtime.takeover.ElasticLoops;
import dev.baton.runtime.takeover.LiveLoads;
import dev.baton.runtime.takeover.LiveWatch;
import dev.baton.runtime.takeover.LoopChanges;
import dev.baton.runtime.upgrade.IdleSender;
import dev.baton.runtime.upgrade.Upgrade;
import dev.baton.runtime.upgrade.UpstreamCompanions;
import dev.baton.runtime.upstream.GuardedBalancer;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.runtime.upstream.LoopTurns;
import dev.baton.runtime.upstream.ServerChanges;
import dev.baton.runtime.upstream.UpstreamEnv;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.runtime.view.LiveView;
import dev.baton.runtime.view.TopView;
import dev.baton.runtime.view.ViewSources;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.upstream.Balancer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The parts of a {@link Server}, made in the order in which they need each other; nothing is bound, and nothing serves.
 *
 * <p>What plugins make comes last but for the count of the fds: by then everything is there that they may have
 * injected.
 *
 * <p>Threading: the thread that starts the server.
 */
final class Assembly {
    private static final Logger LOG = LoggerFactory.getLogger(Assembly.class);

    final Foundation foundation;
    final LiveConfig config;
    final PollerChoice poller;
    final Machine machine;
    final EndSteps steps;
    final BoundListeners listeners = new BoundListeners();
    final Services services;
    final Workers workers;
    final Notifier notifier;
    final FdStore store;
    final Lifetime lifetime;
    final Upstreams upstreams;
    final ListenerMaker maker;
    final ListenerChanges changes;
    final ServerChanges serverChanges;
    final LoopChanges loopChanges;
    /** Only where the number of loops follows that of the processors. */
    final Optional<ElasticLoops> elastic;

    final Succession succession;
    final Upgrade upgrade;
    final Components components;
    final ClientCosts costs;
    final ServiceEnv.Parts serviceParts;
    /** What services were given that were replaced and are not closed, with their names. */
    final Map<ServiceEnv, String> replaced = new ConcurrentHashMap<>();

    final PluginChanges pluginChanges;
    final RetiredVersions retired;
    /** Those that the configuration asks for; others come and go. */
    final List<BatonLoop> firstLoops;

    final FdPlan fds;

    private final Map<String, LiveAdminView> views = new LinkedHashMap<>();
    private final Map<String, LiveAction> actions = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    /**
     * Makes them, on loops that run.
     *
     * @throws StartException if a plugin cannot make what is asked of it
     */
    Assembly(Foundation foundation, RootConfig config, PollerChoice poller, FdLimit limit, Machine machine)
            throws StartException {
        this.foundation = foundation;
        this.config = new LiveConfig(config);
        this.poller = poller;
        this.machine = machine;
        this.steps = new EndSteps(machine);
        this.firstLoops = foundation.loops.batonLoops();
        MemoryLimits.apply(config.memory(), foundation.channels.budget(), foundation.metrics);
        this.notifier = Notifier.of(foundation.environment, foundation.table, foundation.posix);
        this.store = new FdStore(notifier, foundation.table, foundation.posix, listeners::changed);
        listeners.whenChanged(store::changed);
        this.lifetime = new Lifetime(this.config, listeners, machine, notifier);
        this.upstreams = upstreams(config);
        this.costs = new ClientCosts(this.config);
        ReentrantLock changing = new ReentrantLock();
        this.retired = new RetiredVersions(machine.timer(), task -> LoopTurns.afterAll(foundation.loops, task));
        this.pluginChanges = new PluginChanges(this, foundation.loader, changing);
        this.workers = workers(config);
        foundation.tls.begin(machine.timer(), machine.worker());
        LiveView view = view(config, limit);
        this.loopChanges = new LoopChanges(
                foundation.channels,
                foundation.loops,
                role -> machine.anotherLoop(poller.provider(), foundation.observers, foundation.channels, role),
                view,
                foundation.metrics,
                listeners,
                machine.worker(),
                machine.timer(),
                machine::nanoTime,
                config.grace(),
                foundation.vertxConnections::on,
                lifetime::isStopping);
        foundation.loops.deaths(loopChanges);
        LiveLanes lanes = lanes(config);
        foundation.lanes.set(lanes);
        this.services = new Services(foundation.plugins(), serviceNames(config), lanes);
        this.maker = maker(config);
        this.elastic = config.loops().isElastic() ? Optional.of(elastic()) : Optional.empty();
        this.succession = new Succession(foundation, lifetime, notifier, store, listeners, maker, loopChanges);
        this.serverChanges = new ServerChanges(upstreams, machine.worker(), lifetime::isStopping, this::isHandingOver);
        this.upgrade = new Upgrade(
                foundation.table,
                foundation.posix,
                listeners,
                foundation.channels.servers(),
                () -> new IdleSender(foundation.table, foundation.loops, upstreams),
                serverChanges::handOver,
                upstreams::downs,
                succession);
        this.changes = new ListenerChanges(
                listeners,
                maker,
                foundation.plugins(),
                serviceNames(config),
                loopChanges::settle,
                machine.worker(),
                lifetime::isStopping,
                upgrade::isHandingOver,
                changing);
        bindForPlugins(config, view);
        this.serviceParts = new ServiceEnv.Parts(
                upstreams,
                services,
                foundation.plugins(),
                foundation.pluginErrors,
                costs,
                workers,
                foundation.loops,
                foundation.metrics,
                foundation.traffic);
        makeServices(config);
        if (problems.isEmpty()) {
            config.listeners().forEach(this::makeListener);
        }
        makeViewsAndActions();
        this.components = new Components(foundation.plugins(), config.components(), machine, steps, problems);
        if (!problems.isEmpty()) {
            services.close(steps);
            upstreams.close();
            throw new StartException(Kind.CONFIGURATION, problems);
        }
        // Last: by now nearly everything is open that a start opens.
        this.fds = FdPlan.of(limit, foundation.posix.openFds(), config, firstLoops.size(), costs.most());
        shareFds(config);
    }

    /** Not the view of the map, which has records of plugins that may be replaced. */
    private static Set<String> serviceNames(RootConfig config) {
        return Set.copyOf(config.services().keySet());
    }

    private LiveLanes lanes(RootConfig config) {
        List<ServiceLane> made = new ArrayList<>();
        config.services()
                .forEach((name, service) -> service.lane()
                        .ifPresent(lane -> made.add(new ServiceLane(
                                name,
                                lane,
                                foundation.loops,
                                foundation.table,
                                foundation.observers.connections()::of,
                                loopChanges::lane))));
        return new LiveLanes(made, foundation.loops, machine, machine.timer());
    }

    private ElasticLoops elastic() {
        return new ElasticLoops(
                loopChanges::count,
                () -> Math.min(machine.processors(), LoopCount.MAX),
                loopChanges::grow,
                loopChanges::shrink,
                machine.timer(),
                lifetime::isStopping);
    }

    private boolean isHandingOver() {
        return upgrade.isHandingOver();
    }

    private void makeListener(String name, ListenerConfig listener) {
        try {
            if (!listeners.add(maker.make(name, listener))) {
                problems.add("listeners." + name + ": a plugin has added a listener of this name already");
            }
        } catch (IllegalArgumentException refused) { // by one of its plugins
            LOG.debug("listener {} cannot be made", name, refused);
            problems.add("listeners." + name + ": " + refused.getMessage());
        }
    }

    private Upstreams upstreams(RootConfig config) throws StartException {
        try {
            return makeUpstreams(config);
        } catch (IllegalArgumentException refused) { // by the TLS library
            LOG.debug("upstreams cannot be made", refused);
            throw new StartException(Kind.CONFIGURATION, List.of(String.valueOf(refused.getMessage())));
        }
    }

    private Upstreams makeUpstreams(RootConfig config) {
        return new Upstreams(
                config.upstreams(),
                policy -> foundation.plugins().<TakeoverPolicy>make(ExtensionPoint.TAKEOVER_POLICY, policy),
                variant -> balancer(foundation.plugins(), variant),
                new UpstreamEnv(
                        plugin -> new MovableSocketChannel(foundation.channels, plugin),
                        new HostNames(lookup(config), machine.timer(), machine::nanoTime),
                        listeners,
                        foundation.loops,
                        foundation.metrics,
                        foundation.fds,
                        foundation.tls));
    }

    /** Makes a balancer that a plugin contributes to a registry. */
    Balancer balancer(PluginRegistry plugins, Variant chosen) {
        String plugin = plugins.get(ExtensionPoint.BALANCER, chosen.type()).plugin();
        return new GuardedBalancer(
                chosen.type(),
                plugins.<Balancer>make(ExtensionPoint.BALANCER, chosen),
                failure -> foundation.pluginErrors.failed(plugin, failure));
    }

    /**
     * DNS runs on the loop apart, which no connection of a client can block; where there is none, the system is asked.
     */
    private HostLookup lookup(RootConfig config) {
        SystemNames system = new SystemNames(machine.worker());
        BatonLoop apart = foundation.loops.find(LoopRegistry.APART);
        return apart == null
                ? system
                : new DnsLookup(
                        Path.of("/etc"),
                        config.resolver().addresses(),
                        new DnsLookup.Transport(
                                apart,
                                () -> new FdDatagramChannel(foundation.channels),
                                () -> new PinnedSocketChannel(foundation.channels)),
                        system,
                        machine.worker(),
                        machine.timer(),
                        foundation.metrics);
    }

    private ListenerMaker maker(RootConfig config) {
        return new ListenerMaker(
                foundation.plugins(),
                foundation.loops,
                this.config,
                services.made(),
                new ListenerEnv(
                        foundation.channels,
                        foundation.metrics,
                        machine.worker(),
                        new TotalLimit(config.maxConnections().orElse(Integer.MAX_VALUE), foundation.fds),
                        new Balance(foundation.observers.connections()::of, foundation.metrics),
                        config.closeSpread(),
                        new UpstreamCompanions(upstreams, foundation.channels),
                        store),
                machine,
                costs::admitted,
                costs::reload);
    }

    private LiveView view(RootConfig config, FdLimit limit) {
        LateBinding<RuntimeView> loops = foundation.view;
        TopView top = new TopView(
                foundation.metrics, () -> loops.get().loops(), upstreams::snapshot, this::cpuNanos, machine::nanoTime);
        LiveView view = new LiveView(
                foundation.loops,
                foundation.table,
                foundation.observers,
                new ViewSources(
                        foundation.installation.version(),
                        poller.name(),
                        limit.soft(),
                        config.grace(),
                        lifetime::state,
                        store::keeper,
                        () -> listeners.all().stream()
                                .map(SharedListener::snapshot)
                                .toList(),
                        upstreams::snapshot,
                        upstreams::overview,
                        this::pluginSnapshots,
                        Collections.unmodifiableMap(views),
                        top::look,
                        foundation.upgradeSteps::all,
                        machine::cpuNanos));
        view.publish(foundation.metrics);
        return view;
    }

    private List<PluginSnapshot> pluginSnapshots() {
        return pluginChanges.snapshots();
    }

    /** The processor time that each loop has had. */
    private Map<Integer, Long> cpuNanos() {
        Map<Integer, Long> all = new HashMap<>();
        foundation.loops.withLanes().forEach(loop -> all.put(loop.id(), machine.cpuNanos(loop)));
        return all;
    }

    private void bindForPlugins(RootConfig config, LiveView view) {
        foundation.view.set(view);
        foundation.control.set(new OperatorControl(
                listeners,
                changes,
                serverChanges,
                loopChanges,
                lifetime,
                upgrade,
                pluginChanges,
                config.grace(),
                actions));
        foundation.watch.set(new LiveWatch(
                foundation.loops,
                foundation.table,
                listeners::all,
                foundation.vertxConnections::on,
                loopChanges.spares()));
        foundation.loads.set(new LiveLoads(foundation.loops, foundation.table, machine, machine.timer()));
    }

    private Workers workers(RootConfig config) {
        WorkerThreads threads = machine.blocking();
        return new Workers(
                config.workers().threads().orElse(threads.usual()),
                config.workers().queue(),
                threads,
                foundation.metrics);
    }

    private void makeServices(RootConfig config) {
        config.services()
                .forEach((name, service) -> services.make(
                        name,
                        service,
                        plugin -> {
                            ServiceEnv env = new ServiceEnv(plugin, 0, serviceParts);
                            costs.add(name, env);
                            return env;
                        },
                        problems));
    }

    private void makeViewsAndActions() {
        PluginRegistry plugins = foundation.plugins();
        plugins.all(ExtensionPoint.ADMIN_VIEW)
                .forEach((name, each) -> views.put(name, new LiveAdminView(each.early())));
        plugins.all(ExtensionPoint.ADMIN_ACTION)
                .forEach((name, each) ->
                        actions.put(name, new LiveAction(new BoundAction(name, each, foundation.parameters))));
    }

    /** A view whose plugin was reloaded. */
    void view(String name, AdminView next) {
        Objects.requireNonNull(views.get(name)).set(next);
    }

    /** An action whose plugin was reloaded. */
    void action(String name, OfferedAction next) {
        Objects.requireNonNull(actions.get(name)).set(next);
    }

    private void shareFds(RootConfig config) {
        foundation.fds.limit(fds.clients(), fds.slack());
        foundation.fds.spares(fds.spares());
        fds.warnings(config).forEach(LOG::warn);
        foundation.metrics.gauge(
                "baton_fds_for_clients", "Fds that clients and upstream connections may have.", foundation.fds::most);
        foundation.metrics.gauge(
                "baton_fds_promised",
                "Fds that are promised to clients, and to the upstream connections that may be opened for them.",
                foundation.fds::promised);
        Pipes pipes = foundation.channels.pipes();
        foundation.metrics.gauge("baton_pipes_open", "Pipes through which the kernel passes bytes on.", pipes::open);
        foundation.metrics.counted(
                "baton_spliced_bytes_total", "Bytes that the kernel has passed on through a pipe.", pipes::bytes);
    }
}
