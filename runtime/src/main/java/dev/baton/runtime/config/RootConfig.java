package dev.baton.runtime.config;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * A whole file, valid as far as that can be said without binding anything. The maps are in the order of the file, but
 * each service is behind those that it names.
 *
 * @param loops how many loops
 * @param poller the poller that was asked for; empty takes the best available
 * @param grace how long work may go on after a stop
 * @param closeSpread within which time connections that are idle at a stop end, one by one
 * @param hardStop how long after the grace time the process ends, whatever it still does
 * @param maxConnections how many connections all listeners together may have open at once; empty for no limit
 * @param memory what connections may hold of the process's memory
 * @param workers where code of plugins that may block runs
 * @param user who a process that root has started becomes when it has bound its listeners; empty to stay as it is
 * @param group which group it then has; empty for the user's own
 * @param listeners by name
 * @param services by name
 * @param upstreams by name
 * @param resolver how the names of servers are looked up
 * @param plugins where more plugins are
 * @param components the sections of components that plugins contribute, by section
 * @param hooks the fd hooks, by name, each with its keys
 */
public record RootConfig(
        LoopCount loops,
        Optional<String> poller,
        Duration grace,
        Duration closeSpread,
        Duration hardStop,
        Optional<Integer> maxConnections,
        MemoryConfig memory,
        WorkersConfig workers,
        Optional<String> user,
        Optional<String> group,
        Map<String, ListenerConfig> listeners,
        Map<String, ServiceConfig> services,
        Map<String, UpstreamConfig> upstreams,
        ResolverConfig resolver,
        PluginsConfig plugins,
        Map<String, Record> components,
        Map<String, Record> hooks) {}
