package dev.baton.runtime.server;

import dev.baton.runtime.config.ListenerConfig;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.ServiceConfig;
import dev.baton.runtime.config.Variant;
import dev.baton.runtime.listener.FilteredService;
import dev.baton.runtime.listener.ListenerEnv;
import dev.baton.runtime.listener.ListenerSpec;
import dev.baton.runtime.listener.LiveServing;
import dev.baton.runtime.listener.Serving;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.spi.config.Rate;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.service.Service;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToIntBiFunction;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** Makes listeners of what the configuration says: at the start, and when one is added later. */
final class ListenerMaker {
    private final PluginRegistry plugins;
    private final LoopRegistry loops;
    private final Supplier<RootConfig> configured;
    private final Map<String, Service> services;
    private final ListenerEnv env;
    private final Machine machine;
    private final ToIntBiFunction<String, String> fdsPerClient;
    private final ToIntFunction<String> reloads;

    /**
     * Makes none yet.
     *
     * @param fdsPerClient how many fds a connection of a listener may come to need, by its name and its service's
     * @param reloads the reload in which a service was made, by its name
     */
    ListenerMaker(
            PluginRegistry plugins,
            LoopRegistry loops,
            Supplier<RootConfig> configured,
            Map<String, Service> services,
            ListenerEnv env,
            Machine machine,
            ToIntBiFunction<String, String> fdsPerClient,
            ToIntFunction<String> reloads) {
        this.plugins = plugins;
        this.loops = loops;
        this.configured = configured;
        this.services = services;
        this.env = env;
        this.machine = machine;
        this.fdsPerClient = fdsPerClient;
        this.reloads = reloads;
    }

    /** Makes one, not opened yet, of a configuration that is right. */
    SharedListener make(String name, ListenerConfig listener) {
        Service service = services.get(listener.service());
        if (service == null) {
            throw new IllegalStateException("no service " + listener.service());
        }
        String plugin = plugins.get(ExtensionPoint.SERVICE, serviceType(listener.service()))
                .plugin();
        ListenerSpec spec = new ListenerSpec(
                name,
                listener.bind(),
                plugins.endpoint(listener.bind(), listener.kind()),
                listener.socketSettings(),
                limits(listener, fdsPerClient.applyAsInt(name, listener.service())),
                listener.balance() == ListenerConfig.Balancing.LEAST_LOADED,
                listener.service(),
                plugin,
                new LiveServing(new Serving(
                        filtered(name, listener, service, plugin),
                        plugins.<UnbindStrategy>make(ExtensionPoint.UNBIND_STRATEGY, listener.unbind()),
                        reloads.applyAsInt(listener.service()))));
        List<BatonLoop> chosen = loops.batonLoops().stream()
                .filter(loop -> listener.loops().contains(loop.id()))
                .toList();
        return make(spec, chosen, !listener.loops().ids().isEmpty());
    }

    /** The service behind the listener's filters; itself, where there are none. */
    private Service filtered(String name, ListenerConfig listener, Service service, String plugin) {
        if (listener.allFilters().isEmpty()) {
            return service;
        }
        List<FilteredService.Filter> filters = listener.allFilters().stream()
                .map(each -> filter(plugins, each))
                .toList();
        return new FilteredService(
                name,
                filters,
                listener.acceptTimeout(),
                service,
                plugin,
                env.channels().failures(),
                env.metrics(),
                perClient(listener),
                machine::nanoTime);
    }

    private static FilteredService.Filter filter(PluginRegistry plugins, Variant chosen) {
        return new FilteredService.Filter(
                chosen.type(),
                plugins.get(ExtensionPoint.CONNECTION_FILTER, chosen.type()).plugin(),
                plugins.<ConnectionFilter>make(ExtensionPoint.CONNECTION_FILTER, chosen));
    }

    /**
     * What another version of a plugin makes for a listener; what other plugins have made stays.
     *
     * @param listener its configuration, bound with the new version
     * @param plugin the one that is reloaded
     * @param next contributes the new version
     * @param bare the service, which may be new
     * @param reload the reload in which that is made
     * @return null if it has nothing of the plugin, and its service is the same
     * @throws IllegalArgumentException if the plugin refuses something; what was made is closed
     */
    @Nullable
    Serving again(
            SharedListener shared,
            ListenerConfig listener,
            String plugin,
            PluginRegistry next,
            Service bare,
            int reload) {
        Serving now = shared.spec().live().now();
        boolean sameUnbind = !next.get(
                        ExtensionPoint.UNBIND_STRATEGY, listener.unbind().type())
                .plugin()
                .equals(plugin);
        boolean sameFilters = !(now.service() instanceof FilteredService filtered)
                || !filtered.plugins().contains(plugin);
        if (sameUnbind && sameFilters && now.bare() == bare) {
            return null;
        }
        UnbindStrategy unbind = sameUnbind
                ? now.unbind()
                : next.<UnbindStrategy>make(ExtensionPoint.UNBIND_STRATEGY, listener.unbind());
        return new Serving(
                now.service() instanceof FilteredService filtered
                        ? filteredAgain(filtered, shared.name(), listener, plugin, next, bare)
                        : bare,
                unbind,
                now.bare() == bare ? now.reload() : reload);
    }

    private FilteredService filteredAgain(
            FilteredService filtered,
            String name,
            ListenerConfig listener,
            String plugin,
            PluginRegistry next,
            Service bare) {
        List<FilteredService.Filter> filters = new ArrayList<>();
        boolean done = false;
        try {
            for (int i = 0; i < listener.allFilters().size(); i++) {
                FilteredService.Filter before = filtered.filters().get(i);
                filters.add(
                        before.plugin().equals(plugin)
                                ? filter(next, listener.allFilters().get(i))
                                : before);
            }
            FilteredService made = filtered.with(name, filters, bare, env.metrics());
            done = true;
            return made;
        } finally {
            if (!done) {
                filters.stream()
                        .filter(each -> each.plugin().equals(plugin))
                        .forEach(each -> each.filter().close());
            }
        }
    }

    /** Makes one like another, not opened yet, for the loops of that one that are left. */
    SharedListener again(SharedListener other) {
        List<BatonLoop> served = other.servingLoops();
        List<BatonLoop> chosen =
                loops.batonLoops().stream().filter(served::contains).toList();
        return make(other.spec(), chosen, other.hasCertainLoops());
    }

    private SharedListener make(ListenerSpec spec, List<BatonLoop> chosen, boolean certain) {
        SharedListener made = new SharedListener(
                spec, env, chosen.isEmpty() ? loops.batonLoops() : chosen, machine.timer(), machine::nanoTime);
        if (certain && !chosen.isEmpty()) {
            made.onlyCertainLoops();
        }
        return made;
    }

    private static ListenerSpec.Limits limits(ListenerConfig listener, int fds) {
        return new ListenerSpec.Limits(
                listener.backlog(),
                listener.maxConnections().orElse(Integer.MAX_VALUE),
                listener.acceptRate().map(Rate::perSecond).orElse(Double.POSITIVE_INFINITY),
                listener.acceptsPerTurn(),
                fds,
                // With filters, these say who the client is.
                listener.allFilters().isEmpty() ? perClient(listener) : ListenerSpec.PerClient.UNLIMITED);
    }

    private static ListenerSpec.PerClient perClient(ListenerConfig listener) {
        return new ListenerSpec.PerClient(
                listener.maxConnectionsPerClient().orElse(Integer.MAX_VALUE),
                listener.acceptRatePerClient().map(Rate::perSecond).orElse(Double.POSITIVE_INFINITY));
    }

    /** The ids of the loops that there are. */
    List<Integer> loopIds() {
        return loops.batonLoops().stream().map(BatonLoop::id).toList();
    }

    /** The type of a service. */
    String serviceType(String service) {
        ServiceConfig config = configured.get().services().get(service);
        if (config == null) {
            throw new IllegalStateException("no service " + service);
        }
        return config.type();
    }
}
