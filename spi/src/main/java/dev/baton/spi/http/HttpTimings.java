package dev.baton.spi.http;

/**
 * When something happened in an exchange, in nanoseconds since the head of its request had been read; {@link #NEVER} if
 * it has not.
 *
 * @param requestEnd the last byte of the request had been read
 * @param connected a connection to the server was there
 * @param responseBegin the head of the response had been read, or was made here
 * @param responseEnd the last byte of the response was written; the client may not have it yet
 */
public record HttpTimings(long requestEnd, long connected, long responseBegin, long responseEnd) {
    /** Not, or not yet. */
    public static final long NEVER = -1;
}
