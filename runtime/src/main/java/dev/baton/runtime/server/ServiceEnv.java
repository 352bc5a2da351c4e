package dev.baton.runtime.server;

import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;

/** What a service is given, and what that says of it: a client of a service that has an upstream may need a connection to it. */
final class ServiceEnv implements ServiceContext {
    private final String plugin;
    private final Upstreams upstreams;
    private final Loops loops;
    private final Metrics metrics;
    private volatile int fdsPerClient = 1;

    /**
     * For one service.
     *
     * @param plugin the plugin's id, which upstream connections are counted for
     */
    ServiceEnv(String plugin, Upstreams upstreams, Loops loops, Metrics metrics) {
        this.plugin = plugin;
        this.upstreams = upstreams;
        this.loops = loops;
        this.metrics = metrics;
    }

    /**
     * How many fds one client may come to need: its own, and what a connection to an upstream costs, to one at a time. Nobody has
     * to declare it, so that nobody can forget to; what a service opens beyond it is refused when there are no fds left.
     */
    int fdsPerClient() {
        return fdsPerClient;
    }

    @Override
    public Upstream upstream(String name) {
        Upstream upstream = upstreams.upstream(name, plugin);
        fdsPerClient = Math.max(fdsPerClient, 1 + upstreams.fdsPerConnection(name));
        return upstream;
    }

    @Override
    public Loops loops() {
        return loops;
    }

    @Override
    public Metrics metrics() {
        return metrics;
    }
}
