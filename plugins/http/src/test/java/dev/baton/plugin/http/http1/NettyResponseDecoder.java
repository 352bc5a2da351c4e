package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpConstants;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Netty's response decoder with what it forgives refused: what {@link ResponseDecoder} is compared with. */
final class NettyResponseDecoder extends HttpResponseDecoder {
    private static final HttpResponseStatus NO_STATUS = new HttpResponseStatus(999, "No Status");

    /** One head and, if it has no body, its end. Only within one call of {@link #decodeHead}. */
    private final List<Object> decoded = new ArrayList<>(2);

    private @Nullable Exchange answered;

    /** What the fields of the head say, as they came: of an answer without a body the decoder takes the coding out. */
    private long length = BodyLength.WRONG;

    /** The status line has been decoded, and not yet the end of the head. */
    private boolean inHead;

    NettyResponseDecoder(HttpDecoderConfig config) {
        super(config);
    }

    /** Says which request the next heads belong to; null: to none. */
    void answering(@Nullable Exchange exchange) {
        answered = exchange;
    }

    /**
     * Decodes up to the end of one head.
     *
     * @return the head, or null if more bytes are needed
     * @throws Exception if it is not a response, or one that cannot be passed on; nothing more can be decoded then
     */
    @Nullable
    ResponseHead decodeHead(ByteBuf in) throws Exception {
        int from = in.readerIndex();
        try {
            decode(null, in, decoded);
            checkLines(in, from, in.readerIndex());
            if (decoded.isEmpty()) {
                return null;
            }
            inHead = false;
            long said = length;
            length = BodyLength.WRONG; // nothing is known of the next one
            ResponseHead head = (ResponseHead) decoded.get(0);
            if (head.decoderResult().isFailure()) {
                Throwable cause = head.decoderResult().cause();
                // For the log: what was wrong, not the name of an exception.
                throw new IllegalArgumentException(cause.getMessage(), cause);
            }
            if (decoded.size() == 1) {
                reset();
            }
            Exchange exchange = answered;
            if (head.status().code() == HttpResponseStatus.SWITCHING_PROTOCOLS.code()) {
                String asked = exchange == null ? null : exchange.upgrade();
                if (asked == null || !RequestRules.isUpgradeOf(head.fields(), asked)) {
                    throw new IllegalArgumentException("101 without having been asked to switch protocols");
                }
                head.beginTunnel();
            } else if (exchange != null
                    && exchange.isConnect()
                    && head.status().codeClass() == HttpStatusClass.SUCCESS) {
                head.beginTunnel();
            } else if (exchange != null && !head.isInformational()) {
                // Also where no body follows: the length goes on to the client, and must mean one thing to everybody.
                if (said == BodyLength.WRONG) {
                    throw new IllegalArgumentException("ambiguous length");
                }
                head.setBodyLength(head.isBodyless(exchange) ? 0 : said);
            }
            return head;
        } finally {
            decoded.clear();
        }
    }

    /**
     * Refuses what the decoder does not. A blank in a name: it takes what stands before it for the name and drops the
     * rest, so that {@code Content-Length x: 5} would be a length; blanks right before the colon are for a proxy to
     * remove (RFC 9112, section 5.1). And control characters at the ends of a folded line, which the decoder drops as
     * if they were blanks. Only whole lines are decoded.
     */
    private void checkLines(ByteBuf in, int from, int to) {
        int line = from;
        if (!inHead) {
            while (line < to && in.getByte(line) <= ' ') {
                line++;
            }
            if (line == to) {
                return;
            }
            inHead = true;
            line = nextLine(in, line, to);
        }
        while (line < to) {
            int i = line;
            while (i < to && in.getByte(i) > ' ' && in.getByte(i) != ':') {
                i++;
            }
            if (i > line && i < to && isBlank(in.getByte(i))) {
                while (i < to && isBlank(in.getByte(i))) {
                    i++;
                }
                if (i == to || in.getByte(i) != ':') {
                    throw new IllegalArgumentException("blank in the name of a field");
                }
            }
            int next = nextLine(in, i, to);
            if (isBlank(in.getByte(line)) && hasControl(in, line, next)) {
                throw new IllegalArgumentException("control character in a folded field");
            }
            line = next;
        }
    }

    private static boolean hasControl(ByteBuf in, int from, int to) {
        for (int i = from; i < to; i++) {
            byte b = in.getByte(i);
            boolean lineEnd = b == HttpConstants.LF || (b == HttpConstants.CR && i == to - 2);
            if (((b >= 0 && b < ' ') || b == 0x7f) && b != '\t' && !lineEnd) {
                return true;
            }
        }
        return false;
    }

    private static int nextLine(ByteBuf in, int from, int to) {
        int end = in.indexOf(from, to, HttpConstants.LF);
        return end < 0 ? to : end + 1;
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    @Override
    protected HttpMessage createMessage(String[] statusLine) {
        HttpVersion version;
        if (statusLine[0].equals("HTTP/1.1")) {
            version = HttpVersion.HTTP_1_1;
        } else if (statusLine[0].equals("HTTP/1.0")) {
            version = HttpVersion.HTTP_1_0;
        } else {
            throw new IllegalArgumentException("neither HTTP/1.0 nor HTTP/1.1");
        }
        return new ResponseHead(version, HttpResponseStatus.valueOf(code(statusLine[1]), reason(statusLine[2])));
    }

    private static int code(String digits) {
        int code = 0;
        for (int i = 0; i < digits.length(); i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new IllegalArgumentException("status that is no number");
            }
            code = 10 * code + digit;
        }
        if (digits.length() != 3 || code < 100) {
            throw new IllegalArgumentException("status that has not three digits");
        }
        return code;
    }

    private static String reason(String reason) {
        for (int i = 0; i < reason.length(); i++) {
            char c = reason.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7f) {
                throw new IllegalArgumentException("control character in the reason");
            }
        }
        return reason;
    }

    @Override
    protected HttpMessage createInvalidMessage() {
        return new ResponseHead(HttpVersion.HTTP_1_1, NO_STATUS);
    }

    /** HEAD, 1xx, 204 and 304: what the fields say about a body is about another answer. */
    @Override
    protected boolean isContentAlwaysEmpty(HttpMessage message) {
        ResponseHead head = (ResponseHead) message;
        length = RequestRules.bodyLength(head.fields(), head.isHttp10());
        Exchange exchange = answered;
        return exchange != null && head.isBodyless(exchange);
    }
}
