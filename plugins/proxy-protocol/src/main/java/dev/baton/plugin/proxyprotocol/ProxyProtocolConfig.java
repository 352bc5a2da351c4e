package dev.baton.plugin.proxyprotocol;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;

/**
 * Keys of the filter.
 *
 * @param headerLimit how long a header of version 2 may be with all its extensions; a longer one is refused
 */
public record ProxyProtocolConfig(
        @Default("4KiB") @Range(min = "232B", max = "64KiB") ByteSize headerLimit) {}
