package dev.baton.runtime.health;

/** What checks have found out about a server. */
public enum Health {
    /** No result yet: it counts as up. */
    UNKNOWN,
    /** It can serve. */
    UP,
    /** It cannot, and is asked only if no other can. */
    DOWN
}
