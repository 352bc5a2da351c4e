package dev.baton.plugin.http.http1;

import io.netty.buffer.ByteBuf;

/**
 * The grammar of what may follow a chunk's size (RFC 9112, section 7.1.1): names, each with a token or a quoted string
 * as its value. They are dropped here, but what one reader takes for an extension another may take for data: a quote
 * that is not closed lets the line go on beyond its end for a reader that looks for the closing one.
 */
final class ChunkExtensions {
    private static final String TOKEN_MARKS = "!#$%&'*+-.^_`|~";

    private final ByteBuf in;
    private final int end;
    private int at;

    private ChunkExtensions(ByteBuf in, int from, int end) {
        this.in = in;
        this.end = end;
        at = from;
    }

    /**
     * Checks the bytes between a chunk's size and the end of its line.
     *
     * @param from the index behind the size
     * @param end the index of the CR that ends the line
     * @param padded blanks before that CR are forgiven
     */
    static boolean isValid(ByteBuf in, int from, int end, boolean padded) {
        return new ChunkExtensions(in, from, end).isValid(padded);
    }

    private boolean isValid(boolean padded) {
        while (true) {
            int before = at;
            skipBlanks();
            if (at == end) {
                return padded || at == before;
            }
            if (in.getByte(at++) != ';') {
                return false;
            }
            skipBlanks();
            if (!skipToken() || !skipValue()) {
                return false;
            }
        }
    }

    /** Skips {@code = value}, if that is next. */
    private boolean skipValue() {
        int before = at;
        skipBlanks();
        if (at == end || in.getByte(at) != '=') {
            at = before;
            return true;
        }
        at++;
        skipBlanks();
        boolean quoted = at < end && in.getByte(at) == '"';
        return quoted ? skipQuoted() : skipToken();
    }

    private boolean skipQuoted() {
        for (at++; at < end; at++) {
            byte b = in.getByte(at);
            if (b == '"') {
                at++;
                return true;
            }
            if (b == '\\') {
                at++; // what it quotes
            }
            if (at == end || isControl(in.getByte(at))) {
                return false;
            }
        }
        return false;
    }

    private boolean skipToken() {
        int before = at;
        while (at < end && isTokenByte(in.getByte(at))) {
            at++;
        }
        return at > before;
    }

    private void skipBlanks() {
        while (at < end && isBlank(in.getByte(at))) {
            at++;
        }
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    private static boolean isTokenByte(byte b) {
        return (b >= 'a' && b <= 'z')
                || (b >= 'A' && b <= 'Z')
                || (b >= '0' && b <= '9')
                || TOKEN_MARKS.indexOf(b) >= 0;
    }

    private static boolean isControl(byte b) {
        boolean low = b >= 0 && b < ' ';
        return (low && b != '\t') || b == 0x7f;
    }
}
