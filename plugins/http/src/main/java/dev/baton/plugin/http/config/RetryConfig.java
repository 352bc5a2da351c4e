package dev.baton.plugin.http.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;

/**
 * When a request is sent again because a server has ended its connection without a byte of response, or was silent for
 * {@code response-timeout}. Only requests without a body whose method is safe (RFC 9110, section 9.2.1), because the
 * server may have acted on the first.
 *
 * @param attempts how often, each time to another server
 * @param budget how many of a route's requests at most, of those in the last seconds: a server that is down for all
 *     must not get twice the load
 */
public record RetryConfig(
        @Default("1") @Range(min = "0", max = "10") int attempts,
        @Default("20%") @Range(min = "0%", max = "100%") Percent budget) {
    /** What holds where the file says nothing. */
    public static final RetryConfig DEFAULT = new RetryConfig(1, new Percent(20));
}
