package dev.baton.spi.upstream;

import dev.baton.spi.threading.AnyThread;
import java.util.List;

/**
 * A way to choose the server of each request: one object for each upstream.
 *
 * <p>It sees only servers that may be asked now. What it remembers beyond one {@link ServerChoice}, for example whose
 * turn it is, it keeps in its own fields.
 */
@FunctionalInterface
public interface Balancer {

    /**
     * Prepares for choosing among these servers. Called anew whenever one comes, goes or changes its weight, perhaps on
     * two threads at once and perhaps on a loop, so it must not block. A result may never be used.
     *
     * @param servers at least two, in the order of the configuration; the list does not change
     */
    @AnyThread
    ServerChoice over(List<BalancedServer> servers);
}
