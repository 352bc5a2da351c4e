package dev.baton.runtime.channel;

/** What a look at a socket has found. */
public enum Input {
    /** Nothing can be read now. */
    NOTHING,
    /** Bytes. */
    BYTES,
    /** The end of what the peer has sent. */
    END,
    /** A reset, or another error. */
    ERROR
}
