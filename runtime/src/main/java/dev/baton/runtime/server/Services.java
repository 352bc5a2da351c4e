package dev.baton.runtime.server;

import dev.baton.runtime.config.ServiceConfig;
import dev.baton.runtime.lane.LiveLanes;
import dev.baton.runtime.lane.ServiceLane;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.vertx.ContextOwners;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceFactory;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The services of a configuration: made with the server, those that others name before these, and closed in the reverse
 * order.
 *
 * <p>Threading: {@link #shared} by any thread, the rest by the one that starts and ends the server.
 */
final class Services {
    private static final Logger LOG = LoggerFactory.getLogger(Services.class);

    private final Map<String, Service> made = new ConcurrentHashMap<>();
    /** The last one first. */
    private final Deque<String> order = new ArrayDeque<>();

    private final PluginRegistry plugins;
    private final Set<String> configured;
    private final LiveLanes lanes;
    private final Set<String> refused = ConcurrentHashMap.newKeySet();

    /**
     * None yet.
     *
     * @param configured the names of all that are going to be made
     * @param lanes those of some of them
     */
    Services(PluginRegistry plugins, Set<String> configured, LiveLanes lanes) {
        this.plugins = plugins;
        this.lanes = lanes;
        this.configured = configured;
    }

    /**
     * Makes one, after those that it names.
     *
     * @param env makes what it is given, for a plugin's id
     * @param problems gets a line if its plugin refuses
     */
    @SuppressWarnings("unchecked") // the registry keeps a factory and its record together
    void make(String name, ServiceConfig service, Function<String, ServiceEnv> env, List<String> problems) {
        Contribution<ServiceFactory<?>> factory = plugins.get(ExtensionPoint.SERVICE, service.type());
        try {
            Service created = ContextOwners.as(
                    factory.plugin(),
                    () -> ((ServiceFactory<Record>) factory.get())
                            .create(name, service.settings(), env.apply(factory.plugin())));
            ServiceLane lane = lanes.of(name);
            made.put(name, lane == null ? created : new TenantService(created, lane));
            order.push(name);
        } catch (Throwable t) {
            refused.add(name);
            problems.add(Components.refused("services." + name, factory, t));
        }
    }

    /**
     * The same services, of which some are made once more by the plugins of another registry; nothing of it is used
     * until {@link #become}.
     */
    Services again(PluginRegistry others) {
        Services again = new Services(others, configured, lanes);
        again.made.putAll(made);
        return again;
    }

    /** Has what another has, from now on; what is no longer among them is the caller's to close. */
    void become(Services others) {
        made.putAll(others.made);
    }

    /** Those that were made so far, as the listeners use them. */
    Map<String, Service> made() {
        return Collections.unmodifiableMap(made);
    }

    /**
     * One, for another service's plugin, which cannot close it.
     *
     * @throws NoSuchElementException if there is none of this name, or not yet
     */
    Service shared(String name) {
        Service service = made.get(name);
        if (service != null) {
            return new Shared(name, service);
        }
        if (!configured.contains(name)) {
            throw new NoSuchElementException("there is no service '" + name + "'");
        }
        throw new NoSuchElementException(
                refused.contains(name)
                        ? "service '" + name + "' cannot be made"
                        : "service '" + name + "' is not made yet: annotate the component that names it with"
                                + " @ServiceName, so that it is made first");
    }

    /** Closes those that were made, each before those that it names. */
    void close(EndSteps steps) {
        while (!order.isEmpty()) {
            String name = order.pop();
            Service service = made.get(name);
            steps.begin("closing service " + name);
            try {
                if (service != null) {
                    service.close();
                }
            } catch (Throwable t) {
                LOG.warn("service {} cannot be closed", name, t);
            }
        }
    }

    /** A service in the hands of another one. */
    private static final class Shared extends ForwardingService {
        private final String name;

        Shared(String name, Service service) {
            super(service);
            this.name = name;
        }

        @Override
        public void close() {
            throw new UnsupportedOperationException(
                    "service '" + name + "' is closed by the runtime, not by a service that uses it");
        }
    }
}
