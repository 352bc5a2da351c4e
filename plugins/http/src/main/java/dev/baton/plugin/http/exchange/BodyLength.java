package dev.baton.plugin.http.exchange;

/** Lengths of bodies that are no number of bytes. */
public final class BodyLength {
    /** The body comes in chunks, and has a last one. */
    public static final long CHUNKED = -1;
    /** The body ends with its connection. */
    public static final long UNTIL_CLOSE = -2;

    private BodyLength() {}
}
