package dev.baton.spi.pool;

/**
 * Figures of one pool, each read by itself: they need not add up while connections come and go.
 *
 * @param idle connections in the pool now
 * @param reusesLocal connections taken that the loop owned already, since the start
 * @param reusesTakeover connections taken from another loop, since the start
 * @param takeoversRefused takeovers that met BUSY or GONE, since the start
 */
public record PoolFigures(int idle, long reusesLocal, long reusesTakeover, long takeoversRefused) {}
