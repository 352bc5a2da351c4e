package dev.baton.runtime.launcher.admin;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An answer in HTTP/1.1 as it is read. Where it ends is told by exactly one thing (RFC 9112, 6.3), and an answer that
 * says it twice, or not clearly, is an error: a part must not be taken for the whole.
 *
 * <pre>
 *   status 204, 304             nothing follows
 *   Transfer-Encoding: chunked  up to the last chunk; any other, or one in HTTP/1.0, is an error
 *   Content-Length: N           N bytes; two that differ, no number, or one beside a Transfer-Encoding are errors
 *   neither                     up to the end of the connection, which nothing distinguishes from one that breaks off: so
 *                               it is only for what is short, such as the error of a proxy
 * </pre>
 */
final class HttpAnswer {
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.([01]) ([1-5][0-9]{2})(?: .*)?");
    /** RFC 9110, 5.1: no blank before the colon. */
    private static final Pattern FIELD = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*");

    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,18}");
    private static final Pattern CHUNK_SIZE = Pattern.compile("([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?");
    private static final int LINE_MAX = 8 * 1024;
    private static final int FIELDS_MAX = 100;
    /** Of status 1xx, before the answer itself. */
    private static final int INTERIM_MAX = 8;
    /** Of one that does not say where it ends. */
    private static final int UNSIZED_MAX = 1024 * 1024;

    private final int status;
    private final InputStream content;

    private HttpAnswer(int status, InputStream content) {
        this.status = status;
        this.content = content;
    }

    int status() {
        return status;
    }

    /** What follows the head. Its end is that of the answer; an answer that breaks off is an {@link EOFException}. */
    InputStream content() {
        return content;
    }

    /** Reads the head. */
    static HttpAnswer read(InputStream in) throws IOException {
        for (int i = 0; i <= INTERIM_MAX; i++) {
            String line = line(in, LINE_MAX, StandardCharsets.ISO_8859_1);
            if (line == null) {
                throw new EOFException(
                        "the connection was closed without an answer: is this user one of admin: users?");
            }
            Matcher head = STATUS_LINE.matcher(line);
            if (!head.matches()) {
                throw noHttp();
            }
            int status = Integer.parseInt(head.group(2));
            Framing framing = new Framing(head.group(1).equals("0"));
            framing.read(in);
            if (status >= 200) {
                return new HttpAnswer(status, new BufferedInputStream(framing.content(status, in)));
            }
        }
        throw noHttp();
    }

    private static IOException noHttp() {
        return new IOException("that is no HTTP");
    }

    private static EOFException broken() {
        return new EOFException("the answer breaks off");
    }

    /** A line without its end; null if nothing is left. */
    static @Nullable String line(InputStream in, int max, Charset charset) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int octet = in.read();
        if (octet < 0) {
            return null;
        }
        for (; octet != '\n' && octet >= 0; octet = in.read()) {
            if (line.size() == max) {
                throw new IOException("a line of the answer is longer than " + max + " bytes");
            }
            line.write(octet);
        }
        String text = line.toString(charset);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** What the fields of a head say of where the answer ends. */
    private static final class Framing {
        private final boolean old;
        private boolean chunked;
        /** Negative if it is not said. */
        private long length = -1;

        /** @param old of HTTP/1.0 */
        Framing(boolean old) {
            this.old = old;
        }

        void read(InputStream in) throws IOException {
            int fields = 0;
            for (String line = field(in); !line.isEmpty(); line = field(in)) {
                Matcher field = FIELD.matcher(line);
                if (!field.matches() || ++fields > FIELDS_MAX) {
                    throw noHttp();
                }
                String value = field.group(2);
                switch (field.group(1).toLowerCase(Locale.ROOT)) {
                    case "content-length" -> length(value);
                    case "transfer-encoding" -> encoding(value);
                    default -> {}
                }
            }
            if (chunked && length >= 0) {
                throw new IOException("the answer has both a Content-Length and a Transfer-Encoding");
            }
        }

        private static String field(InputStream in) throws IOException {
            String line = line(in, LINE_MAX, StandardCharsets.ISO_8859_1);
            if (line == null) {
                throw new EOFException("the answer breaks off in its head");
            }
            return line;
        }

        private void length(String value) throws IOException {
            if (!DIGITS.matcher(value).matches()) {
                throw new IOException("the Content-Length of the answer is no number");
            }
            long said = Long.parseLong(value);
            if (length >= 0 && length != said) {
                throw new IOException("the answer has two Content-Lengths, " + length + " and " + said);
            }
            length = said;
        }

        private void encoding(String value) throws IOException {
            if (old || chunked || !value.equalsIgnoreCase("chunked")) {
                throw new IOException(
                        old
                                ? "the answer has a Transfer-Encoding, which HTTP/1.0 does not know"
                                : "the answer has a Transfer-Encoding other than chunked");
            }
            chunked = true;
        }

        InputStream content(int status, InputStream in) {
            if (status == 204 || status == 304) {
                return InputStream.nullInputStream();
            } else if (chunked) {
                return new Chunks(in);
            }
            return length >= 0 ? new Counted(in, length) : new Unsized(in);
        }
    }

    /** Reads by the array. */
    private abstract static class Body extends InputStream {
        final InputStream in;

        Body(InputStream in) {
            this.in = in;
        }

        @Override
        public final int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public abstract int read(byte[] into, int from, int length) throws IOException;
    }

    /** A body of a length. */
    private static final class Counted extends Body {
        private long left;

        Counted(InputStream in, long length) {
            super(in);
            this.left = length;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0) {
                return -1;
            }
            int read = in.read(into, from, (int) Math.min(length, left));
            if (read < 0) {
                throw broken();
            }
            left -= read;
            return read;
        }
    }

    /** A body up to the end of the connection. */
    private static final class Unsized extends Body {
        private int left = UNSIZED_MAX;

        Unsized(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            int read = in.read(into, from, Math.min(length, left + 1));
            if (read > left) {
                throw new IOException(
                        "the answer says neither how long it is nor has chunks, and is longer than 1 MiB");
            }
            left -= Math.max(0, read);
            return read;
        }
    }

    /** A body in chunks (RFC 9112, 7.1). */
    private static final class Chunks extends Body {
        private int left;
        private boolean begun;
        private boolean ended;

        Chunks(InputStream in) {
            super(in);
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0 && !ended) {
                next();
            }
            if (ended) {
                return -1;
            }
            int read = in.read(into, from, Math.min(length, left));
            if (read < 0) {
                throw broken();
            }
            left -= read;
            return read;
        }

        private void next() throws IOException {
            if (begun && !line().isEmpty()) {
                throw new IOException("a chunk of the answer is longer than it says");
            }
            begun = true;
            Matcher size = CHUNK_SIZE.matcher(line());
            if (!size.matches()) {
                throw new IOException("a chunk of the answer has no size");
            }
            left = Integer.parseUnsignedInt(size.group(1), 16);
            if (left < 0) {
                throw new IOException("a chunk of the answer is longer than 2 GiB");
            }
            ended = left == 0;
        }

        private String line() throws IOException {
            String line = HttpAnswer.line(in, LINE_MAX, StandardCharsets.ISO_8859_1);
            if (line == null) {
                throw broken();
            }
            return line;
        }
    }
}
