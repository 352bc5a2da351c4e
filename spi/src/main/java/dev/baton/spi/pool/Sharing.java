package dev.baton.spi.pool;

/** Which loops may use an idle connection; {@code pool.sharing} of an upstream. */
public enum Sharing {
    /** All: a loop takes its own connections first, then takes others' over. */
    TAKEOVER,
    /** The one that has it: each loop keeps connections of its own. */
    PER_LOOP
}
