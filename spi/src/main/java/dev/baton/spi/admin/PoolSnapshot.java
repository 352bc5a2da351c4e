package dev.baton.spi.admin;

/**
 * An element of {@code /v1/pools}.
 *
 * @param waiting connects that wait now because of {@code max-connections}
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
        int waiting) {}
