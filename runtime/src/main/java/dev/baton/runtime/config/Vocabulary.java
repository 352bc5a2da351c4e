package dev.baton.runtime.config;

import dev.baton.spi.listener.ListenerEndpoint;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/** The words that the loaded plugins add to the configuration. */
public interface Vocabulary {

    /** The ids of the plugins that were found, loaded or not. */
    Collection<String> plugins();

    /**
     * Why a requirement of a plugin, {@code ID} or {@code ID >= VERSION}, is not met, as one sentence without a full
     * stop; empty if it is.
     */
    Optional<String> missing(String requirement);

    /** The names of the pollers. */
    Collection<String> pollers();

    /** The unbind strategies, and the record of each. */
    Map<String, Class<? extends Record>> unbindStrategies();

    /** The takeover policies, and the record of each. */
    Map<String, Class<? extends Record>> takeoverPolicies();

    /** The balancers, and the record of each. */
    Map<String, Class<? extends Record>> balancers();

    /** The connection filters, and the record of each. */
    Map<String, Class<? extends Record>> connectionFilters();

    /** The HTTP filters, and the record of each. */
    Map<String, Class<? extends Record>> httpFilters();

    /** The HTTP handlers, and the record of each. */
    Map<String, Class<? extends Record>> httpHandlers();

    /** The fd hooks, and the record of each. */
    Map<String, Class<? extends Record>> hooks();

    /** The service types, and the record of each. */
    Map<String, Class<? extends Record>> services();

    /** The top-level sections of components, and the record of each. */
    Map<String, Class<? extends Record>> components();

    /** The listener kinds, and the record of each. */
    Map<String, Class<? extends Record>> listenerKinds();

    /**
     * Parses a listener's {@code bind}.
     *
     * @param kind the listener's; without it, the one that claims the bind
     * @throws dev.baton.spi.listener.InvalidBindException if it is wrong, or claimed by none or by several
     * @throws IllegalArgumentException if the keys of the kind contradict each other
     */
    ListenerEndpoint endpoint(String bind, Optional<Variant> kind);
}
