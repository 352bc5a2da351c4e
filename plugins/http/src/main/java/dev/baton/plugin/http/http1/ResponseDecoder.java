package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the heads of a server's responses (RFC 9112, sections 4 and 5). Bodies are found by {@link BodyReader}.
 *
 * <p>A head is taken out of the buffer when all of it is there; until then it stays, and its lines are looked at each
 * time that one more has come: what is no response is refused as soon as that can be seen.
 */
final class ResponseDecoder {
    private static final byte[] VERSION = HeadWriter.ascii("HTTP/1.");
    private static final int CODE_DIGITS = 3;
    private static final int CODE_MIN = 100;

    /** In bytes, of the status line and of the fields, each without the ends of lines. */
    private final int limit;

    private @Nullable Exchange answered;

    /** Bytes of an unfinished head that have been looked at. */
    private int seen;

    ResponseDecoder(int limit) {
        this.limit = limit;
    }

    /** Says which request the next heads belong to; null: to none. */
    void answering(@Nullable Exchange exchange) {
        answered = exchange;
        seen = 0;
    }

    /**
     * Takes one head out of a buffer.
     *
     * @return the head, or null if more bytes are needed
     * @throws IllegalArgumentException if it is not a response, or one that cannot be passed on; nothing more can be
     *     decoded then
     * @throws io.netty.handler.codec.TooLongFrameException if it is longer than is allowed
     */
    @Nullable
    ResponseHead decodeHead(ByteBuf in) {
        int before = in.readableBytes();
        skipEmptyLines(in);
        if (seen > 0 && before == in.readableBytes() && !HeadWindow.isWorthALook(in, seen, limit)) {
            seen = in.readableBytes();
            return null;
        }
        HeadWindow window = HeadWindow.of(in);
        ResponseHead head = read(window);
        while (head == null && window.more(in)) {
            head = read(window);
        }
        if (head == null) {
            seen = in.readableBytes();
            return null;
        }
        in.skipBytes(window.end());
        seen = 0;
        check(head);
        return head;
    }

    /** Some servers send one behind a body (RFC 9112, section 2.2). */
    private static void skipEmptyLines(ByteBuf in) {
        while (in.readableBytes() >= 2
                && in.getByte(in.readerIndex()) == HttpConstants.CR
                && in.getByte(in.readerIndex() + 1) == HttpConstants.LF) {
            in.skipBytes(2);
        }
    }

    /** Null if it is not whole. */
    private @Nullable ResponseHead read(HeadWindow window) {
        byte[] bytes = window.bytes();
        int length = window.length();
        int line = statusLineEnd(bytes, length);
        if (line < 0) {
            return null;
        }
        HttpVersion version = version(bytes, line);
        HttpResponseStatus status = status(bytes, VERSION.length + 1, line);
        HeaderFields fields = new HeaderFields();
        int end = FieldLines.read(bytes, line + 2, length, limit, true, fields);
        if (end == FieldLines.UNFINISHED) {
            return null;
        }
        window.end(end);
        fields.keep(Arrays.copyOf(bytes, end));
        return new ResponseHead(version, status, fields);
    }

    /** The index of the CR, or -1 if the line is not whole. */
    private int statusLineEnd(byte[] bytes, int length) {
        int lf = FieldLines.lineEnd(bytes, 0, length);
        int line = FieldLines.lineLength(bytes, 0, lf);
        if (line > limit) {
            throw new TooLongHttpLineException("the status line is longer than header-limit allows");
        }
        if (lf == length) {
            return -1;
        }
        if (line == lf) {
            throw new IllegalArgumentException("status line that does not end in CR LF");
        }
        return line;
    }

    private static HttpVersion version(byte[] bytes, int end) {
        int digit = VERSION.length;
        boolean known = end > digit && Arrays.equals(bytes, 0, digit, VERSION, 0, digit);
        if (known && bytes[digit] == '1') {
            return HttpVersion.HTTP_1_1;
        }
        if (known && bytes[digit] == '0') {
            return HttpVersion.HTTP_1_0;
        }
        throw new IllegalArgumentException("neither HTTP/1.0 nor HTTP/1.1");
    }

    /** From behind the version: a blank, three digits, and perhaps a blank and a reason. */
    private static HttpResponseStatus status(byte[] bytes, int from, int to) {
        int first = FieldLines.skipBlanks(bytes, from, to);
        if (first == from) {
            throw new IllegalArgumentException("neither HTTP/1.0 nor HTTP/1.1");
        }
        int code = 0;
        int at = first;
        for (; at < to && !FieldLines.isBlank(bytes[at]); at++) {
            int digit = bytes[at] - '0';
            if (digit < 0 || digit > 9) {
                throw new IllegalArgumentException("status that is no number");
            }
            if (at - first < CODE_DIGITS) {
                code = 10 * code + digit;
            }
        }
        if (at - first != CODE_DIGITS || code < CODE_MIN) {
            throw new IllegalArgumentException("status that has not three digits");
        }
        int reason = FieldLines.skipBlanks(bytes, at, to);
        return status(code, bytes, reason, FieldLines.trimmed(bytes, reason, to));
    }

    private static HttpResponseStatus status(int code, byte[] bytes, int from, int to) {
        HttpResponseStatus usual = HttpResponseStatus.valueOf(code);
        String phrase = usual.reasonPhrase();
        boolean same = phrase.length() == to - from;
        for (int i = from; i < to; i++) {
            if ((bytes[i] < ' ' && bytes[i] >= 0 && bytes[i] != '\t') || bytes[i] == 0x7f) {
                throw new IllegalArgumentException("control character in the reason");
            }
            same = same && phrase.charAt(i - from) == (bytes[i] & 0xff);
        }
        return same
                ? usual
                : new HttpResponseStatus(code, new String(bytes, from, to - from, StandardCharsets.ISO_8859_1));
    }

    /** What follows it: a tunnel, or a body of some length. */
    private void check(ResponseHead head) {
        Exchange exchange = answered;
        // Whatever follows: the length may go on to the client, and must mean one thing to everybody.
        long length = RequestRules.bodyLength(head.fields(), head.isHttp10());
        if (length == BodyLength.WRONG) {
            throw new IllegalArgumentException("ambiguous length");
        }
        if (head.status().code() == HttpResponseStatus.SWITCHING_PROTOCOLS.code()) {
            String asked = exchange == null ? null : exchange.upgrade();
            if (asked == null || !RequestRules.isUpgradeOf(head.fields(), asked)) {
                throw new IllegalArgumentException("101 without having been asked to switch protocols");
            }
            head.beginTunnel();
        } else if (exchange != null && exchange.isConnect() && head.status().codeClass() == HttpStatusClass.SUCCESS) {
            head.beginTunnel();
        } else if (exchange != null) {
            boolean bodyless = head.isBodyless(exchange);
            if (bodyless && length == BodyLength.CHUNKED) {
                head.fields().remove(HttpHeaderNames.TRANSFER_ENCODING); // of a body that does not come
            }
            if (!head.isInformational()) {
                head.setBodyLength(bodyless ? 0 : length);
            }
        }
    }
}
