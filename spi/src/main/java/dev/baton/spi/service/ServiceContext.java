package dev.baton.spi.service;

import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.Upstream;
import java.util.NoSuchElementException;

/**
 * What a service is given.
 *
 * <p>Timers are not among it: those of a connection are set by its {@code eventLoop().schedule}, which runs them under the claim on
 * whichever loop owns the connection then.
 */
public interface ServiceContext {

    /**
     * An upstream of the configuration.
     *
     * @throws NoSuchElementException if there is none of this name; cannot happen for a component that is annotated with
     *     {@link dev.baton.spi.config.UpstreamName}
     */
    @AnyThread
    Upstream upstream(String name);

    /**
     * Another service of the configuration, to which this one may give connections by its {@link Service#initialize}. From then on
     * this one passes {@link Service#drain} and {@link Service#idleNanos} of the connection on to it. The runtime closes it, after
     * this one.
     *
     * @throws NoSuchElementException if there is none of this name; cannot happen for a component that is annotated with
     *     {@link dev.baton.spi.config.ServiceName}. A service that no such component names may be missing as long as services are
     *     being made, and is there afterwards
     */
    @AnyThread
    default Service service(String name) {
        throw new NoSuchElementException("there is no service '" + name + "'");
    }

    /** The loops of this process. */
    Loops loops();

    /** Where the service counts. */
    Metrics metrics();
}
