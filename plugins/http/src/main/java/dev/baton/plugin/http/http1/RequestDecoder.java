package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the heads of requests (RFC 9112, sections 3 and 5): single spaces in the request line, CR LF at the end of each
 * line, no folded fields. Bodies are found by {@link BodyReader}.
 *
 * <p>Has no state: a head is taken out of the buffer when all of it is there, and stays in it until then.
 */
final class RequestDecoder {
    private static final byte[] VERSION = HeadWriter.ascii("HTTP/1.");
    private static final byte[] HEAD = HeadWriter.ascii("HEAD ");

    /** Found without making a text of what was read. */
    private static final List<HttpMethod> USUAL = List.of(
            HttpMethod.GET,
            HttpMethod.POST,
            HttpMethod.PUT,
            HttpMethod.HEAD,
            HttpMethod.DELETE,
            HttpMethod.PATCH,
            HttpMethod.OPTIONS);

    private RequestDecoder() {}

    /**
     * Takes one head out of a buffer, and the empty lines before it.
     *
     * @param seen bytes of it that have been looked at, of an unfinished head
     * @param limit bytes that the request line may have, and the fields, each without the ends of lines
     * @param downstream the end of the connection that sent it
     * @return the exchange that it begins, or null if more bytes are needed
     * @throws RuntimeException if it is not a request; {@link Refusal#ofRequest} says what was wrong. It is still in
     *     the buffer, and nothing more can be decoded
     */
    static @Nullable Exchange decodeHead(ByteBuf in, int seen, int limit, Downstream downstream) {
        int before = in.readableBytes();
        if (!skipEmptyLines(in)) {
            return null;
        }
        if (seen > 0 && before == in.readableBytes() && !HeadWindow.isWorthALook(in, seen, limit)) {
            return null;
        }
        HeadWindow window = HeadWindow.of(in);
        Exchange exchange = read(window, limit, downstream);
        while (exchange == null && window.more(in)) {
            exchange = read(window, limit, downstream);
        }
        if (exchange == null) {
            return null;
        }
        int headEnd = window.end();
        Refusal refusal = RequestRules.check(exchange);
        if (refusal != null) {
            throw new RefusedException(refusal, exchange.method() + " " + exchange.uri());
        }
        in.skipBytes(headEnd);
        return exchange;
    }

    /**
     * Skips what may stand before a request line (RFC 9112, section 2.2): empty lines. In other control characters and
     * blanks another reader may see the beginning of another request.
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
                throw malformed("control character before the request line");
            }
            in.skipBytes(2);
        }
        return false;
    }

    /** The request that begins here asks for a head only, even if it is no valid request. */
    static boolean isHead(ByteBuf in) {
        int from = in.readerIndex();
        boolean head = in.readableBytes() >= HEAD.length;
        for (int i = 0; head && i < HEAD.length; i++) {
            head = in.getByte(from + i) == HEAD[i];
        }
        return head;
    }

    /** Null if it is not whole. */
    private static @Nullable Exchange read(HeadWindow window, int limit, Downstream downstream) {
        byte[] bytes = window.bytes();
        int length = window.length();
        int lf = FieldLines.lineEnd(bytes, 0, length);
        int end = FieldLines.lineLength(bytes, 0, lf);
        if (end > limit) {
            throw new TooLongHttpLineException("the request line is longer than header-limit allows");
        }
        if (lf == length) {
            return null;
        }
        int methodTo = FieldLines.tokenEnd(bytes, 0, end);
        if (methodTo == 0) {
            throw malformed("no method, or one with a character that is not allowed");
        }
        checkSpace(bytes, methodTo, end);
        int targetTo = targetEnd(bytes, methodTo + 1, end);
        checkSpace(bytes, targetTo, end);
        HttpVersion version = version(bytes, targetTo + 1, end);
        if (end == lf) {
            throw malformed("request line that does not end in CR LF");
        }
        HeaderFields fields = new HeaderFields();
        int headEnd = FieldLines.read(bytes, lf + 1, length, limit, false, fields);
        if (headEnd == FieldLines.UNFINISHED) {
            return null;
        }
        window.end(headEnd);
        fields.keep(Arrays.copyOf(bytes, headEnd));
        String target = new String(bytes, methodTo + 1, targetTo - methodTo - 1, StandardCharsets.ISO_8859_1);
        Exchange exchange = new Exchange(downstream, version, method(bytes, methodTo), target, fields);
        exchange.setHeadBytes(headEnd + fields.size() * HeaderFields.FIELD_BYTES);
        return exchange;
    }

    /** At the byte behind a word: one space must be there, and another word behind it. */
    private static void checkSpace(byte[] bytes, int at, int end) {
        boolean single = at + 1 < end && bytes[at] == ' ' && (bytes[at + 1] > ' ' || bytes[at + 1] < 0);
        if (!single) {
            throw malformed("white space in the request line");
        }
    }

    private static int targetEnd(byte[] bytes, int from, int end) {
        int at = from;
        while (at < end && (bytes[at] > '\r' || bytes[at] < '\t') && bytes[at] != ' ') {
            at++;
        }
        return at;
    }

    private static HttpMethod method(byte[] bytes, int to) {
        for (HttpMethod usual : USUAL) {
            byte[] name = usual.asciiName().array();
            if (Arrays.equals(bytes, 0, to, name, 0, name.length)) {
                return usual;
            }
        }
        return HttpMethod.valueOf(new String(bytes, 0, to, StandardCharsets.US_ASCII));
    }

    private static HttpVersion version(byte[] bytes, int from, int to) {
        int digit = from + VERSION.length;
        if (to == digit + 1 && Arrays.equals(bytes, from, digit, VERSION, 0, VERSION.length)) {
            if (bytes[digit] == '1') {
                return HttpVersion.HTTP_1_1;
            }
            if (bytes[digit] == '0') {
                return HttpVersion.HTTP_1_0;
            }
        }
        String version = new String(bytes, from, Math.max(0, to - from), StandardCharsets.ISO_8859_1);
        boolean other = version.length() == VERSION.length + 1
                && version.startsWith("HTTP/")
                && Character.isDigit(version.charAt(5))
                && version.charAt(6) == '.'
                && Character.isDigit(version.charAt(7));
        throw new RefusedException(other ? Refusal.BAD_VERSION : Refusal.MALFORMED_REQUEST, version);
    }

    private static RefusedException malformed(String what) {
        return new RefusedException(Refusal.MALFORMED_REQUEST, what);
    }
}
