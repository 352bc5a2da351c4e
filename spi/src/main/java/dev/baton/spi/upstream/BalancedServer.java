package dev.baton.spi.upstream;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;

/** A server that a {@link Balancer} can choose, and what is known of it now. */
@ByBaton
@AnyThread
public interface BalancedServer {

    /** Which one it is. */
    UpstreamServer server();

    /**
     * Its share of the requests, relative to the other servers: 1 to 65,536. The configured weight times 256, or less
     * while the server starts slowly. Constant as long as the {@link ServerChoice} that it belongs to is in use.
     */
    int weight();

    /**
     * Its connections that are in use or being opened, exactly, and the requests that wait for one because of
     * {@code max-connections}. Connections that rest in the pool do not count. A request counts from the moment that
     * its service takes or opens a connection, which is after the choice.
     */
    int inFlight();

    /**
     * How long its answers take: an exponentially weighted moving average in nanoseconds of what services have reported
     * ({@link Upstream#answered}), else of its connects. Halved for every 10 s without a new value, so that a server
     * that was slow once is asked again. 0 if nothing is known.
     */
    long latencyNanos();
}
