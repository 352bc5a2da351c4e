package dev.baton.spi.service;

import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.upstream.Upstream;
import java.util.NoSuchElementException;

/** What a service is given. */
public interface ServiceContext {

    /**
     * An upstream of the configuration.
     *
     * @throws NoSuchElementException if there is none of this name; cannot happen for a component that is annotated with
     *     {@link dev.baton.spi.config.UpstreamName}
     */
    Upstream upstream(String name);

    /** The loops of this process. */
    Loops loops();

    /** Where the service counts. */
    Metrics metrics();
}
