package dev.baton.plugin.tcpproxy;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.UpstreamName;
import java.time.Duration;

/**
 * A service of type {@code tcp-proxy}.
 *
 * @param upstream where the streams go
 * @param idleTimeout after how long without a byte in either direction a stream is reset
 * @param splice whether the kernel passes bytes on by itself where it can
 * @param spliceAfter how many bytes of a direction are read before
 */
public record TcpProxyConfig(
        @UpstreamName String upstream,
        @Default("1h") @Range(min = "10ms", max = "8760h") Duration idleTimeout,
        @Default("true") boolean splice,
        @Default("64KiB") @Range(min = "1B", max = "1GiB") ByteSize spliceAfter) {}
