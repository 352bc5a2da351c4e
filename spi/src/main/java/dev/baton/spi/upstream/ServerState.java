package dev.baton.spi.upstream;

/** What an operator lets a server of an upstream do. What is in use continues in every state. */
public enum ServerState {
    /** It gets requests by its weight. */
    READY,
    /** It gets no new requests, except of sessions that stick to it. What has chosen it, or waits for it, is served. */
    DRAIN,
    /** Nothing connects to it: no requests, not even of sessions that stick to it, and no checks. */
    MAINTENANCE,
    /** It is no longer one of the upstream's, and is forgotten when nothing of it is in use. It cannot come back. */
    REMOVED
}
