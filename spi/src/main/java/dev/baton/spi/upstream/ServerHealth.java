package dev.baton.spi.upstream;

/** What is known of a server from its checks and from requests. */
public enum ServerHealth {
    /** Its checks pass. */
    UP,
    /** Its checks fail: it gets requests only if all servers are down. */
    DOWN,
    /** Connects or requests have failed: it is left out for a while, unless too many are. */
    EJECTED,
    /** Nothing speaks against it: it has no checks, or none has had a result. */
    UNKNOWN
}
