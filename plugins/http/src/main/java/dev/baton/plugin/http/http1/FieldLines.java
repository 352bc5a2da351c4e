package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.HeaderFields;
import io.netty.handler.codec.http.TooLongHttpHeaderException;

/**
 * The field lines of a head (RFC 9112, section 5), read where they stand. A line ends in CR LF; a name is a token, with
 * the colon right behind it; a value has no control characters.
 *
 * <p>In a response blanks before the colon are taken away, and a folded value becomes one line: both are for a proxy to
 * do (sections 5.1 and 5.2). In a request both are refused.
 */
final class FieldLines {
    /** The head is not whole: more bytes are needed. */
    static final int UNFINISHED = -1;

    private static final byte CR = '\r';
    private static final byte LF = '\n';
    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    /** RFC 9110, section 5.6.2. */
    private static final boolean[] TOKEN = new boolean[256];
    /** RFC 9110, section 5.5: visible characters, blanks and what is not ASCII. */
    private static final boolean[] VALUE = new boolean[256];

    static {
        for (int i = 0; i < TOKEN.length; i++) {
            TOKEN[i] = i < 0x80 && (Character.isLetterOrDigit(i) || TOKEN_MARKS.indexOf(i) >= 0);
            VALUE[i] = i == '\t' || (i >= ' ' && i != 0x7f);
        }
    }

    private FieldLines() {}

    /**
     * Reads all fields of a head.
     *
     * @param from the index of the first line
     * @param to the index behind the last byte that is there
     * @param limit bytes that the lines may have, without their ends
     * @param response forgive what servers may send
     * @param fields gets them
     * @return the index behind the empty line, or {@link #UNFINISHED}
     * @throws IllegalArgumentException if it is no head
     * @throws TooLongHttpHeaderException if it is a longer one, or has more fields
     */
    static int read(byte[] bytes, int from, int to, int limit, boolean response, HeaderFields fields) {
        int at = from;
        int left = limit;
        while (at < to) {
            if (bytes[at] == CR) {
                return endsLine(bytes, at, to) ? at + 2 : UNFINISHED;
            }
            boolean folded = isBlank(bytes[at]);
            if (folded && (!response || fields.size() == 0)) {
                throw new IllegalArgumentException("folded header field");
            }
            int end = folded ? fold(bytes, at, to, left, fields) : field(bytes, at, to, left, response, fields);
            if (end == UNFINISHED) {
                return UNFINISHED;
            }
            left -= end - at;
            at = end + 2;
        }
        return UNFINISHED;
    }

    /** Returns the index of the CR that ends the line. */
    private static int field(byte[] bytes, int from, int to, int left, boolean response, HeaderFields fields) {
        int nameTo = tokenEnd(bytes, from, to);
        int colon = response ? skipBlanks(bytes, nameTo, to) : nameTo;
        if (colon == to) {
            return unfinished(to - from, left);
        }
        if (bytes[colon] != ':' || nameTo == from) {
            throw new IllegalArgumentException(noName(bytes[colon]));
        }
        int valueFrom = skipBlanks(bytes, colon + 1, to);
        int end = valueEnd(bytes, valueFrom, to);
        if (end == to || end - from > left || !endsLine(bytes, end, to)) {
            return unfinished(end - from, left);
        }
        fields.read(bytes, from, nameTo, valueFrom, trimmed(bytes, valueFrom, end));
        return end;
    }

    private static String noName(byte found) {
        return switch (found) {
            case CR, LF -> "header field without a colon";
            case ' ', '\t' -> "blank in the name of a field";
            case ':' -> "header field without a name";
            default -> "field name with a character that is not allowed";
        };
    }

    /** The line goes on with the value of the field before it. */
    private static int fold(byte[] bytes, int from, int to, int left, HeaderFields fields) {
        int textFrom = skipBlanks(bytes, from, to);
        int end = valueEnd(bytes, textFrom, to);
        if (end == to || end - from > left || !endsLine(bytes, end, to)) {
            return unfinished(end - from, left);
        }
        int last = fields.size() - 1;
        if (fields.value(last).length() == 0) { // what is folded then is the end of the name's line
            throw new IllegalArgumentException("folded header field without a beginning");
        }
        @SuppressWarnings("deprecation") // one character for each byte
        String text = new String(bytes, 0, textFrom, trimmed(bytes, textFrom, end) - textFrom);
        fields.setValue(last, (fields.value(last) + " " + text).trim());
        return end;
    }

    /** The index of the CR behind a value, or the end of what is there. */
    private static int valueEnd(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && VALUE[bytes[at] & 0xff]) {
            at++;
        }
        if (at < to && bytes[at] != CR) {
            throw new IllegalArgumentException(
                    bytes[at] == LF
                            ? "header field that does not end in CR LF"
                            : "field value with a character that is not allowed");
        }
        return at;
    }

    private static int unfinished(int bytes, int left) {
        if (bytes > left) {
            throw new TooLongHttpHeaderException("the header fields are longer than header-limit allows");
        }
        return UNFINISHED;
    }

    /** At a CR: false if its LF has not come yet. */
    static boolean endsLine(byte[] bytes, int at, int to) {
        if (at + 1 < to && bytes[at + 1] != LF) {
            throw new IllegalArgumentException("CR without LF in the head");
        }
        return at + 1 < to;
    }

    /** The index of the first byte that is no part of a token. */
    static int tokenEnd(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && TOKEN[bytes[at] & 0xff]) {
            at++;
        }
        return at;
    }

    static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    static int skipBlanks(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && isBlank(bytes[at])) {
            at++;
        }
        return at;
    }

    /** The index behind the last byte that is no blank. */
    static int trimmed(byte[] bytes, int from, int to) {
        int end = to;
        while (end > from && isBlank(bytes[end - 1])) {
            end--;
        }
        return end;
    }
}
