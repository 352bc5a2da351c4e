package dev.baton.spi.upstream;

/**
 * One server of an upstream.
 *
 * @param address {@code host:port} as configured, or as its SRV record says
 * @param index its number: its place in the configuration, or the next free number if it was added at run time or found
 *     in DNS. No other server of the upstream ever has the same
 */
public record UpstreamServer(String address, int index) {
    /** The choice where no server may be asked. There are never idle connections to it, and each connect fails. */
    public static final UpstreamServer NONE = new UpstreamServer("none", -1);
}
