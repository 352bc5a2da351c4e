package dev.baton.runtime.upstream;

import dev.baton.runtime.config.UpstreamConfig;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.spi.takeover.TakeoverPolicy;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.Upstream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.TreeMap;
import java.util.function.Function;

/** All upstreams of the configuration. */
@AnyThread
public final class Upstreams {
    private final Map<String, UpstreamGroup> groups = new TreeMap<>();

    /**
     * Makes them; connects to nothing.
     *
     * @param configured by name
     * @param policies finds a takeover policy by its name in the configuration
     * @throws IllegalArgumentException if a server's address cannot be read
     */
    public Upstreams(
            Map<String, UpstreamConfig> configured, Function<String, TakeoverPolicy> policies, UpstreamEnv env) {
        configured.forEach((name, config) -> groups.put(
                name,
                new UpstreamGroup(name, config, policies.apply(config.pool().policy()), env)));
    }

    /**
     * An upstream.
     *
     * @param plugin the plugin that its connections are counted for
     * @throws NoSuchElementException if there is none of this name
     */
    public Upstream upstream(String name, String plugin) {
        UpstreamGroup group = groups.get(name);
        if (group == null) {
            throw new NoSuchElementException("no upstream '" + name + "'; there are " + groups.keySet());
        }
        return group.forPlugin(plugin);
    }

    /** A row for each server, by upstream and place. */
    public List<PoolSnapshot> snapshot() {
        List<PoolSnapshot> rows = new ArrayList<>();
        groups.values().forEach(group -> group.snapshot(rows));
        return rows;
    }

    /** Closes what is idle; what is in use is closed when it is released. */
    public void close() {
        groups.values().forEach(UpstreamGroup::close);
    }
}
