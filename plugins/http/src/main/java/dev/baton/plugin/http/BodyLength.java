package dev.baton.plugin.http;

/** What is said of the length of a body beside a number of bytes. */
final class BodyLength {
    /** It has pieces, of which one is the last. */
    static final long CHUNKED = -1;
    /** It ends with its connection. */
    static final long UNTIL_CLOSE = -2;

    private BodyLength() {}
}
