package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.time.Duration;
import java.util.List;

/**
 * One entry of {@code upstreams:}.
 *
 * @param servers each {@code host:port}, {@code [ipv6]:port}, or {@code listener:NAME} for what a listener of the same
 *     process really listens on; never empty
 * @param connectTimeout how long opening a connection may take
 * @param pool what happens to idle connections
 */
public record UpstreamConfig(
        List<String> servers,
        @Default("2s") @Range(min = "1ms", max = "10m") Duration connectTimeout,
        PoolConfig pool) {}
