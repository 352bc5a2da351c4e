package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Netty's request decoder with what it forgives refused: what {@link RequestDecoder} is compared with. */
final class NettyRequestDecoder extends HttpRequestDecoder {
    /**
     * One head and, if it has no body, its end. Only within one call of {@link #decodeHead}; never shared by threads.
     */
    private final List<Object> decoded = new ArrayList<>(2);

    /** A line of the head has been decoded: a blank at the start of the next would fold it. */
    private boolean inHead;

    /** Whose head it is. Only within one call of {@link #decodeHead}: it is given with the bytes. */
    private @Nullable Downstream client;

    NettyRequestDecoder(HttpDecoderConfig config) {
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
    Exchange decodeHead(Downstream downstream, ByteBuf in) throws Exception {
        if (!inHead) {
            if (!skipEmptyLines(in)) {
                return null;
            }
        }
        int from = in.readerIndex();
        client = downstream;
        try {
            decode(null, in, decoded);
            if (!decoded.isEmpty()
                    && ((Exchange) decoded.get(0)).decoderResult().isFailure()) {
                throw cause((Exchange) decoded.get(0));
            }
            if (isFolded(in, from, in.readerIndex())) {
                throw new RefusedException(Refusal.MALFORMED_REQUEST, "folded header field");
            }
            if (decoded.isEmpty()) {
                return null;
            }
            Exchange exchange = (Exchange) decoded.get(0);
            boolean bodyExpected = decoded.size() == 1;
            if (bodyExpected) {
                // Takes effect with the next call, until when the decoder would keep the exchange.
                reset();
                decode(null, Unpooled.EMPTY_BUFFER, decoded);
            }
            inHead = false;
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

    private Downstream client() {
        Downstream known = client;
        if (known == null) {
            throw new IllegalStateException("this decoder has no connection");
        }
        return known;
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
