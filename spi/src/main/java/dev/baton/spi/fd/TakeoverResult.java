package dev.baton.spi.fd;

/** What became of a takeover. */
public enum TakeoverResult {
    /** The caller owns the fd and holds a claim on it. */
    TAKEN,
    /** A thread runs its code now, or it cannot be owned by one loop. Nothing was changed. */
    BUSY,
    /** It was deleted, or could not be polled by the new owner and is being closed. */
    GONE
}
