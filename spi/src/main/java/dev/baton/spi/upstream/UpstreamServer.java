package dev.baton.spi.upstream;

/**
 * One server of an upstream.
 *
 * @param address {@code host:port} as configured
 * @param index its place in {@link Upstream#servers()}
 */
public record UpstreamServer(String address, int index) {}
