package dev.baton.plugin.http.exchange;

import dev.baton.spi.loop.Loop;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.spi.upstream.UpstreamServer;

/**
 * Where the server's ends of exchanges come from, in the version of HTTP that the servers of one upstream speak: pooled
 * connections in HTTP/1, streams of shared connections in HTTP/2. Any loop.
 */
public interface UpstreamEnds {

    /** Begins exchanges on ends that are there. */
    interface Taker {
        /**
         * Begins an exchange. The caller has a claim on the connection of the end.
         *
         * @param reused the connection has carried others
         * @return false: the connection is dead and nothing was sent; look for another
         */
        boolean begin(Exchange exchange, UpstreamEnd end, boolean reused);
    }

    /** The connections to the servers. */
    UpstreamConnections connections();

    /**
     * Finds an end for an exchange. One that can begin at once is given to the taker; else the outcome is told later by
     * the {@link Downstream}'s {@code attached}, {@code connectFailed} or {@code askAgain}. Under the claim on the
     * client's connection.
     *
     * @param loop the loop whose thread is calling
     */
    void ask(Exchange exchange, UpstreamServer server, Loop loop, Taker taker);
}
