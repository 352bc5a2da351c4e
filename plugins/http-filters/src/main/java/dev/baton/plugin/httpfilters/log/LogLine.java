package dev.baton.plugin.httpfilters.log;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A line that is being made, in an array that is used again. What comes from clients and servers is escaped: whatever
 * they send, only printable ASCII gets into the line, and no quote or backslash that was not put there by the format.
 */
final class LogLine {
    /** Of one text of a client or server, in characters; what is longer is cut and ends in dots. */
    static final int TEXT_MAX = 2_048;

    private static final int FIRST_SIZE = 2_048;
    /** Digits of a long, with its sign. */
    private static final int LONG_MAX = 20;
    /** Bytes of an escaped character. */
    private static final int JSON_ESCAPE_MAX = 6;

    private static final byte[] HEX = ascii("0123456789abcdef");
    private static final byte[] DOTS = ascii("...");

    /** By character of ASCII: it stands for itself in a quoted text. */
    private static final boolean[] PLAIN = new boolean[128];

    static {
        Arrays.fill(PLAIN, ' ', 0x7F, true);
        PLAIN['"'] = false;
        PLAIN['\\'] = false;
    }

    private byte[] bytes = new byte[FIRST_SIZE];
    private int length;

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    void clear() {
        length = 0;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** As ASCII. */
    @Override
    public String toString() {
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    private void ensure(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
        }
    }

    /** What the format has between the values. */
    LogLine put(byte[] constant) {
        ensure(constant.length);
        System.arraycopy(constant, 0, bytes, length, constant.length);
        length += constant.length;
        return this;
    }

    LogLine put(char ascii) {
        ensure(1);
        bytes[length++] = (byte) ascii;
        return this;
    }

    /** Removes what was put last. */
    void takeBack(int count) {
        length -= count;
    }

    LogLine number(long value) {
        ensure(LONG_MAX);
        if (value < 0) {
            assert value != Long.MIN_VALUE;
            bytes[length++] = '-';
            value = -value;
        }
        int digits = 1;
        for (long rest = value; rest >= 10; rest /= 10) {
            digits++;
        }
        padded(value, digits);
        return this;
    }

    /** The last digits of a number that is not negative, zeros first. */
    LogLine padded(long value, int digits) {
        ensure(digits);
        long rest = value;
        for (int i = length + digits - 1; i >= length; i--) {
            bytes[i] = (byte) ('0' + rest % 10);
            rest /= 10;
        }
        length += digits;
        return this;
    }

    /** Text inside the quotes of JSON (RFC 8259, section 7). */
    LogLine json(CharSequence text) {
        int end = Math.min(text.length(), TEXT_MAX);
        ensure(end * JSON_ESCAPE_MAX + DOTS.length);
        byte[] to = bytes;
        int at = length;
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            if (c < 128 && PLAIN[c]) {
                to[at++] = (byte) c;
            } else if (c == '"' || c == '\\') {
                to[at++] = '\\';
                to[at++] = (byte) c;
            } else {
                to[at++] = '\\';
                to[at++] = 'u';
                to[at++] = HEX[c >> 12];
                to[at++] = HEX[c >> 8 & 0xF];
                to[at++] = HEX[c >> 4 & 0xF];
                to[at++] = HEX[c & 0xF];
            }
        }
        length = at;
        return end < text.length() ? put(DOTS) : this;
    }

    /** Text inside the quotes of the combined format: each byte that is not plain becomes {@code \xHH}. */
    LogLine combined(@Nullable CharSequence value) {
        if (value == null || value.length() == 0) {
            return put('-');
        }
        int end = Math.min(value.length(), TEXT_MAX);
        ensure(end * JSON_ESCAPE_MAX + DOTS.length);
        byte[] to = bytes;
        int at = length;
        for (int i = 0; i < end; i++) {
            char c = value.charAt(i);
            if (c < 128 && PLAIN[c]) {
                to[at++] = (byte) c;
            } else {
                to[at++] = '\\';
                to[at++] = 'x';
                to[at++] = HEX[c >> 4 & 0xF];
                to[at++] = HEX[c & 0xF];
            }
        }
        length = at;
        return end < value.length() ? put(DOTS) : this;
    }

    /** As {@link #combined}, for what stands without quotes: blanks would make two fields of one. */
    LogLine word(@Nullable CharSequence value) {
        int begin = length;
        combined(value);
        for (int i = begin; i < length; i++) {
            if (bytes[i] == ' ') {
                bytes[i] = '+';
            }
        }
        return this;
    }
}
