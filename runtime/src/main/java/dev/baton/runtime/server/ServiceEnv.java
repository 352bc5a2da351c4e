package dev.baton.runtime.server;

import dev.baton.runtime.blocking.BlockingCall;
import dev.baton.runtime.blocking.WorkerPool;
import dev.baton.runtime.blocking.Workers;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.upstream.UpstreamUse;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Choice;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.service.BlockingWork;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.upstream.Upstream;
import io.netty.channel.ChannelHandlerContext;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a service is given, and what that says of it: a client of a service that has an upstream may need a connection
 * to it.
 */
final class ServiceEnv implements ServiceContext {
    private static final Logger LOG = LoggerFactory.getLogger(ServiceEnv.class);

    /** A client can have a filter throw as often as it likes: all is counted, and one in this time logged. */
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String plugin;
    private final int reload;
    private final UpstreamUse upstreams;
    /** Others while it is made for a reload; see {@link #settle}. */
    private volatile Parts parts;

    private final WorkerPool workers;
    private final AtomicLong logDue = new AtomicLong(System.nanoTime());
    /** Ids of the plugins that have contributed something to the service. */
    private final Set<String> contributors = ConcurrentHashMap.newKeySet();
    /** Names of the services that it gives connections to. */
    private final Set<String> others = ConcurrentHashMap.newKeySet();

    private volatile int fdsPerClient = 1;

    /** What all services of a process share. */
    record Parts(
            Upstreams upstreams,
            Services services,
            PluginRegistry plugins,
            PluginErrors errors,
            ClientCosts costs,
            Workers workers,
            Loops loops,
            Metrics metrics,
            Traffic traffic) {
        /** The same with contributions of another registry, and the services that these make. */
        Parts with(PluginRegistry others, Services made) {
            return new Parts(upstreams, made, others, errors, costs, workers, loops, metrics, traffic);
        }
    }

    /**
     * For one service.
     *
     * @param plugin the plugin's id, which upstream connections and blocking work are counted for
     * @param reload the reload in which it is made, by its number in this process; 0 at the start
     */
    ServiceEnv(String plugin, int reload, Parts parts) {
        this.plugin = plugin;
        this.reload = reload;
        this.upstreams = parts.upstreams().use(plugin, reload);
        this.parts = parts;
        this.workers = parts.workers().of(plugin);
    }

    /** For what a service takes from the new version of another plugin: it serves with that beside what it has. */
    ServiceEnv(ServiceEnv of, Parts parts) {
        this.plugin = of.plugin;
        this.reload = of.reload;
        this.upstreams = of.upstreams; // retired and closed with the service
        this.parts = parts;
        this.workers = of.workers;
    }

    /**
     * How many fds one client may come to need: its own, and what a connection to an upstream costs, to one at a time.
     * It need not be declared, so it cannot be forgotten; what a service opens beyond it is refused when there are no
     * fds left.
     */
    int fdsPerClient() {
        return fdsPerClient;
    }

    /** Id of the service's plugin. */
    String plugin() {
        return plugin;
    }

    /** What it was made with in a reload is in its place: it keeps nothing that was made for that. */
    void settle(Parts live) {
        parts = live;
    }

    /** Whether a plugin has contributed something to the service. */
    boolean hasOf(String contributor) {
        return contributors.contains(contributor);
    }

    /** Whether the service gives connections to another one. */
    boolean leadsTo(String service) {
        return others.contains(service);
    }

    /** The reload in which the service was made, by its number in this process; 0 at the start. */
    int reload() {
        return reload;
    }

    /** What it uses of upstreams. */
    UpstreamUse upstreams() {
        return upstreams;
    }

    @Override
    public Upstream upstream(String name) {
        Upstream upstream = upstreams.upstream(name);
        costs(1 + parts.upstreams().fdsPerConnection(name));
        return upstream;
    }

    @Override
    public Service service(String name) {
        Service service = parts.services().shared(name);
        others.add(name);
        costs(parts.costs().fdsPerClient(name));
        return service;
    }

    @Override
    public <T> Contributed<T> make(Choice<T> choice) {
        String contributor = parts.plugins().contributor(choice);
        contributors.add(contributor);
        return ContextOwners.as(
                contributor,
                () -> new Contributed<>(contributor, parts.plugins().make(choice)));
    }

    @Override
    public void failed(Contributed<?> culprit, String what, Throwable thrown) {
        long now = System.nanoTime();
        long due = logDue.get();
        if (now - due >= 0 && logDue.compareAndSet(due, now + QUIET_NANOS)) {
            LOG.error("plugin {}: {} threw", culprit.plugin(), what, thrown);
        }
        parts.errors().failed(culprit.plugin(), thrown);
    }

    @Override
    public <T extends @Nullable Object> void blocking(
            Contributed<?> code,
            ChannelHandlerContext handler,
            Callable<? extends T> work,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        BlockingCall.make(parts.workers().of(code.plugin()), handler, work, then, failed);
    }

    @Override
    public <T extends @Nullable Object> BlockingWork blocking(
            Contributed<?> code,
            MovableChannel connection,
            Callable<? extends T> work,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        return BlockingCall.beside(parts.workers().of(code.plugin()), connection, work, then, failed);
    }

    @Override
    public <T extends @Nullable Object> void blocking(
            ChannelHandlerContext handler,
            Callable<? extends T> work,
            Consumer<? super T> then,
            Consumer<? super Throwable> failed) {
        BlockingCall.make(workers, handler, work, then, failed);
    }

    private void costs(int fds) {
        fdsPerClient = Math.max(fdsPerClient, fds);
    }

    @Override
    public Loops loops() {
        return parts.loops();
    }

    @Override
    public Metrics metrics() {
        return parts.metrics();
    }

    @Override
    public Traffic traffic() {
        return parts.traffic();
    }
}
