package dev.baton.plugin.tcpproxy;

import dev.baton.spi.config.Range;
import dev.baton.spi.config.UpstreamName;
import java.time.Duration;
import java.util.Optional;

/**
 * A service of type {@code tcp-proxy}.
 *
 * @param upstream where the streams go
 * @param idleTimeout after how long without a byte in either direction both ends are closed; never if absent
 */
public record TcpProxyConfig(
        @UpstreamName String upstream,
        @Range(min = "10ms", max = "168h") Optional<Duration> idleTimeout) {}
