package dev.baton.plugin.demoorigin;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import java.time.Duration;

/**
 * A service of type {@code demo-origin}.
 *
 * @param maxBytes the largest N of {@code /bytes/N}
 * @param maxDelay the longest {@code /delay/MS}
 * @param idleTimeout how long a connection may wait without a request
 */
public record DemoOriginConfig(
        @Default("16GiB") ByteSize maxBytes,
        @Default("60s") @Range(min = "0s", max = "1h") Duration maxDelay,
        @Default("120s") @Range(min = "10ms", max = "24h") Duration idleTimeout) {}
