package dev.baton.runtime.upstream;

import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.Upstream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What one service uses of the upstreams. The servers, with all that is known of them (their addresses, health,
 * failures, latency, limits), belong to the upstreams. The connections belong to the services of a plugin that were
 * made together, because their pipelines have code of that version of it: the version that takes its place in a reload
 * opens others.
 *
 * <pre>
 * the service   idle connections            connections in use, and new ones               until
 * serves        rest in the pools           rest when they come back                       it is replaced: retire
 * is retired    are closed                  of exchanges that had begun: are closed when   none is open, and nothing
 *                                           they come back                                 else uses the service: close
 * is closed     the pools are forgotten; what they have counted stays
 * </pre>
 *
 * <p>Pools that another service of the plugin has opened too, which still serves, stay as they are.
 */
@AnyThread
public final class UpstreamUse implements AutoCloseable {
    private final Upstreams upstreams;
    private final String plugin;
    private final int reload;
    private final Map<UpstreamGroup, ServiceUpstream> seen = new ConcurrentHashMap<>();

    UpstreamUse(Upstreams upstreams, String plugin, int reload) {
        this.upstreams = upstreams;
        this.plugin = plugin;
        this.reload = reload;
    }

    /**
     * An upstream.
     *
     * @throws java.util.NoSuchElementException if there is none of this name
     */
    public Upstream upstream(String name) {
        return seen.computeIfAbsent(upstreams.group(name), group -> new ServiceUpstream(group, plugin, reload));
    }

    /** The service was replaced: what it does not need for what has begun is closed. */
    public void retire() {
        seen.values().forEach(ServiceUpstream::retire);
    }

    /** How many connections are open that no other service uses. */
    public int open() {
        return seen.values().stream().mapToInt(ServiceUpstream::open).sum();
    }

    /** The service does nothing any longer. */
    @Override
    public void close() {
        seen.values().forEach(ServiceUpstream::close);
    }
}
