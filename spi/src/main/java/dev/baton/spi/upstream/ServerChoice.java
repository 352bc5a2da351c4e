package dev.baton.spi.upstream;

import dev.baton.spi.threading.AnyThread;

/** Chooses among the servers that it was made for. */
@FunctionalInterface
public interface ServerChoice {

    /**
     * Chooses the server of one request. Runs on the loops, for every request: without locks and without blocking.
     *
     * @param request what is known of the request
     * @return the place of the server in the list given to {@link Balancer#over}
     */
    @AnyThread
    int choose(RequestFacts request);
}
