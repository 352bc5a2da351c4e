package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.HeaderFields;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.util.concurrent.FastThreadLocal;
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
    /** Longest line of a chunk size with its extensions, in bytes. */
    static final int CHUNK_LINE_LIMIT = 1024;
    /** Bytes that {@link #gather} copies to look at first, and then four times as many each time, up to the maximum. */
    private static final int WINDOW_MIN = 256;

    private static final int WINDOW_MAX = 8 * 1024;
    /** Bytes that are copied one by one sooner than by a call. */
    private static final int FEW_BYTES = 4;

    /** The value of each hex digit, and -1 for every other byte. */
    private static final byte[] HEX = new byte[256];

    static {
        for (int i = 0; i < HEX.length; i++) {
            HEX[i] = (byte) (i < 0x80 ? Character.digit(i, 16) : -1);
        }
    }

    /** Digits of the size of a small chunk: with more it has leading zeros. */
    private static final int PLAIN_DIGITS = 3;

    private static final FastThreadLocal<byte[]> WINDOW = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[WINDOW_MAX];
        }
    };

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
    /** By {@link #wholeChunks}, for its caller. */
    private int gathered;

    private @Nullable HeaderFields trailers;

    BodyReader(int trailerLimit, boolean paddedSizes) {
        this.trailerLimit = trailerLimit;
        this.paddedSizes = paddedSizes;
    }

    /** Begins a body: its length in bytes, or {@link BodyLength#CHUNKED}, or {@link BodyLength#UNTIL_CLOSE}. */
    void begin(long length) {
        remaining = length;
        trailerBytes = 0;
        trailers = null;
        if (length == BodyLength.CHUNKED) {
            state = State.SIZE;
        } else if (length == BodyLength.UNTIL_CLOSE) {
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

    // ------------------------------------------------------------------------------------------------- small chunks

    /** A chunk's data has been found to its end. */
    boolean atChunkEnd() {
        return state == State.END;
    }

    /** Takes back what {@link #next} has found last, of which nothing was taken: it will be found again. */
    void putBack(int count) {
        if (state != State.END && state != State.DATA) {
            throw new IllegalStateException("not data of a chunk");
        }
        remaining += count;
        state = State.DATA;
    }

    /**
     * Takes the data of small chunks out of a buffer, as {@link #next} would find it piece by piece, but at a few
     * instructions a byte. Stops before what is not of the plain form "hex digits CR LF": that is for {@link #next} to
     * judge.
     *
     * @param to gets the data; a chunk that does not fit is left
     * @param length bytes that it has already
     * @return bytes that it has now
     */
    int gather(ByteBuf in, byte[] to, int length) {
        byte[] window = WINDOW.get();
        int size = WINDOW_MIN;
        int filled = length;
        boolean more = true;
        while (more) {
            int there = Math.min(in.readableBytes(), size);
            in.getBytes(in.readerIndex(), window, 0, there);
            int at = 0;
            boolean plain = true;
            while (plain && at < there) {
                switch (state) {
                    case END -> {
                        plain = there - at >= 2 && isLineEnd(window, at);
                        if (plain) {
                            at += 2;
                            state = State.SIZE;
                        }
                    }
                    case SIZE -> {
                        // Whole chunks first: most are, and the way through the states costs more than their bytes.
                        int whole = at;
                        at = wholeChunks(window, at, there, to, filled);
                        filled += gathered;
                        if (at > whole) {
                            continue;
                        }
                        int end = plainSize(window, at, there, to.length - filled);
                        plain = end > 0;
                        if (plain) {
                            at = end;
                            state = State.DATA;
                        }
                    }
                    case DATA -> {
                        int count = (int) Math.min(remaining, there - at);
                        System.arraycopy(window, at, to, filled, count);
                        at += count;
                        filled += count;
                        remaining -= count;
                        plain = remaining == 0;
                        if (plain) {
                            state = State.END;
                        }
                    }
                    default -> plain = false;
                }
            }
            in.skipBytes(at);
            more = at > 0 && in.isReadable(); // a line may have been cut by the end of the window
            size = Math.min(4 * size, WINDOW_MAX);
        }
        return filled;
    }

    /**
     * Takes the data of plain small chunks that are there with both their lines; {@link #gathered} is how much it was.
     */
    private int wholeChunks(byte[] window, int from, int there, byte[] to, int filled) {
        int at = from;
        int out = filled;
        while (true) {
            int line = plainSize(window, at, there, to.length - out);
            int end = line + (int) remaining;
            if (line < 0 || there - end < 2 || !isLineEnd(window, end)) {
                break;
            }
            if (remaining <= FEW_BYTES) { // no call
                while (line < end) {
                    to[out++] = window[line++];
                }
            } else {
                System.arraycopy(window, line, to, out, end - line);
                out += end - line;
            }
            at = end + 2;
        }
        gathered = out - filled;
        return at;
    }

    /**
     * Reads a line that is nothing but the size of a small chunk into {@link #remaining}.
     *
     * @return the index behind the line; -1: it is another line, or not whole, or the chunk has no room
     */
    private int plainSize(byte[] bytes, int from, int to, int room) {
        int size = 0;
        int i = from;
        for (; i < to && i - from < PLAIN_DIGITS; i++) {
            int digit = HEX[bytes[i] & 0xff];
            if (digit < 0) {
                break;
            }
            size = (size << 4) | digit;
        }
        if (size == 0 || size > Math.min(SmallChunks.SMALL_BYTES, room) || to - i < 2 || !isLineEnd(bytes, i)) {
            return -1;
        }
        remaining = size;
        return i + 2;
    }

    private static boolean isLineEnd(byte[] bytes, int at) {
        return bytes[at] == HttpConstants.CR && bytes[at + 1] == HttpConstants.LF;
    }

    // -------------------------------------------------------------------------------------------------------- lines

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
        if (i < end && !ChunkExtensions.isValid(in, i, end, paddedSizes)) {
            throw new IllegalArgumentException("chunk size followed by something else than extensions");
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
