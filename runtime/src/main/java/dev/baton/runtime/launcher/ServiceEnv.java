package dev.baton.runtime.launcher;

import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.admin.Metrics;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;

/**
 * What the services of one plugin are given.
 *
 * @param plugin the plugin's id, which upstream connections are counted for
 */
record ServiceEnv(String plugin, Upstreams upstreams, Loops loops, Metrics metrics) implements ServiceContext {

    @Override
    public Upstream upstream(String name) {
        return upstreams.upstream(name, plugin);
    }
}
