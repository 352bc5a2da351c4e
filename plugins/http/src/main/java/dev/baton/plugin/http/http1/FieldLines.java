package dev.baton.plugin.http.http1;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

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
     * Reads all fields of a head. A line is judged when it has come to its end, so that nothing depends on how the
     * bytes were cut.
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
            if (bytes[at] == CR && at + 1 < to && bytes[at + 1] == LF) {
                return at + 2;
            }
            int end = isBlank(bytes[at])
                    ? fold(bytes, at, to, left, response, fields)
                    : field(bytes, at, to, left, response, fields);
            if (end == UNFINISHED) {
                return UNFINISHED;
            }
            left -= end - at;
            at = end + 2;
        }
        return UNFINISHED;
    }

    /** Returns the index of the CR that ends the line, or {@link #UNFINISHED}. */
    private static int field(byte[] bytes, int from, int to, int left, boolean response, HeaderFields fields) {
        int nameTo = tokenEnd(bytes, from, to);
        int colon = response ? skipBlanks(bytes, nameTo, to) : nameTo;
        if (colon == to || bytes[colon] != ':' || nameTo == from) {
            return wrong(bytes, from, to, left, colon == to ? "" : noName(bytes[colon]));
        }
        int valueFrom = skipBlanks(bytes, colon + 1, to);
        int end = valueEnd(bytes, valueFrom, to);
        if (end - from > left || !endsLine(bytes, end, to)) {
            return wrong(bytes, from, to, left, noValue(bytes, end, to));
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

    private static String noValue(byte[] bytes, int at, int to) {
        if (at == to || bytes[at] == CR) {
            return "CR without LF in the head";
        }
        return bytes[at] == LF
                ? "header field that does not end in CR LF"
                : "field value with a character that is not allowed";
    }

    /** The line goes on with the value of the field before it. */
    private static int fold(byte[] bytes, int from, int to, int left, boolean response, HeaderFields fields) {
        int last = fields.size() - 1;
        // Behind a name without a value, it would be the name's own line for some, and another value for others.
        if (!response || last < 0 || fields.value(last).length() == 0) {
            return wrong(bytes, from, to, left, "folded header field");
        }
        int textFrom = skipBlanks(bytes, from, to);
        int end = valueEnd(bytes, textFrom, to);
        if (end - from > left || !endsLine(bytes, end, to)) {
            return wrong(bytes, from, to, left, noValue(bytes, end, to));
        }
        String text = new String(bytes, textFrom, trimmed(bytes, textFrom, end) - textFrom, ISO_8859_1);
        fields.setValue(last, (fields.value(last) + " " + text).trim());
        return end;
    }

    /** A line that is wrong as far as it has come: it is not whole, or too long, or else it is refused. */
    private static int wrong(byte[] bytes, int from, int to, int left, String why) {
        int end = lineEnd(bytes, from, to);
        if (lineLength(bytes, from, end) > left) {
            throw new TooLongHttpHeaderException("the header fields are longer than header-limit allows");
        }
        if (end == to) {
            return UNFINISHED;
        }
        throw new IllegalArgumentException(why);
    }

    /** The index of the next LF, or of the end of what is there. */
    static int lineEnd(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && bytes[at] != LF) {
            at++;
        }
        return at;
    }

    /** In bytes, without the CR before its end. */
    static int lineLength(byte[] bytes, int from, int end) {
        return end > from && bytes[end - 1] == CR ? end - 1 - from : end - from;
    }

    /** The index of the first byte that is no part of a value, or the end of what is there. */
    private static int valueEnd(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to && VALUE[bytes[at] & 0xff]) {
            at++;
        }
        return at;
    }

    private static boolean endsLine(byte[] bytes, int at, int to) {
        return at + 1 < to && bytes[at] == CR && bytes[at + 1] == LF;
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
