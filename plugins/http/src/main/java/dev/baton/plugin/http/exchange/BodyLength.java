package dev.baton.plugin.http.exchange;

/** Lengths of bodies that are no number of bytes. */
public final class BodyLength {
    /** The body comes in chunks, and has a last one. */
    public static final long CHUNKED = -1;
    /** The body ends with its connection. */
    public static final long UNTIL_CLOSE = -2;

    /** Not a length: the field that says it is wrong, or there are several. */
    public static final long WRONG = -3;

    private static final int DIGITS = 18;

    private BodyLength() {}

    /** A number that is not negative, in decimal digits only; else {@link #WRONG}. */
    public static long parse(CharSequence digits) {
        int count = digits.length();
        if (count == 0 || count > DIGITS) {
            return WRONG;
        }
        long length = 0;
        for (int i = 0; i < count; i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return WRONG;
            }
            length = 10 * length + (c - '0');
        }
        return length;
    }
}
