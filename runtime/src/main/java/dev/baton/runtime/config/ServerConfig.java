package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;

/**
 * One server of an upstream: {@code "host:port"}, or a section.
 *
 * @param address {@code host:port}, {@code [ipv6]:port}, {@code listener:NAME} for what a listener of the same process
 *     really listens on, or {@code srv:NAME} for all servers that the SRV records of a name say
 * @param weight its share of the requests, relative to the other servers; 0 for none. Those of a service have the
 *     weights of their records
 */
@ShortForm("address")
public record ServerConfig(
        String address,
        @Default("1") @Range(min = "0", max = "256") int weight) {

    /** The greatest weight. */
    public static final int WEIGHT_MAX = 256;

    /** One that gets as much as the others. */
    public ServerConfig(String address) {
        this(address, 1);
    }
}
