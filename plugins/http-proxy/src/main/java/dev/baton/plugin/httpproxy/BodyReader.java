package dev.baton.plugin.httpproxy;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpConstants;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Finds the body of a message in the bytes that follow its head, and refuses what two parsers could read in two ways
 * (RFC 9112, sections 6 and 7): stricter than Netty's decoder, which takes {@code 5 x}, {@code _5} and {@code 5\r;} for
 * the size of a chunk. The bytes stay where they are; the caller takes each piece out of the buffer.
 *
 * <pre>
 * before    bytes                  after
 * SIZE      hex digits [; ext] CRLF   DATA, or TRAILER if the size is 0
 * DATA      size bytes             END
 * END       CRLF                   SIZE
 * TRAILER   field CRLF             TRAILER
 * TRAILER   CRLF                   DONE
 * COUNTED   remaining bytes        DONE
 * TO_CLOSE  any                    TO_CLOSE, until the connection ends
 * </pre>
 */
final class BodyReader {
    /** Length of a body that says chunk by chunk how long it is. */
    static final long CHUNKED = -1;
    /** Length of a body that ends with its connection. */
    static final long UNTIL_CLOSE = -2;

    /** Longest line of a chunk size with its extensions, in bytes. */
    static final int CHUNK_LINE_LIMIT = 1024;
    /** 15 digits: no size overflows, not even added to another. */
    private static final int SIZE_DIGITS = 15;

    private enum State {
        COUNTED,
        TO_CLOSE,
        SIZE,
        DATA,
        END,
        TRAILER,
        DONE
    }

    private final int trailerLimit;
    /** Servers that pad a chunk size with blanks are old, not hostile; clients that do are not forgiven. */
    private final boolean paddedSizes;

    private State state = State.DONE;
    private long remaining;
    private int trailerBytes;
    private @Nullable HeaderFields trailers;

    BodyReader(int trailerLimit, boolean paddedSizes) {
        this.trailerLimit = trailerLimit;
        this.paddedSizes = paddedSizes;
    }

    /** Begins a body: its length in bytes, or {@link #CHUNKED}, or {@link #UNTIL_CLOSE}. */
    void begin(long length) {
        remaining = length;
        trailerBytes = 0;
        trailers = null;
        if (length == CHUNKED) {
            state = State.SIZE;
        } else if (length == UNTIL_CLOSE) {
            state = State.TO_CLOSE;
        } else {
            state = length == 0 ? State.DONE : State.COUNTED;
        }
    }

    /** The whole body has been found. */
    boolean done() {
        return state == State.DONE;
    }

    /** The body ends with the connection. */
    boolean untilClose() {
        return state == State.TO_CLOSE;
    }

    /** What came after the last chunk, if anything did. */
    @Nullable
    HeaderFields trailers() {
        return trailers;
    }

    /**
     * Goes on to the next bytes of the body.
     *
     * @return how many of the buffer's next bytes belong to the body: the caller takes exactly these before it calls
     *     again. 0: the body is done, or its next bytes have not come yet
     * @throws IllegalArgumentException if this is no body
     */
    int next(ByteBuf in) {
        while (true) {
            switch (state) {
                case COUNTED -> {
                    return counted(in, State.DONE);
                }
                case TO_CLOSE -> {
                    return in.readableBytes();
                }
                case DATA -> {
                    return counted(in, State.END);
                }
                case END -> {
                    if (in.readableBytes() < 2) {
                        return 0;
                    }
                    if (in.readByte() != HttpConstants.CR || in.readByte() != HttpConstants.LF) {
                        throw new IllegalArgumentException("chunk is longer than its size");
                    }
                    state = State.SIZE;
                }
                case SIZE -> {
                    int end = lineEnd(in, CHUNK_LINE_LIMIT);
                    if (end < 0) {
                        return 0;
                    }
                    remaining = chunkSize(in, in.readerIndex(), end);
                    in.readerIndex(end + 2);
                    state = remaining == 0 ? State.TRAILER : State.DATA;
                }
                case TRAILER -> {
                    if (!readTrailer(in)) {
                        return 0;
                    }
                }
                case DONE -> {
                    return 0;
                }
            }
        }
    }

    private int counted(ByteBuf in, State then) {
        int count = (int) Math.min(remaining, in.readableBytes());
        remaining -= count;
        if (remaining == 0) {
            state = then;
        }
        return count;
    }

    /** Index of the CR that ends the line which begins now; -1: it has not come yet. */
    private static int lineEnd(ByteBuf in, int limit) {
        int from = in.readerIndex();
        int lf = in.indexOf(from, Math.min(in.writerIndex(), from + limit), HttpConstants.LF);
        if (lf < 0) {
            if (in.readableBytes() >= limit) {
                throw new IllegalArgumentException("line of a chunked body over " + limit + " bytes");
            }
            return -1;
        }
        if (lf == from || in.getByte(lf - 1) != HttpConstants.CR) {
            throw new IllegalArgumentException("line of a chunked body that does not end in CR LF");
        }
        return lf - 1;
    }

    private long chunkSize(ByteBuf in, int from, int end) {
        long size = 0;
        int i = from;
        for (; i < end; i++) {
            int digit = Character.digit(in.getByte(i), 16);
            if (digit < 0) {
                break;
            }
            size = (size << 4) | digit;
        }
        if (i == from || i - from > SIZE_DIGITS) {
            throw new IllegalArgumentException("chunk size of " + (i - from) + " digits");
        }
        int blanks = i;
        while (i < end && isBlank(in.getByte(i))) {
            i++;
        }
        if (i == end && (i == blanks || paddedSizes)) {
            return size;
        }
        if (i == end || in.getByte(i) != ';') {
            throw new IllegalArgumentException("chunk size followed by something else");
        }
        for (; i < end; i++) {
            byte extension = in.getByte(i);
            if ((extension >= 0 && extension < ' ' && extension != '\t') || extension == 0x7f) {
                throw new IllegalArgumentException("control character in a chunk extension");
            }
        }
        return size;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    private boolean readTrailer(ByteBuf in) {
        int from = in.readerIndex();
        int end = lineEnd(in, trailerLimit - trailerBytes + 2);
        if (end < 0) {
            return false;
        }
        in.readerIndex(end + 2);
        if (end == from) {
            state = State.DONE;
            return true;
        }
        trailerBytes += end - from;
        int colon = in.indexOf(from, end, (byte) ':');
        if (colon <= from) {
            throw new IllegalArgumentException("trailer without a name");
        }
        int valueFrom = colon + 1;
        while (valueFrom < end && isBlank(in.getByte(valueFrom))) {
            valueFrom++;
        }
        int valueEnd = end;
        while (valueEnd > valueFrom && isBlank(in.getByte(valueEnd - 1))) {
            valueEnd--;
        }
        if (trailers == null) {
            trailers = new HeaderFields();
        }
        // Refuses names and values that are none, folded lines among them: a blank is no part of a name.
        trailers.add(
                in.toString(from, colon - from, StandardCharsets.ISO_8859_1),
                in.toString(valueFrom, valueEnd - valueFrom, StandardCharsets.ISO_8859_1));
        return true;
    }
}
