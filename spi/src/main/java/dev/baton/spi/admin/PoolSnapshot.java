package dev.baton.spi.admin;

/**
 * An element of {@code /v1/pools}.
 *
 * @param inUse connections that carry requests
 * @param waiting connects that wait now because of {@code max-connections}
 * @param streams requests that the connections in use carry: with HTTP/2, each may carry several
 */
public record PoolSnapshot(
        String upstream,
        String server,
        int idle,
        int inUse,
        long connects,
        long reusesLocal,
        long reusesTakeover,
        long takeoversRefused,
        int waiting,
        int streams) {}
