package dev.baton.plugin.tcpproxy;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.UpstreamName;
import java.time.Duration;

/**
 * A service of type {@code tcp-proxy}.
 *
 * @param upstream where the streams go
 * @param idleTimeout after how long without a byte in either direction a stream is reset
 */
public record TcpProxyConfig(
        @UpstreamName String upstream,
        @Default("1h") @Range(min = "10ms", max = "8760h") Duration idleTimeout) {}
