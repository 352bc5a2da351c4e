package dev.baton.spi.admin;

/** An element of {@code /v1/pools}. */
public record PoolSnapshot(
        String upstream,
        String server,
        int idle,
        int inUse,
        long connects,
        long reusesLocal,
        long reusesTakeover,
        long takeoversRefused) {}
