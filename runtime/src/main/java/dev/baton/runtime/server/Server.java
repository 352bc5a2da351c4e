package dev.baton.runtime.server;

import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.ServiceConfig;
import dev.baton.runtime.dns.DnsLookup;
import dev.baton.runtime.dns.SystemNames;
import dev.baton.runtime.listener.Balance;
import dev.baton.runtime.listener.BoundListeners;
import dev.baton.runtime.listener.ListenerEnv;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.listener.TotalLimit;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.posix.FdLimit;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.systemd.Notifier;
import dev.baton.runtime.systemd.Watchdog;
import dev.baton.runtime.takeover.LiveLoads;
import dev.baton.runtime.takeover.LiveWatch;
import dev.baton.runtime.takeover.LoopChanges;
import dev.baton.runtime.upgrade.IdleSender;
import dev.baton.runtime.upgrade.InitProcess;
import dev.baton.runtime.upgrade.KeptSockets;
import dev.baton.runtime.upgrade.Predecessor;
import dev.baton.runtime.upgrade.Successor;
import dev.baton.runtime.upgrade.Upgrade;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostNames;
import dev.baton.runtime.upstream.UpstreamEnv;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.runtime.view.LiveView;
import dev.baton.runtime.view.ViewSources;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceFactory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole Baton: loops, upstreams, services, listeners and components, as a configuration says.
 *
 * <p>Life: {@link #assemble} (opens no address), {@link #open} (binds), {@link #start} (serves), then a stop by
 * {@link RuntimeControl} from any thread, and {@link #end}. All but the stop by one thread, which is no loop.
 */
public final class Server {
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);

    private final Foundation foundation;
    private final RootConfig config;
    private final PollerChoice poller;
    private final FdLimit limit;
    private final FdPlan fds;
    private final Machine machine;
    private final BoundListeners listeners = new BoundListeners();
    private final Map<String, Service> services = new LinkedHashMap<>();
    private final Map<String, OfferedAction> actions = new LinkedHashMap<>();
    private final EndSteps steps;
    private final Components components;
    private final Upstreams upstreams;
    private final ListenerMaker maker;
    private final ListenerChanges changes;
    private final LoopChanges loopChanges;
    private final List<BatonLoop> firstLoops;
    /** That of now: a new one begins when the drain after an upgrade is revoked. */
    private volatile Shutdown shutdown;
    /** Held while it is decided whether a drain ends the process. */
    private final Object fate = new Object();
    /** How long a stop was to take that somebody asked for; null if nobody did. */
    private volatile @Nullable Duration stopAsked;

    private final Notifier notifier;
    private final Upgrade upgrade;
    private Predecessor before;
    private @Nullable Watchdog watchdog;
    private volatile List<String> command = List.of();
    private volatile @Nullable InitProcess init;
    private volatile boolean ready;
    /** It has been ready: only the process before, if there is one, had to do with it until then. */
    private volatile boolean served;

    private Server(Foundation foundation, RootConfig config, PollerChoice poller, FdLimit limit, Machine machine)
            throws StartException {
        this.foundation = foundation;
        this.config = config;
        this.poller = poller;
        this.limit = limit;
        this.machine = machine;
        this.steps = new EndSteps(machine);
        MemoryLimits.apply(config.memory(), foundation.channels.budget(), foundation.metrics);
        PluginRegistry plugins = foundation.plugins();
        this.upstreams = new Upstreams(
                config.upstreams(),
                policy -> plugins.<TakeoverPolicy>make(ExtensionPoint.TAKEOVER_POLICY, policy),
                new UpstreamEnv(
                        plugin -> new MovableSocketChannel(foundation.channels, plugin),
                        new HostNames(lookup(), machine.timer(), machine::nanoTime),
                        listeners,
                        foundation.loops,
                        foundation.metrics,
                        foundation.fds));
        ClientCosts costs = new ClientCosts(config);
        this.maker = new ListenerMaker(
                plugins,
                foundation.loops,
                config.services(),
                services,
                new ListenerEnv(
                        foundation.channels,
                        foundation.metrics,
                        machine.worker(),
                        new TotalLimit(config.maxConnections().orElse(Integer.MAX_VALUE), foundation.fds),
                        new Balance(foundation.observers.connections()::of, foundation.metrics),
                        config.closeSpread()),
                machine,
                costs::admitted);
        this.firstLoops = foundation.loops.batonLoops();
        this.changes = new ListenerChanges(
                listeners,
                maker,
                plugins,
                config.services().keySet(),
                this::settle,
                machine.worker(),
                this::isStopping,
                this::isHandingOver);
        List<String> problems = new ArrayList<>();
        config.services().forEach((name, service) -> makeService(name, service, costs, problems));
        if (problems.isEmpty()) {
            config.listeners().forEach((name, listener) -> listeners.add(maker.make(name, listener)));
        }
        this.shutdown = new Shutdown(this::waves, machine, null);
        this.before = Predecessor.none(foundation.channels, foundation.loops);
        this.notifier = Notifier.of(System.getenv(), foundation.table, foundation.posix);
        if (Predecessor.isNamed(System.getenv())) {
            notifier.follow();
        }
        this.upgrade = new Upgrade(
                foundation.table,
                foundation.posix,
                listeners,
                foundation.channels.servers(),
                () -> new IdleSender(foundation.table, foundation.loops, upstreams),
                new ThisProcess());
        sayStopping(shutdown);
        LiveView view = show();
        this.loopChanges = new LoopChanges(
                foundation.channels,
                foundation.observers,
                foundation.loops,
                poller.provider(),
                view,
                foundation.metrics,
                listeners,
                machine.worker(),
                machine.timer(),
                machine::nanoTime,
                config.grace(),
                this::isStopping);
        foundation.loops.deaths(loopChanges);
        this.components = new Components(plugins, config.components(), machine, steps, problems);
        if (!problems.isEmpty()) {
            throw new StartException(Kind.CONFIGURATION, problems);
        }
        // Last: by now nearly everything is open that a start opens.
        this.fds = FdPlan.of(
                limit,
                foundation.posix.openFds(),
                config,
                foundation.loops.batonLoops().size(),
                costs.most());
        foundation.fds.limit(fds.clients(), fds.slack());
        foundation.fds.spares(fds.spares());
        fds.warnings(config).forEach(LOG::warn);
        foundation.metrics.gauge(
                "baton_fds_for_clients", "Fds that clients and upstream connections may have.", foundation.fds::most);
        foundation.metrics.gauge(
                "baton_fds_promised",
                "Fds that are promised to clients, and to the upstream connections that may be opened for them.",
                foundation.fds::promised);
    }

    /**
     * Starts the loops and makes everything that the configuration asks for; binds nothing.
     *
     * @throws StartException if a plugin cannot make what is asked of it, or there is no poller
     */
    public static Server assemble(Foundation foundation, RootConfig config) throws StartException {
        return assemble(foundation, config, new VertxMachine(foundation.vertx, foundation.vertxApart));
    }

    /**
     * As {@link #assemble(Foundation, RootConfig)}, on a machine of the caller's: for a simulation, where there is no Vert.x.
     *
     * @throws StartException as there
     */
    public static Server assemble(Foundation foundation, RootConfig config, Machine machine) throws StartException {
        foundation.hooks(config.hooks());
        PollerChoice poller = PollerChoice.of(config.poller(), foundation.pollers());
        FdLimit limit;
        try {
            limit = foundation.posix.raiseFdLimit();
            machine.startLoops(config.loops(), poller.provider(), foundation.observers, foundation.channels);
        } catch (IOException | RuntimeException e) {
            throw new StartException(Kind.FAILED, "cannot start " + config.loops() + " loops: " + rootMessage(e), e);
        }
        boolean made = false;
        try {
            Server server = new Server(foundation, config, poller, limit, machine);
            made = true;
            return server;
        } finally {
            if (!made) {
                new EndSteps(machine).make("closing the loops", machine::endLoops);
                machine.close();
            }
        }
    }

    // ---- making ---------------------------------------------------------------------------------------------------

    /** DNS runs on the loop apart, which no connection of a client can block; where there is none, the system is asked. */
    private HostLookup lookup() {
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

    @SuppressWarnings("unchecked") // the registry keeps a factory and its record together
    private void makeService(String name, ServiceConfig service, ClientCosts costs, List<String> problems) {
        Contribution<ServiceFactory<?>> factory = foundation.plugins().get(ExtensionPoint.SERVICE, service.type());
        ServiceEnv env = new ServiceEnv(factory.plugin(), upstreams, foundation.loops, foundation.metrics);
        costs.add(name, env);
        try {
            services.put(name, ((ServiceFactory<Record>) factory.get()).create(name, service.settings(), env));
        } catch (Throwable t) { // whatever a plugin throws, an Error too
            problems.add(Components.refused("services." + name, factory, t));
        }
    }

    /** First the listeners that clients outside meet, then those that upstreams of this process refer to. */
    private List<List<SharedListener>> waves() {
        Set<String> inner = ClientCosts.inner(config);
        Map<Boolean, List<SharedListener>> parts = listeners.all().stream()
                .collect(Collectors.partitioningBy(listener -> inner.contains(listener.name())));
        return List.of(parts.getOrDefault(false, List.of()), parts.getOrDefault(true, List.of()));
    }

    private void settle(SharedListener listener) {
        loopChanges.settle(listener);
    }

    private LiveView show() {
        PluginRegistry plugins = foundation.plugins();
        Map<String, AdminView> views = new LinkedHashMap<>();
        LiveView view = new LiveView(
                foundation.loops,
                foundation.table,
                foundation.observers,
                new ViewSources(
                        foundation.installation.version(),
                        poller.name(),
                        limit.soft(),
                        config.grace(),
                        this::state,
                        () -> listeners.all().stream()
                                .map(SharedListener::snapshot)
                                .toList(),
                        upstreams::snapshot,
                        plugins::snapshots,
                        Collections.unmodifiableMap(views)));
        view.publish(foundation.metrics);
        foundation.view.set(view);
        foundation.control.set(new Control());
        foundation.watch.set(new LiveWatch(foundation.loops, foundation.table, listeners::all));
        foundation.loads.set(new LiveLoads(foundation.loops, foundation.table, machine, machine.timer()));
        // Last: a plugin's view may have had any of the above injected.
        plugins.all(ExtensionPoint.ADMIN_VIEW).forEach((name, each) -> views.put(name, each.get()));
        plugins.all(ExtensionPoint.ADMIN_ACTION)
                .forEach((name, each) -> actions.put(name, new BoundAction(name, each)));
        return view;
    }

    /** True from the moment a stop is asked for, before the server is ready too. Any thread. */
    public boolean isStopping() {
        return shutdown.begun().isDone();
    }

    private boolean isHandingOver() {
        return upgrade.isHandingOver();
    }

    private String state() {
        if (isStopping()) {
            return "draining";
        }
        return ready ? "ready" : "starting";
    }

    // ---- serving --------------------------------------------------------------------------------------------------

    /**
     * Takes the sockets of the process before, if there was one, as soon as the configuration is known to be right.
     *
     * @throws StartException if it does not give them
     */
    public void takeOver(Map<String, String> environment) throws StartException {
        try {
            before = Predecessor.of(environment, foundation.channels, foundation.loops);
        } catch (IOException e) {
            throw cannotTakeOver(e);
        }
        claimIfAlone();
    }

    private static StartException cannotTakeOver(IOException e) {
        return new StartException(Kind.FAILED, "cannot take over from the process before: " + e.getMessage(), e);
    }

    /** With its main process dead the manager would end the service: there is no time to lose. */
    private void claimIfAlone() {
        if (before.hasDied()) {
            notifier.claim("starting; the process before is dead");
        }
    }

    /**
     * Binds every listener that has no socket of the process before; after a stop, none.
     *
     * @throws StartException with every one that cannot be bound
     */
    public void open() throws StartException {
        List<String> problems = new ListenerOpening(listeners, changes, before).open();
        // A listener that a stop has unbound meanwhile is not what stands in the way.
        if (!problems.isEmpty() && !isStopping()) {
            throw new StartException(Kind.CANNOT_BIND, problems);
        }
        Privileges.drop(config);
    }

    /**
     * Starts the components and lets the listeners accept, once the process before says so. After a stop it starts nothing more.
     *
     * @param said is told what a component says of itself
     * @throws StartException if a component cannot start, or the process before has changed its mind
     */
    public void start(Consumer<String> said) throws StartException {
        before.servers();
        if (!components.start(this::isStopping, said)) {
            return;
        }
        before.closeRest();
        try {
            before.ready();
        } catch (IOException e) {
            throw cannotTakeOver(e);
        }
        claimIfAlone();
        listeners.all().forEach(SharedListener::start);
        ready = true;
        // First the process before: until it knows that this one serves, it may think better of it. Then the manager,
        // by
        // this process, as the other may die now; and when it has let go once more, to a manager that listens to that
        // one alone.
        before.serving(listeners.all(), upstreams, this::sayServing);
        sayServing();
        Watchdog.start(System.getenv(), notifier, foundation.loops).ifPresent(started -> watchdog = started);
        listeners.all().forEach(SharedListener::mine);
        served = true;
    }

    private void sayServing() {
        if (Predecessor.isNamed(System.getenv())) {
            notifier.claimServing("serving");
        } else {
            notifier.ready("serving");
        }
    }

    // ---- what it says of itself -------------------------------------------------------------------------------------

    /** The poller, and why not the others. */
    public String pollerLine() {
        return "poller " + poller.name() + " (" + poller.why() + ")";
    }

    /** The loops and the fd limit, and what it leaves for clients. */
    public String loopsLine() {
        return "loops " + config.loops() + ", " + fds.line(config);
    }

    /** A line for each listener, with its real address. */
    public List<String> listenerLines() {
        return listeners.all().stream()
                .map(listener -> {
                    String service = listener.snapshot().service();
                    return "listener " + listener.name() + " on " + listener.address() + " ("
                            + maker.serviceType(service) + " " + service + ")"
                            + (listener.isSuspended() ? ", suspended" : "");
                })
                .toList();
    }

    /** The loops, for whoever watches whether they turn. */
    public LoopWatch watch() {
        return foundation.watch.get();
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** Stops; see {@link RuntimeControl#stop}. Any thread. */
    public CompletionStage<StopReport> stop(@Nullable Duration grace) {
        Duration within = grace == null ? config.grace() : grace;
        stopAsked = within; // first: who serves again looks at it last
        return shutdown.stop(within);
    }

    private void sayStopping(Shutdown of) {
        of.begun().thenRun(() -> notifier.stopping("draining"));
    }

    /** The drain is over: the process is to end, unless it serves again by now (false then). Any thread. */
    public boolean mayEnd() {
        synchronized (fate) {
            return isStopping() && shutdown.end();
        }
    }

    /** Completes when a stop is asked for. */
    public CompletionStage<Void> stopping() {
        return shutdown.begun().minimalCompletionStage();
    }

    /** Completes when the listeners have ended. */
    public CompletableFuture<StopReport> stopped() {
        return shutdown.ended().copy();
    }

    /** How a drain gets on, for a person. */
    public String progress() {
        int open = shutdown.connections();
        long seconds = (shutdown.left().toMillis() + 999) / 1000;
        String line = "draining: " + open + (open == 1 ? " connection, " : " connections, ") + seconds + " s left";
        notifier.status(line);
        return line;
    }

    // ---- the process after this one ---------------------------------------------------------------------------------

    /** How the next process is started, the one that an upgrade hands over to. */
    public void upgradeBy(List<String> commandLine) {
        command = List.copyOf(commandLine);
    }

    /** This process has the pid 1: it is to follow those that serve after it. */
    public void stayAs(InitProcess first) {
        init = first;
    }

    /** Hands over to a new process; see {@link RuntimeControl#upgrade}. Any thread. */
    public CompletionStage<UpgradeReport> upgrade(@Nullable Duration limit) {
        return upgrade.begin(limit);
    }

    /** This process, as its upgrade sees it. */
    private final class ThisProcess implements Upgrade.Upgraded {
        @Override
        public List<String> command() {
            return command;
        }

        @Override
        public @Nullable String obstacle() {
            return state().equals("ready") ? null : "this process is " + state();
        }

        @Override
        public void begun() {
            before.dropAll(); // what this process hands over is not the one before's any more
            notifier.reloading("starting a new process");
        }

        @Override
        public void stays() {
            notifier.claim("serving; the upgrade fails");
        }

        @Override
        public void failed(UpgradeReport report) {
            // Once more: by now the other one says nothing any more.
            notifier.claimServing("serving; the upgrade failed: " + report.detail());
        }

        @Override
        public void succeededBy(long pid, Successor successor) {
            notifier.succeededBy(pid, "serving");
            InitProcess first = init;
            if (first != null) {
                first.follow(successor.pid(), successor.exit());
            }
            shutdown.stop(config.grace());
        }

        @Override
        public boolean isDrained() {
            return shutdown.ended().isDone();
        }

        @Override
        public boolean isToEnd() {
            return stopAsked != null;
        }

        @Override
        public boolean servesAgain(long pid, KeptSockets kept) {
            return Server.this.servesAgain(pid, kept);
        }
    }

    /** The process that followed this one is dead: this one accepts again, with the sockets that it has kept. */
    private boolean servesAgain(long pid, KeptSockets kept) {
        ListenerTakeBack takeBack = ListenerTakeBack.of(kept, maker, listeners);
        Shutdown next = new Shutdown(this::waves, machine, shutdown);
        sayStopping(next);
        boolean serves = stopAsked == null && !takeBack.isEmpty();
        synchronized (fate) {
            serves = serves && shutdown.revoke();
            if (serves) {
                takeBack.replace(); // first: a stop that comes now finds the listeners that it is to end
                shutdown = next;
            }
        }
        if (!serves) {
            LOG.warn(
                    "process {}, which had taken over, has died; this one only drains, and its listeners are closed",
                    pid);
            takeBack.close();
            return false;
        }
        InitProcess first = init;
        if (first != null) {
            first.serve();
        }
        takeBack.start();
        listeners.all().forEach(this::settle);
        foundation.channels.servers().takenBack();
        notifier.succeedsAgain("serving again; process " + pid + ", which had taken over, has died");
        LOG.warn("process {}, which had taken over, has died: this one serves again", pid);
        Duration asked = stopAsked;
        if (asked != null) {
            next.stop(asked);
        }
        return true;
    }

    /** True once the listeners have ended, or the grace time has. */
    public boolean isDrained() {
        return shutdown.ended().isDone() || shutdown.left().isZero();
    }

    /** What would be cut if the process ended now, and what it is at. */
    public String remains() {
        int open = shutdown.connections();
        return open + (open == 1 ? " connection" : " connections") + " cut, and this was not done: " + steps.now();
    }

    /** How long after the grace time the process is to end, whatever it is still at. */
    public Duration hardStop() {
        return config.hardStop();
    }

    /** Ends what is left after the listeners, in the reverse order of the start. Also after a start that failed. */
    public void end() {
        if (!served) {
            before.close();
        }
        steps.make("handing idle connections over", upgrade::over);
        if (!shutdown.ended().isDone()) {
            steps.make("closing the listeners", () -> shutdown.stop(Duration.ZERO));
        }
        if (watchdog != null) {
            watchdog.close();
        }
        components.end();
        services.forEach((name, service) -> {
            try {
                steps.begin("closing service " + name);
                service.close();
            } catch (Throwable t) { // an Error too: it is a plugin's
                LOG.warn("service {} cannot be closed", name, t);
            }
        });
        steps.begin("closing the upstreams");
        upstreams.close();
        steps.make("closing the loops that were added", () -> loopChanges.end(firstLoops));
        steps.make("closing the loops", machine::endLoops);
        machine.close();
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    /** The operator's side. */
    private final class Control implements RuntimeControl {
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
                String name, Duration grace, Optional<String> strategy, boolean forget) {
            return changes.unbind(name, grace, strategy, forget);
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
            return config.grace();
        }

        @Override
        public CompletionStage<StopReport> stop(@Nullable Duration grace) {
            return Server.this.stop(grace);
        }

        @Override
        public CompletionStage<UpgradeReport> upgrade(@Nullable Duration limit) {
            return Server.this.upgrade(limit);
        }

        @Override
        public Map<String, OfferedAction> actions() {
            return Collections.unmodifiableMap(actions);
        }
    }
}
