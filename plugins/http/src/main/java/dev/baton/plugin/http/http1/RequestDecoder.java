package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Netty's request decoder, for heads only and without what it forgives: other white space than single spaces in the
 * request line, folded fields, versions in lower case. Bodies are found by {@link BodyReader}.
 *
 * <p>Not a handler of a pipeline: a {@link RequestReader} takes one of {@link SpareDecoders} for each head.
 */
final class RequestDecoder extends HttpRequestDecoder {
    private static final byte[] NOTHING = {};
    private static final byte[] HEAD = HeadWriter.ascii("HEAD ");

    /**
     * One head and, if it has no body, its end. Only within one call of {@link #decodeHead}; never shared by threads.
     */
    private final List<Object> decoded = new ArrayList<>(2);

    /** A decoder with its buffers, in bytes. */
    private static final int DECODER_BYTES = 1024;

    /** Of the head that is being decoded, what is decoded already: bytes and lines. */
    private int headBytes;

    private int lines;

    /**
     * Begins with the bytes of what is decoded already, {@link #headBytes}, for the next process in an upgrade. Only a
     * head that comes in several reads needs it.
     */
    private byte[] taken = NOTHING;

    /** A line of the head has been decoded: a blank at the start of the next would fold it. */
    private boolean inHead;

    /** The request's method is HEAD, as far as there is one: a refusal may have no body then. */
    private boolean head;

    /**
     * Whose head it is. Only within one call of {@link #decodeHead}: a spare decoder must not keep a connection alive.
     */
    private @Nullable Downstream client;

    RequestDecoder(HttpDecoderConfig config) {
        super(config);
    }

    /**
     * Decodes up to the end of one head.
     *
     * @param downstream the end of the connection that sent it
     * @return the exchange that it begins, or null if more bytes are needed
     * @throws RuntimeException if it is not a request; {@link Refusal#ofRequest} says what was wrong. Nothing more can
     *     be decoded then
     */
    @Nullable
    Exchange decodeHead(Downstream downstream, ChannelHandlerContext ctx, ByteBuf in) throws Exception {
        if (!inHead) {
            head = false;
            if (!skipEmptyLines(in)) {
                return null;
            }
            head = beginsWithHead(in);
        }
        int from = in.readerIndex();
        client = downstream;
        try {
            decode(ctx, in, decoded);
            headBytes += in.readerIndex() - from;
            if (!decoded.isEmpty()
                    && ((Exchange) decoded.get(0)).decoderResult().isFailure()) {
                throw cause((Exchange) decoded.get(0));
            }
            if (isFolded(in, from, in.readerIndex())) {
                throw new RefusedException(Refusal.MALFORMED_REQUEST, "folded header field");
            }
            if (decoded.isEmpty()) {
                keep(in, from);
                return null;
            }
            Exchange exchange = (Exchange) decoded.get(0);
            boolean bodyExpected = decoded.size() == 1;
            if (bodyExpected) {
                // Takes effect with the next call, until when the decoder would keep the exchange.
                reset();
                decode(ctx, Unpooled.EMPTY_BUFFER, decoded);
            }
            inHead = false;
            exchange.setHeadBytes(headBytes + exchange.fields().size() * HeaderFields.FIELD_BYTES);
            headBytes = 0;
            lines = 0;
            taken = NOTHING;
            Refusal refusal = RequestRules.check(exchange);
            if (refusal == null && exchange.hasBody() != bodyExpected) {
                // The decoder sees a body where there is none for us or the other way round: nobody knows who else
                // does.
                refusal = Refusal.AMBIGUOUS_LENGTH;
            }
            if (refusal != null) {
                throw new RefusedException(refusal, exchange.method() + " " + exchange.uri());
            }
            return exchange;
        } finally {
            decoded.clear();
            client = null;
        }
    }

    /** Keeps the lines that were decoded by this call. */
    private void keep(ByteBuf in, int from) {
        int count = in.readerIndex() - from;
        if (headBytes > taken.length) {
            taken = Arrays.copyOf(
                    taken, Math.max(headBytes, 2 * taken.length)); // line by line it must not be quadratic
        }
        in.getBytes(from, taken, headBytes - count, count);
    }

    /** The bytes of the unfinished head that are decoded: whole lines. */
    byte[] taken() {
        return Arrays.copyOf(taken, headBytes);
    }

    /**
     * Skips what may stand before a request line (RFC 9112, section 2.2): empty lines. The decoder would skip any
     * control characters and blanks, in which another reader may see the beginning of another request.
     *
     * @return false: the first byte of a request line has not come yet
     */
    private static boolean skipEmptyLines(ByteBuf in) {
        while (in.isReadable()) {
            byte first = in.getByte(in.readerIndex());
            if (first < 0 || (first > ' ' && first != 0x7f)) {
                return true;
            }
            if (first == HttpConstants.CR && in.readableBytes() == 1) {
                return false;
            }
            if (first != HttpConstants.CR || in.getByte(in.readerIndex() + 1) != HttpConstants.LF) {
                throw new RefusedException(Refusal.MALFORMED_REQUEST, "control character before the request line");
            }
            in.skipBytes(2);
        }
        return false;
    }

    /**
     * Bytes of the heap that the decoded part of an unfinished head takes: its lines, a buffer for the longest of them,
     * and its bytes.
     */
    int heldBytes() {
        return DECODER_BYTES + 2 * headBytes + lines * HeaderFields.FIELD_BYTES + taken.length;
    }

    /** Gives its buffers back; it is not used afterwards. */
    void discard() {
        try {
            handlerRemoved0(null);
        } catch (Exception e) {
            throw new IllegalStateException("cannot discard a decoder", e);
        }
    }

    private Downstream client() {
        Downstream known = client;
        if (known == null) {
            throw new IllegalStateException("this decoder has no connection");
        }
        return known;
    }

    private static boolean beginsWithHead(ByteBuf in) {
        int from = in.readerIndex();
        return in.readableBytes() >= HEAD.length
                && in.getByte(from) == HEAD[0]
                && in.getByte(from + 1) == HEAD[1]
                && in.getByte(from + 2) == HEAD[2]
                && in.getByte(from + 3) == HEAD[3]
                && in.getByte(from + 4) == HEAD[4];
    }

    /** The request that is being decoded, or was last, asks for a head only, even if it is no valid request. */
    boolean isHead() {
        return head;
    }

    /** Part of a head has been decoded. */
    boolean inHead() {
        return inHead;
    }

    private static RuntimeException cause(Exchange exchange) {
        Throwable cause = exchange.decoderResult().cause();
        if (!(cause instanceof TooLongFrameException)
                && RequestRules.bodyLength(exchange.fields(), exchange.isHttp10()) == BodyLength.WRONG) {
            // Netty's decoder looks at the lengths first: what it refuses is counted as what our own rules refuse.
            return new RefusedException(Refusal.AMBIGUOUS_LENGTH, String.valueOf(cause.getMessage()));
        }
        return cause instanceof RuntimeException known
                ? known
                : new RefusedException(Refusal.MALFORMED_REQUEST, String.valueOf(cause));
    }

    /** Only whole lines are decoded, so each line feed but the last is followed by the first byte of the next line. */
    private boolean isFolded(ByteBuf in, int from, int to) {
        if (from == to) {
            return false;
        }
        if (inHead && isBlank(in.getByte(from))) {
            return true;
        }
        inHead = true;
        for (int lf = in.indexOf(from, to, HttpConstants.LF); lf >= 0; lf = in.indexOf(lf + 1, to, HttpConstants.LF)) {
            lines++;
            if (lf + 1 < to && isBlank(in.getByte(lf + 1))) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    @Override
    protected HttpMessage createMessage(String[] requestLine) {
        String version = requestLine[2];
        HttpMethod method = HttpMethod.valueOf(requestLine[0]);
        if (version.equals("HTTP/1.1")) {
            return new Exchange(client(), HttpVersion.HTTP_1_1, method, requestLine[1]);
        }
        if (version.equals("HTTP/1.0")) {
            return new Exchange(client(), HttpVersion.HTTP_1_0, method, requestLine[1]);
        }
        boolean other = version.length() == 8
                && version.startsWith("HTTP/")
                && Character.isDigit(version.charAt(5))
                && version.charAt(6) == '.'
                && Character.isDigit(version.charAt(7));
        throw new RefusedException(other ? Refusal.BAD_VERSION : Refusal.MALFORMED_REQUEST, version);
    }

    @Override
    protected HttpMessage createInvalidMessage() {
        return new Exchange(client(), HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
    }

    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        return false;
    }

    // The line stands in an array of its own, from index 0 on.

    @Override
    protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
        if (start != 0) {
            throw new RefusedException(Refusal.MALFORMED_REQUEST, "blank before the method");
        }
        return super.splitFirstWordInitialLine(line, start, length);
    }

    @Override
    protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
        checkSingleSpace(line, start);
        return super.splitSecondWordInitialLine(line, start, length);
    }

    @Override
    protected String splitThirdWordInitialLine(byte[] line, int start, int length) {
        checkSingleSpace(line, start);
        return super.splitThirdWordInitialLine(line, start, length);
    }

    private static void checkSingleSpace(byte[] line, int start) {
        if (start < 2 || line[start - 1] != ' ' || (line[start - 2] <= ' ' && line[start - 2] >= 0)) {
            throw new RefusedException(Refusal.MALFORMED_REQUEST, "white space in the request line");
        }
    }
}
