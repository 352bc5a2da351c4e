package dev.baton.runtime.server;

import dev.baton.runtime.config.LoopCount;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.LentLoops;
import dev.baton.runtime.posix.FdLimit;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.runtime.systemd.Watchdog;
import dev.baton.runtime.takeover.ElasticLoops;
import dev.baton.runtime.tls.TlsLibrary;
import dev.baton.runtime.upgrade.InitProcess;
import dev.baton.runtime.upgrade.Predecessor;
import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.vertx.VertxLoops;
import dev.baton.spi.admin.PluginReload;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.loop.LoopWatch;
import dev.baton.spi.metrics.Metrics;
import io.vertx.core.transport.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A whole Baton: loops, upstreams, services, listeners and components, as a configuration says.
 *
 * <p>Life: {@link #assemble} (opens no address), {@link #open} (binds), {@link #start} (serves), then a stop by
 * {@link dev.baton.spi.admin.RuntimeControl} from any thread, and {@link #end}. All but the stop by one thread, which
 * is no loop.
 */
public final class Server {
    private final Assembly parts;
    private final Lifetime lifetime;
    private final Succession succession;
    private @Nullable Watchdog watchdog;

    private Server(Assembly parts) {
        this.parts = parts;
        this.lifetime = parts.lifetime;
        this.succession = parts.succession;
    }

    /**
     * Starts the loops and makes everything that the configuration asks for; binds nothing.
     *
     * @throws StartException if a plugin cannot make what is asked of it, or there is no poller
     */
    public static Server assemble(Foundation foundation, RootConfig config) throws StartException {
        return assemble(
                foundation, config, new VertxMachine(foundation.vertx, foundation.vertxApart, foundation.contexts));
    }

    /**
     * As {@link #assemble(Foundation, RootConfig)}, on a machine of the caller's: for a simulation, where there is no
     * Vert.x.
     *
     * @throws StartException as there
     */
    public static Server assemble(Foundation foundation, RootConfig config, Machine machine) throws StartException {
        if (!(machine instanceof VertxMachine)) {
            foundation.noVertx();
        }
        foundation.hooks(config.hooks());
        PollerChoice poller = PollerChoice.of(config.poller(), foundation.pollers());
        FdLimit limit;
        int count = config.loops().number().orElseGet(() -> Math.min(machine.processors(), LoopCount.MAX));
        try {
            limit = foundation.posix.raiseFdLimit();
            machine.startLoops(count, poller.provider(), foundation.observers, foundation.channels);
        } catch (IOException | RuntimeException e) {
            throw new StartException(Kind.FAILED, "cannot start " + count + " loops: " + rootMessage(e), e);
        }
        boolean made = false;
        try {
            Server server = new Server(new Assembly(foundation, config, poller, limit, machine));
            made = true;
            return server;
        } finally {
            if (!made) {
                new EndSteps(machine).make("closing the loops", machine::endLoops);
                machine.close();
            }
        }
    }

    private static String rootMessage(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage());
    }

    // ---- serving --------------------------------------------------------------------------------------------------

    /**
     * Takes the sockets of the process before, if there was one, as soon as the configuration is known to be right.
     *
     * @throws StartException if it does not give them
     */
    public void takeOver(Map<String, String> environment) throws StartException {
        succession.takeOver(environment);
    }

    /**
     * Binds every listener that has no socket of the process before; after a stop, none.
     *
     * @throws StartException with every one that cannot be bound
     */
    public void open() throws StartException {
        Predecessor before = succession.before();
        for (ServerChange each : before.serverChanges()) {
            String note = parts.serverChanges.carryOver(each);
            if (note != null) {
                before.note(note);
            }
        }
        before.serverDowns().forEach(parts.upstreams::assumeDown);
        List<String> problems = new ListenerOpening(parts.listeners, parts.changes, before, parts.store).open();
        // A listener that a stop has unbound meanwhile is not what stands in the way.
        if (!problems.isEmpty() && !isStopping()) {
            throw new StartException(Kind.CANNOT_BIND, problems);
        }
        Privileges.drop(parts.config.get());
    }

    /**
     * Starts the components and lets the listeners accept, once the process before says so. After a stop it starts
     * nothing more.
     *
     * @param said is told what a component says of itself
     * @throws StartException if a component cannot start, or the process before has changed its mind
     */
    public void start(Consumer<String> said) throws StartException {
        succession.giveServers();
        if (!parts.components.start(lifetime::isStopping, said)) {
            return;
        }
        succession.ready();
        parts.listeners.all().forEach(SharedListener::start);
        lifetime.ready();
        parts.elastic.ifPresent(ElasticLoops::start);
        succession.serving(parts.upstreams);
        Watchdog.start(parts.foundation.environment, parts.notifier, parts.foundation.loops)
                .ifPresent(started -> watchdog = started);
    }

    /**
     * Adds a listener that a program has made; it is open when the stage has completed.
     *
     * @param keys those of a listener in the configuration, and {@code name}
     * @throws IllegalArgumentException with everything that is wrong in it
     */
    public CompletionStage<ListenerResult> listen(Map<String, ?> keys) {
        return parts.changes.add(keys);
    }

    /**
     * Ends a listener that {@link #listen} has added, for good; see
     * {@link dev.baton.spi.admin.RuntimeControl#unbindListener}.
     */
    public CompletionStage<ListenerResult> unlisten(String name, Duration grace) {
        return parts.changes.unbind(name, grace, Optional.empty(), true);
    }

    /**
     * Has a service pack the connections of a listener and unpack them again, as an upgrade does, but in this process.
     *
     * @return completes when each connection has been asked once, with how many were packed
     * @throws IllegalArgumentException if there is no such listener
     */
    public CompletionStage<Integer> repack(String listener) {
        SharedListener found = parts.listeners.find(listener);
        if (found == null) {
            throw new IllegalArgumentException("there is no listener " + listener);
        }
        return found.repack();
    }

    /** The address that a listener is bound to; null if there is none of this name. */
    public @Nullable SocketAddress addressOf(String name) {
        return parts.listeners.addressOf(name);
    }

    // ---- what it says of itself -------------------------------------------------------------------------------------

    /** The poller, and why not the others. */
    public String pollerLine() {
        return "poller " + parts.poller.name() + " (" + parts.poller.why() + ")";
    }

    /** The loops and the fd limit, and what it leaves for clients. */
    public String loopsLine() {
        return "loops " + parts.firstLoops.size() + (parts.config.get().loops().isElastic() ? " (auto), " : ", ")
                + parts.fds.line(parts.config.get());
    }

    /** What speaks TLS, and why not BoringSSL; empty where no listener has TLS. */
    public Optional<String> tlsLine() {
        return parts.foundation.tls.isUsed() ? Optional.of(TlsLibrary.line()) : Optional.empty();
    }

    /** A line for each listener, with its real address. */
    public List<String> listenerLines() {
        return parts.listeners.all().stream()
                .map(listener -> {
                    String service = listener.snapshot().service();
                    return "listener " + listener.name() + " on " + listener.address() + " ("
                            + parts.maker.serviceType(service) + " " + service + ")"
                            + (listener.isSuspended() ? ", suspended" : "");
                })
                .toList();
    }

    /** All metrics. */
    public Metrics metrics() {
        return parts.foundation.metrics;
    }

    // ---- for the program around it ----------------------------------------------------------------------------------

    /** The loops that serve, as a group whose end is not theirs. */
    public LentLoops lentLoops() {
        return new LentLoops(parts.foundation.loops::batonLoops);
    }

    /** The loops that serve, and their channels, for Vert.x of the program's. */
    public Transport lentTransport() {
        return VertxLoops.lent(parts.foundation.channels);
    }

    /** The loops, for those who watch whether they turn. */
    public LoopWatch watch() {
        return parts.foundation.watch.get();
    }

    // ---- the process after this one ---------------------------------------------------------------------------------

    /** How the next process is started, the one that an upgrade hands over to. */
    public void upgradeBy(List<String> commandLine) {
        succession.upgradeBy(commandLine);
    }

    /** This process has the pid 1: it is to follow those that serve after it. */
    public void stayAs(InitProcess first) {
        succession.stayAs(first);
    }

    /** Hands over to a new process; see {@link dev.baton.spi.admin.RuntimeControl#upgrade}. Any thread. */
    public CompletionStage<UpgradeReport> upgrade(@Nullable Duration limit) {
        return parts.upgrade.begin(limit);
    }

    // ---- plugins ----------------------------------------------------------------------------------------------------

    /** Loads a plugin anew; see {@link dev.baton.spi.admin.RuntimeControl#reloadPlugin}. Any thread. */
    public CompletionStage<PluginReload> reload(String plugin) {
        return parts.pluginChanges.reload(plugin);
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** True from the moment a stop is asked for, before the server is ready too. Any thread. */
    public boolean isStopping() {
        return lifetime.isStopping();
    }

    /** Stops; see {@link dev.baton.spi.admin.RuntimeControl#stop}. Any thread. */
    public CompletionStage<StopReport> stop(@Nullable Duration grace) {
        return lifetime.stop(grace);
    }

    /** The drain is over: the process is to end, unless it serves again by now (false then). Any thread. */
    public boolean mayEnd() {
        return lifetime.mayEnd();
    }

    /** Completes when a stop is asked for. */
    public CompletionStage<Void> stopping() {
        return lifetime.stopping();
    }

    /** Completes when the listeners have ended. */
    public CompletableFuture<StopReport> stopped() {
        return lifetime.stopped();
    }

    /** How a drain gets on, for a person. */
    public String progress() {
        long seconds = (lifetime.left().toMillis() + 999) / 1000;
        String line = "draining: " + connections() + ", " + seconds + " s left";
        parts.notifier.status(line);
        return line;
    }

    private String connections() {
        int open = lifetime.connections();
        return open + (open == 1 ? " connection" : " connections");
    }

    /** True once the listeners have ended, or the grace time has. */
    public boolean isDrained() {
        return lifetime.isDrained() || lifetime.left().isZero();
    }

    /** What would be cut if the process ended now, and what it is at. */
    public String remains() {
        return connections() + " cut, and this was not done: " + parts.steps.now();
    }

    /** How long after the grace time the process is to end, whatever it is still at. */
    public Duration hardStop() {
        return parts.config.get().hardStop();
    }

    /** Ends what is left after the listeners, in the reverse order of the start. Also after a start that failed. */
    public void end() {
        EndSteps steps = parts.steps;
        succession.end();
        steps.make("handing idle connections over", parts.upgrade::over);
        if (!lifetime.isDrained()) {
            steps.make("closing the listeners", () -> lifetime.stop(Duration.ZERO));
        }
        parts.foundation.tls.close();
        if (watchdog != null) {
            watchdog.close();
        }
        // Before what it may use ends. The connections that waited for it are closed.
        steps.make("ending blocking work", parts.workers::end);
        parts.components.end();
        parts.services.close(steps);
        steps.begin("closing the upstreams");
        parts.upstreams.close();
        steps.begin("telling the service manager which sockets are closed");
        parts.store.close();
        steps.make("closing the loops that were added", () -> parts.loopChanges.end(parts.firstLoops));
        steps.make("closing the loops", parts.machine::endLoops);
        parts.machine.close();
    }
}
