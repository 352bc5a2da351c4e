package dev.baton.spi.http;

/**
 * What a filter or handler wants of a body. Nothing is buffered for one that does not ask for it.
 *
 * @param kind how it comes
 * @param limitBytes the longest that {@link Kind#WHOLE} takes: a longer request is answered with 413, a longer response
 *     with 502
 */
public record HttpBodyUse(Kind kind, long limitBytes) {
    /** Ways in which a body comes. */
    public enum Kind {
        /** It does not: it goes past, at no cost. */
        NONE,
        /** In pieces, as it comes, to be looked at. */
        STREAM,
        /** In pieces that may be replaced by others, of other lengths. */
        TRANSFORM,
        /** In one piece when all of it is there, which may be replaced. The head waits until then. */
        WHOLE
    }

    /** Goes past. */
    public static final HttpBodyUse NONE = new HttpBodyUse(Kind.NONE, 0);
    /** To be looked at. */
    public static final HttpBodyUse STREAM = new HttpBodyUse(Kind.STREAM, 0);
    /** To be changed. */
    public static final HttpBodyUse TRANSFORM = new HttpBodyUse(Kind.TRANSFORM, 0);

    /**
     * In one piece.
     *
     * @param limitBytes from 1 to 1 GiB
     */
    public static HttpBodyUse whole(long limitBytes) {
        return new HttpBodyUse(Kind.WHOLE, limitBytes);
    }

    /**
     * Checks the limit.
     *
     * @throws IllegalArgumentException if it is outside 1 byte to 1 GiB, for {@link Kind#WHOLE}
     */
    public HttpBodyUse {
        if (kind == Kind.WHOLE && (limitBytes < 1 || limitBytes > 1L << 30)) {
            throw new IllegalArgumentException("a limit of " + limitBytes + " bytes is outside 1 byte to 1 GiB");
        }
    }
}
