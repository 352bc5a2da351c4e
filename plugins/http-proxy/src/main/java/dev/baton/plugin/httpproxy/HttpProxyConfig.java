package dev.baton.plugin.httpproxy;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.UpstreamName;
import java.time.Duration;

/**
 * The keys of a service of type {@code http-proxy}.
 *
 * @param upstream where requests go
 * @param headerLimit bytes of the request line, of the header fields of a message and of its trailers; what is longer is
 *     refused
 * @param headerTimeout from the first byte of a request's head to its last
 * @param responseTimeout how long the server may be silent while it is its turn
 * @param idleTimeout how long the client may be silent while it is its turn, between requests too
 */
public record HttpProxyConfig(
        @UpstreamName String upstream,
        @Default("64KiB") @Range(min = "1KiB", max = "1MiB") ByteSize headerLimit,
        @Default("10s") @Range(min = "10ms", max = "1h") Duration headerTimeout,
        @Default("30s") @Range(min = "10ms", max = "24h") Duration responseTimeout,
        @Default("60s") @Range(min = "10ms", max = "24h") Duration idleTimeout) {}
