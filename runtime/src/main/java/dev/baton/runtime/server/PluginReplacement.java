package dev.baton.runtime.server;

import dev.baton.runtime.config.ListenerConfig;
import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.ServiceConfig;
import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.runtime.listener.FilteredService;
import dev.baton.runtime.listener.Serving;
import dev.baton.runtime.listener.ServingChange;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.loop.ThreadVariables;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.LoadedPlugin;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.retired.Use;
import dev.baton.runtime.upstream.UpstreamUse;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.Renewable;
import dev.baton.spi.service.Renewable.Renewal;
import dev.baton.spi.service.Service;
import dev.baton.spi.upstream.Balancer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One reload of a plugin: everything that its new version makes for this process, and what it takes the place of.
 *
 * <pre>
 * contribution            is replaced by                                          ends when
 * HTTP filter, handler    {@link Renewable}: requests that begin use the new one  no request is under way with the old
 * service                 another one, for new connections and for those that     its last connection has ended, and
 *                         the old one packs or gives up                           the last one to a server
 * connection filter,      another {@link Serving} of the listener                 no filter has to decide any more
 * unbind strategy
 * balancer                the next choice                                         at once
 * takeover policy         new pools; what is idle is closed                       at once
 * view, action            the next question                                       at once
 * component               {@link dev.baton.spi.Replacement}                       nothing else uses the old version
 * </pre>
 *
 * <p>{@link #prepare} makes everything and changes nothing that serves; {@link #commit} throws nothing. One thread.
 */
final class PluginReplacement {
    private static final Logger LOG = LoggerFactory.getLogger(PluginReplacement.class);

    private final Assembly parts;
    private final String id;
    private final LoadedPlugin old;
    private final LoadedPlugin next;
    private final PluginRegistry registry;
    private final RootConfig config;
    private final RootConfig configBefore;
    /** Its number in this process, from 1 on. */
    private final int number;

    private final Services services;
    private final ServiceEnv.Parts given;
    private final Map<String, ServiceEnv> environments = new LinkedHashMap<>();
    /** By name: those that the new version makes, and those that give connections to them. */
    private final Set<String> remade = new LinkedHashSet<>();
    /** The former ones of those, in the order in which they are closed. */
    private final List<Service> former = new ArrayList<>();
    /** What those were given, by their names. */
    private final Map<String, ServiceEnv> formerEnvironments = new LinkedHashMap<>();

    private final Map<String, Renewal> renewals = new LinkedHashMap<>();
    private final Map<SharedListener, Serving> servings = new LinkedHashMap<>();
    private final Map<String, UpstreamChange> upstreams = new LinkedHashMap<>();
    private final Map<String, AdminView> views = new LinkedHashMap<>();
    private final Map<String, BoundAction> actions = new LinkedHashMap<>();
    private Components.@Nullable Change components;
    /** Those of the old version, which the new one may replace. */
    private Runnable gauges = () -> {};

    private record UpstreamChange(
            @Nullable TakeoverPolicy policy, @Nullable Balancer balancer) {}

    /**
     * Nothing is made yet.
     *
     * @param number of this reload in this process, from 1 on
     */
    PluginReplacement(
            Assembly parts,
            LoadedPlugin old,
            LoadedPlugin next,
            PluginRegistry registry,
            RootConfig config,
            int number) {
        this.parts = parts;
        this.number = number;
        this.id = next.id();
        this.old = old;
        this.next = next;
        this.registry = registry;
        this.config = config;
        this.configBefore = parts.config.get();
        this.services = parts.services.again(registry);
        this.given = parts.serviceParts.with(registry, services);
    }

    // ---- what cannot be replaced ------------------------------------------------------------------------------------

    /** What of the version in use cannot be replaced while the process runs; empty if everything can. */
    static List<String> irreplaceable(Assembly parts, LoadedPlugin old) {
        List<String> fixed = new ArrayList<>();
        String id = old.id();
        PluginRegistry plugins = parts.foundation.plugins();
        if (isOf(plugins, ExtensionPoint.POLLER, parts.poller.name(), id)) {
            fixed.add("the poller " + parts.poller.name() + ", by which every loop waits");
        }
        parts.config.get().hooks().keySet().stream()
                .filter(name -> isOf(plugins, ExtensionPoint.FD_HOOK, name, id))
                .forEach(name ->
                        fixed.add("the fd hook " + name + ", which is told of each fd from its beginning to its end"));
        for (SharedListener each : parts.listeners.all()) {
            if (each.spec().endpoint().getClass().getClassLoader() == old.loader()) {
                fixed.add("the sockets of listener " + each.name() + ", which it has opened");
            }
        }
        parts.components
                .irreplaceable(id)
                .forEach(section -> fixed.add("the component " + section + ", which says that it cannot be replaced"));
        Set<String> remade = remade(parts, plugins, id);
        for (String name : parts.config.get().services().keySet()) {
            ServiceEnv env = parts.costs.of(name);
            Service service = parts.services.made().get(name);
            if (env == null || service == null) {
                continue;
            }
            if (!remade.contains(name) && env.hasOf(id) && !(plain(service) instanceof Renewable)) {
                fixed.add("service " + name + ", which takes no new filters while it serves");
            }
        }
        for (SharedListener each : parts.listeners.all()) {
            boolean configured = configured(parts, parts.config.get(), each) != null;
            boolean filtered = each.spec().service() instanceof FilteredService service
                    && service.plugins().contains(id);
            if (!configured && (filtered || remade.contains(each.spec().serviceName()))) {
                fixed.add("listener " + each.name() + ", which was added while the process ran");
            }
        }
        return fixed;
    }

    /** What is different in the new version that needs a new process; empty if nothing is. */
    static List<String> irreplaceable(Assembly parts, LoadedPlugin old, PluginRegistry registry) {
        List<String> fixed = new ArrayList<>();
        List<Contribution<?>> before = parts.foundation.plugins().of(old.id());
        List<Contribution<?>> after = registry.of(old.id());
        Set<String> namesBefore = names(before);
        Set<String> namesAfter = names(after);
        for (Contribution<?> each : after) {
            boolean known = namesBefore.contains(each.toString());
            if (!known && isForStartOnly(each)) {
                fixed.add("the " + each + ", which the new version has and the one in use has not");
            }
        }
        for (Contribution<?> each : before) {
            if (!namesAfter.contains(each.toString()) && isForStartOnly(each)) {
                fixed.add("the " + each + ", which the new version has no longer");
            }
        }
        return fixed;
    }

    private static Set<String> names(List<Contribution<?>> contributions) {
        return contributions.stream().map(Contribution::toString).collect(Collectors.toSet());
    }

    /** Its name is known from the start on: to the admin API, or to the fd table. */
    private static boolean isForStartOnly(Contribution<?> contribution) {
        ExtensionPoint<?> point = contribution.point();
        return point.equals(ExtensionPoint.ADMIN_VIEW)
                || point.equals(ExtensionPoint.ADMIN_ACTION)
                || point.equals(ExtensionPoint.FD_HOOK);
    }

    private static boolean isOf(PluginRegistry plugins, ExtensionPoint<?> point, String name, String id) {
        Contribution<?> found = plugins.all(point).get(name);
        return found != null && found.plugin().equals(id);
    }

    /** The services that a plugin makes, and those that give connections to them. In the order of the configuration. */
    private static Set<String> remade(Assembly parts, PluginRegistry plugins, String id) {
        Set<String> remade = new LinkedHashSet<>();
        parts.config.get().services().forEach((name, service) -> {
            ServiceEnv env = parts.costs.of(name);
            if (isOf(plugins, ExtensionPoint.SERVICE, service.type(), id)
                    || (env != null && remade.stream().anyMatch(env::leadsTo))) {
                remade.add(name);
            }
        });
        return remade;
    }

    // ---- making -----------------------------------------------------------------------------------------------------

    /**
     * Makes what the new version contributes, and starts its components.
     *
     * @return why it cannot be used; everything is as before then. Empty if all is well
     */
    List<String> prepare() {
        List<String> problems = new ArrayList<>();
        gauges = parts.foundation.metrics.codeOf(old.loader());
        boolean done = false;
        try {
            makeServices(problems);
            if (problems.isEmpty()) {
                renewServices(problems);
                makeListeners(problems);
                makeUpstreams();
                makeViewsAndActions();
                Components.Change change = parts.components.change(
                        id,
                        parts.foundation.plugins(),
                        configBefore.components(),
                        registry,
                        config.components(),
                        problems);
                components = change;
                if (problems.isEmpty()) {
                    change.begin();
                }
            }
            done = problems.isEmpty();
        } catch (StartException e) {
            problems.add(String.valueOf(e.getMessage()));
        } catch (Throwable t) { // a plugin's, Errors included: the old version serves
            LOG.debug("{} cannot be used", next, t);
            problems.add(PluginLoader.words(t));
        } finally {
            if (!done) {
                undo();
            }
        }
        return problems;
    }

    private void makeServices(List<String> problems) {
        remade.addAll(remade(parts, parts.foundation.plugins(), id));
        for (String name : remade) {
            Service before = parts.services.made().get(name);
            ServiceEnv envBefore = parts.costs.of(name);
            if (before != null && envBefore != null) {
                former.add(0, before);
                formerEnvironments.put(name, envBefore);
            }
            services.make(
                    name,
                    config(name),
                    plugin -> {
                        ServiceEnv env = new ServiceEnv(plugin, number, given);
                        environments.put(name, env);
                        return env;
                    },
                    problems);
        }
    }

    /** The plugin's own. */
    private static Service plain(Service service) {
        return service instanceof ForwardingService forwarding ? plain(forwarding.behind()) : service;
    }

    private ServiceConfig config(String service) {
        return Objects.requireNonNull(config.services().get(service));
    }

    @SuppressWarnings("unchecked") // a service is renewed with a record of the class that it was made with
    private void renewServices(List<String> problems) {
        for (String name : config.services().keySet()) {
            ServiceEnv env = parts.costs.of(name);
            if (remade.contains(name) || env == null || !env.hasOf(id)) {
                continue;
            }
            Service made = Objects.requireNonNull(parts.services.made().get(name));
            if (plain(made) instanceof Renewable<?> renewable) {
                ServiceEnv making = new ServiceEnv(env, given);
                try {
                    renewals.put(
                            name,
                            ContextOwners.as(
                                    id,
                                    () -> ((Renewable<Record>) renewable)
                                            .renew(id, config(name).settings(), making)));
                } catch (Throwable t) { // a plugin's
                    LOG.debug("service {} cannot take the new version of plugin {}", name, id, t);
                    problems.add("services." + name + ": plugin " + id + " cannot make it: " + PluginLoader.words(t));
                }
            }
        }
    }

    /** What the file says of a listener; null if it was added at run time, under whatever name. */
    private static @Nullable ListenerConfig configured(Assembly parts, RootConfig config, SharedListener listener) {
        return parts.listeners.isConfigured(listener) ? config.listeners().get(listener.name()) : null;
    }

    private void makeListeners(List<String> problems) {
        for (SharedListener each : parts.listeners.all()) {
            ListenerConfig configured = configured(parts, config, each);
            if (configured == null) {
                continue;
            }
            Service bare = remade.contains(configured.service())
                    ? Objects.requireNonNull(services.made().get(configured.service()))
                    : each.spec().live().now().bare();
            try {
                Serving serving = parts.maker.again(each, configured, id, registry, bare, number);
                if (serving != null) {
                    servings.put(each, serving);
                }
            } catch (Throwable t) { // a plugin's
                LOG.debug("listener {} cannot take the new version of plugin {}", each.name(), id, t);
                problems.add("listeners." + each.name() + ": " + PluginLoader.words(t));
            }
        }
    }

    private void makeUpstreams() {
        config.upstreams()
                .forEach((name, each) -> upstreams.put(
                        name,
                        new UpstreamChange(
                                isOf(
                                                registry,
                                                ExtensionPoint.TAKEOVER_POLICY,
                                                each.pool().policy().type(),
                                                id)
                                        ? registry.<TakeoverPolicy>make(
                                                ExtensionPoint.TAKEOVER_POLICY,
                                                each.pool().policy())
                                        : null,
                                isOf(
                                                registry,
                                                ExtensionPoint.BALANCER,
                                                each.balance().type(),
                                                id)
                                        ? parts.balancer(registry, each.balance())
                                        : null)));
    }

    private void makeViewsAndActions() {
        registry.all(ExtensionPoint.ADMIN_VIEW).forEach((name, each) -> {
            if (each.plugin().equals(id)) {
                views.put(name, each.get());
            }
        });
        Map<String, Contribution<AdminAction<?>>> all = registry.all(ExtensionPoint.ADMIN_ACTION);
        all.forEach((name, each) -> {
            if (each.plugin().equals(id)) {
                actions.put(name, new BoundAction(name, each, parts.foundation.parameters));
            }
        });
    }

    /** Everything is as before; what was made is closed. */
    void undo() {
        if (components != null) {
            components.revert();
        }
        renewals.values().forEach(each -> quietly(parts, id, "filters", each::abandon));
        servings.values().forEach(this::closeFilters);
        for (String name : remade) {
            Service made = services.made().get(name);
            if (made != null && made != parts.services.made().get(name)) {
                quietly(parts, id, "service " + name, made::close);
            }
        }
        environments.values().forEach(each -> quietly(parts, id, "pools", each.upstreams()::close));
        parts.foundation.metrics.forgetCodeOf(next.loader());
        gauges.run();
        parts.foundation.traffic.forgetCodeOf(next.loader());
        parts.foundation.contexts.forgetCodeOf(id, next.loader());
    }

    private void closeFilters(Serving serving) {
        if (serving.service() instanceof FilteredService filtered) {
            filtered.closeFilters(id);
        }
    }

    // ---- the change -------------------------------------------------------------------------------------------------

    /** Puts the new version in the place of the old one. Throws nothing. */
    void commit() {
        parts.foundation.plugins().become(registry);
        parts.foundation.use(next);
        parts.config.set(config);
        parts.services.become(services);
        environments.forEach((name, env) -> {
            env.settle(parts.serviceParts);
            parts.costs.add(name, env);
        });
        upstreams.forEach(
                (name, each) -> parts.upstreams.replace(name, upstream(name), each.policy(), each.balancer()));
        List<Use> uses = new ArrayList<>();
        renewals.forEach((name, each) -> {
            each.begin();
            uses.add(new Exchanges(name, each));
        });
        List<Serving> before = new ArrayList<>();
        List<ServingChange> changes = new ArrayList<>();
        servings.forEach((listener, serving) -> {
            Serving replaced = listener.spec().live().now();
            before.add(replaced);
            changes.add(listener.serve(serving, old.loader()));
            parts.listeners.draining(listener).forEach(each -> changes.add(each.follow(replaced, old.loader())));
        });
        changes.forEach(each -> uses.add(new Accepted(each)));
        parts.upstreams.reloaded(number);
        parts.replaced.forEach((each, name) -> {
            if (each.hasOf(id)) {
                uses.add(new Former(name, each, parts.replaced));
            }
        });
        formerEnvironments.forEach((name, each) -> {
            parts.replaced.put(each, name);
            quietly(parts, id, "idle connections to servers", each.upstreams()::retire);
            uses.add(new ToServers(name, each.upstreams()));
        });
        views.forEach(parts::view);
        actions.forEach(parts::action);
        Components.Change change = components;
        if (change != null) {
            change.commit();
        }
        forgetCode();
        parts.retired.add(
                old,
                uses,
                ending(
                        parts,
                        id,
                        List.copyOf(renewals.values()),
                        before,
                        changes,
                        former,
                        List.copyOf(formerEnvironments.values()),
                        change,
                        old));
    }

    private UpstreamConfig upstream(String name) {
        return Objects.requireNonNull(config.upstreams().get(name));
    }

    /** What the old version has left with the runtime. */
    private void forgetCode() {
        ClassLoader loader = old.loader();
        parts.foundation.metrics.forgetCodeOf(loader);
        parts.foundation.contexts.forgetCodeOf(id, loader);
    }

    /** Gives back what the old version has. It must not hold this object, which has the new one. */
    private static Runnable ending(
            Assembly parts,
            String id,
            List<Renewal> renewals,
            List<Serving> servings,
            List<ServingChange> changes,
            List<Service> services,
            List<ServiceEnv> environments,
            Components.@Nullable Change components,
            LoadedPlugin old) {
        return () -> {
            renewals.forEach(each -> quietly(parts, id, "filters", each::end));
            for (Serving each : servings) {
                if (each.service() instanceof FilteredService filtered) {
                    filtered.closeFilters(id);
                }
            }
            changes.forEach(ServingChange::over);
            services.forEach(each -> quietly(parts, id, "a service", each::close));
            environments.forEach(each -> {
                quietly(parts, id, "pools", each.upstreams()::close);
                parts.replaced.remove(each);
            });
            if (components != null) {
                components.end();
            }
            parts.upstreams.settle();
            parts.foundation.traffic.forgetCodeOf(old.loader());
            forgetVariables(parts, old.loader());
            old.close();
        };
    }

    /** On all loops: no code runs that could set them again. */
    private static void forgetVariables(Assembly parts, ClassLoader code) {
        for (BatonLoop each : parts.foundation.loops.known()) {
            try {
                each.execute(() -> ThreadVariables.forget(code));
            } catch (RejectedExecutionException ended) {
                LOG.debug("loop {} has ended, and its thread with what it had", each.id(), ended);
            }
        }
    }

    private static void quietly(Assembly parts, String id, String what, Runnable close) {
        try {
            close.run();
        } catch (Throwable t) { // a plugin's: the rest has to be closed as well
            LOG.warn("plugin {}: {} cannot be closed", id, what, t);
            parts.foundation.pluginErrors.failed(id, t);
        }
    }

    /** Exchanges that go through filters or to handlers of the old version. */
    private record Exchanges(String service, Renewal renewal) implements Use {
        @Override
        public long count() {
            return renewal.underWay();
        }

        @Override
        public String words(long count) {
            return count + (count == 1 ? " exchange" : " exchanges") + " of service " + service;
        }
    }

    /** Connections that the old version serves. */
    private record Accepted(ServingChange change) implements Use {
        @Override
        public long count() {
            return change.advance();
        }

        @Override
        public String words(long count) {
            return count + (count == 1 ? " connection" : " connections") + " of listener " + change.listener();
        }
    }

    /** A service of another plugin that was replaced before this one, and has filters or handlers of this one still. */
    private record Former(String service, ServiceEnv given, Map<ServiceEnv, String> replaced) implements Use {
        @Override
        public long count() {
            return replaced.containsKey(given) ? 1 : 0;
        }

        @Override
        public String words(long count) {
            return "what is left of a former version of service " + service;
        }
    }

    /** Connections to servers, which have the code of the old version. */
    private record ToServers(String service, UpstreamUse upstreams) implements Use {
        @Override
        public long count() {
            return upstreams.open();
        }

        @Override
        public String words(long count) {
            return count + (count == 1 ? " connection" : " connections") + " to servers of service " + service;
        }
    }
}
