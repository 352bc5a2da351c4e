package dev.baton.runtime.server;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.config.ServerAddress;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How many fds the connections of each listener may come to need.
 *
 * <p>Those of a listener that is a server of this process's own upstreams ({@code listener:NAME}) need none: the client
 * in front has been admitted with them. Else clients could fill the process, and wait for answers of a listener that
 * has no room.
 */
final class ClientCosts {
    private final Supplier<RootConfig> config;
    private final Set<String> inner;
    private final Map<String, ServiceEnv> services = new ConcurrentHashMap<>();

    ClientCosts(Supplier<RootConfig> config) {
        this.config = config;
        this.inner = inner(config.get());
    }

    /** The listeners that upstreams of this process refer to. */
    static Set<String> inner(RootConfig config) {
        return config.upstreams().values().stream()
                .flatMap(upstream -> upstream.servers().stream())
                .flatMap(server -> ServerAddress.listener(server.address()).stream())
                .collect(Collectors.toSet());
    }

    void add(String service, ServiceEnv given) {
        services.put(service, given);
    }

    /** What a service was given; null if there is none of this name. */
    @Nullable
    ServiceEnv of(String service) {
        return services.get(service);
    }

    /** The reload in which a service was made, by its number in this process; 0 at the start. */
    int reload(String service) {
        ServiceEnv env = services.get(service);
        return env == null ? 0 : env.reload();
    }

    /**
     * What a client of a listener is admitted with. Where the number of clients is configured that is its own fd: the
     * operator who sets it knows how many of them wait for an upstream at the same time.
     */
    int admitted(String listener, String service) {
        return inner.contains(listener) ? 0 : config.get().maxConnections().isPresent() ? 1 : fdsPerClient(service);
    }

    /** How many fds a client of a service may come to need. */
    int fdsPerClient(String service) {
        ServiceEnv env = services.get(service);
        return env == null ? 1 : env.fdsPerClient();
    }

    /** The most that a client of any listener may need. */
    int most() {
        return config.get().listeners().entrySet().stream()
                .filter(listener -> !inner.contains(listener.getKey()))
                .mapToInt(listener -> fdsPerClient(listener.getValue().service()))
                .max()
                .orElse(1);
    }
}
