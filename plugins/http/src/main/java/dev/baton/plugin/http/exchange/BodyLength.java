package dev.baton.plugin.http.exchange;

/** What is said of the length of a body beside a number of bytes. */
public final class BodyLength {
    /** It has pieces, of which one is the last. */
    public static final long CHUNKED = -1;
    /** It ends with its connection. */
    public static final long UNTIL_CLOSE = -2;

    private BodyLength() {}
}
