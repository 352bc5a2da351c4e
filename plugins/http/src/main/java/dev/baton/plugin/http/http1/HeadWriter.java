package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.HeaderFields;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Builds a head in an array that its thread keeps, because copying a text into an array is one instruction for the JVM
 * and copying it into a direct buffer is not; the whole goes into the buffer at once.
 */
final class HeadWriter {
    /** Room for most heads; grows to the longest, which {@code header-limit} bounds. */
    private static final int INITIAL_BYTES = 2048;

    private static final FastThreadLocal<HeadWriter> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected HeadWriter initialValue() {
            return new HeadWriter();
        }
    };

    private byte[] bytes = new byte[INITIAL_BYTES];
    private int length;

    private HeadWriter() {}

    /** This thread's, empty. Only the caller uses it until it has taken the bytes out. */
    static HeadWriter begin() {
        HeadWriter writer = OF_THREAD.get();
        writer.length = 0;
        return writer;
    }

    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    HeadWriter raw(byte[] text) {
        int to = room(text.length);
        System.arraycopy(text, 0, bytes, to, text.length);
        return this;
    }

    /** Writes characters as they were read: one byte each. */
    @SuppressWarnings("deprecation") // getBytes(int, int, byte[], int) is the one that copies Latin-1 without a detour
    HeadWriter text(CharSequence text) {
        int count = text.length();
        int to = room(count);
        if (text instanceof AsciiString ascii) {
            System.arraycopy(ascii.array(), ascii.arrayOffset(), bytes, to, count);
        } else {
            text.toString().getBytes(0, count, bytes, to);
        }
        return this;
    }

    HeadWriter octet(char c) {
        bytes[room(1)] = (byte) c;
        return this;
    }

    HeadWriter crlf() {
        int to = room(2);
        bytes[to] = '\r';
        bytes[to + 1] = '\n';
        return this;
    }

    /** Writes the line of a field. */
    HeadWriter field(HeaderFields fields, int field) {
        int to = room(fields.lineLength(field)); // before the array is named: it may be another one then
        fields.copyLine(field, bytes, to);
        return this;
    }

    HeadWriter field(CharSequence name, CharSequence value) {
        text(name);
        int to = room(2);
        bytes[to] = ':';
        bytes[to + 1] = ' ';
        return text(value).crlf();
    }

    /** Writes a number that is not negative, in decimal. */
    HeadWriter number(long number) {
        int digits = 1;
        for (long rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        int at = room(digits) + digits;
        long rest = number;
        do {
            bytes[--at] = (byte) ('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        return this;
    }

    private int room(int count) {
        int at = length;
        length += count;
        if (length > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(length, 2 * bytes.length));
        }
        return at;
    }
}
