package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.pool.Sharing;
import java.time.Duration;

/**
 * {@code pool:} of an upstream.
 *
 * @param idleMax how many connections to one address of a server may be idle, over all loops; 0 keeps none
 * @param idleTimeout how long one may be idle
 * @param sharing which loops may use an idle connection
 * @param policy the takeover policy that keeps them
 */
public record PoolConfig(
        @Default("256") @Range(min = "0", max = "1048576") int idleMax,
        @Default("60s") @Range(min = "1ms", max = "24h") Duration idleTimeout,
        @Default("takeover") Sharing sharing,

        @RefersTo(Reference.TAKEOVER_POLICY) @Default("takeover")
        Variant policy) {}
