package dev.baton.spi.admin;

import java.util.List;

/**
 * An element of {@code /v1/upstreams}.
 *
 * @param name as configured
 * @param balance the balancer that chooses among its servers
 * @param servers in their order, also those that were removed and have connections in use
 */
public record UpstreamSnapshot(String name, String balance, List<ServerSnapshot> servers) {}
