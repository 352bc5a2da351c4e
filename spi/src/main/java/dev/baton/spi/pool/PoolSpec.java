package dev.baton.spi.pool;

import dev.baton.spi.loop.Loops;
import java.time.Duration;

/**
 * What a pool is opened for. Connections of one pool are interchangeable: same address of the same server, same
 * protocol and set-up. The server's name may have several addresses, and others later: each has a pool, closed when the
 * address is gone.
 *
 * @param upstream the upstream's name
 * @param server the server's address, {@code host:port}
 * @param profile what was set up on its connections, for example {@code http/1.1}
 * @param idleMax how many connections may be idle, over all loops; 0 keeps none
 * @param idleTimeout how long one may be idle
 * @param sharing which loops may use it
 * @param loops the loops of this process
 */
public record PoolSpec(
        String upstream,
        String server,
        String profile,
        int idleMax,
        Duration idleTimeout,
        Sharing sharing,
        Loops loops) {}
