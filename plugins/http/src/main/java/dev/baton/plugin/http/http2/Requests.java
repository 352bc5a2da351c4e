package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.Authority;
import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.MaxForwards;
import dev.baton.plugin.http.exchange.Path;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * Makes exchanges of heads: what a request must be so that it means one thing to everybody who reads it, in HTTP/1 too
 * (RFC 9113, sections 8.1.1 to 8.3.1 and 10.3). What is not is refused, not repaired.
 */
final class Requests {
    private static final HttpVersion VERSION = new HttpVersion("HTTP", 2, 0, true);

    private static final String WEBSOCKET = "websocket";

    private Requests() {}

    /**
     * The exchange that a head begins.
     *
     * @param complete no body follows
     * @throws RefusedException if it is not a request, or one that could be read in two ways
     */
    static Exchange read(Downstream client, RequestFields head, boolean complete) {
        if (head.tooMany()) {
            throw new RefusedException(
                    Refusal.HEADER_TOO_LARGE, "more than " + HeaderFields.MAX_FIELDS + " header fields");
        }
        CharSequence method = required(head.askedMethod(), ":method");
        HeaderFields fields = head.fields();
        checkFields(fields);
        String authority = authority(head.askedAuthority(), fields);
        boolean connect = AsciiString.contentEquals("CONNECT", method);
        if (connect && head.askedProtocol() == null) {
            return connect(client, head, fields, complete);
        }
        if (!connect && head.askedProtocol() != null) {
            throw new RefusedException(Refusal.MALFORMED_REQUEST, ":protocol without CONNECT");
        }
        checkScheme(required(head.askedScheme(), ":scheme"));
        String path = required(head.askedPath(), ":path").toString();
        Exchange exchange = new Exchange(client, VERSION, connect ? HttpMethod.GET : method(method), path, fields);
        boolean wholeServer = path.equals("*") && exchange.method().equals(HttpMethod.OPTIONS);
        if (!Path.isTarget(path) || (path.charAt(0) != '/' && !wholeServer)) {
            throw new RefusedException(Refusal.BAD_TARGET, ":path is no path");
        }
        if (authority == null) {
            throw new RefusedException(Refusal.BAD_HOST, "neither :authority nor Host");
        }
        exchange.setHeadBytes(head.heapBytes());
        if (connect) {
            askForWebSocket(exchange, head, complete);
            exchange.understood(path, authority, 0, true);
            return exchange;
        }
        long length = complete ? 0 : bodyLength(fields);
        if (length != 0 && exchange.method().equals(HttpMethod.TRACE)) {
            throw new RefusedException(Refusal.TRACE_WITH_CONTENT, "a body");
        }
        if (fields.has(FieldKind.MAX_FORWARDS) && !MaxForwards.count(exchange)) {
            throw new RefusedException(Refusal.BAD_MAX_FORWARDS, "Max-Forwards is not one number");
        }
        exchange.understood(path, authority, length, true);
        return exchange;
    }

    /** A CONNECT has neither scheme nor path, and says where to with a port (RFC 9113, section 8.5). */
    private static Exchange connect(Downstream client, RequestFields head, HeaderFields fields, boolean complete) {
        if (head.askedScheme() != null || head.askedPath() != null) {
            throw new RefusedException(Refusal.BAD_TARGET, "a CONNECT with a scheme or path");
        }
        String target = required(head.askedAuthority(), ":authority").toString();
        if (!Authority.isWithPort(target)) {
            throw new RefusedException(Refusal.BAD_TARGET, "a CONNECT without a port");
        }
        if (complete || fields.has(FieldKind.CONTENT_LENGTH)) {
            throw new RefusedException(Refusal.AMBIGUOUS_LENGTH, "a CONNECT with a length, or ended at once");
        }
        Exchange exchange = new Exchange(client, VERSION, HttpMethod.CONNECT, target, fields);
        exchange.setHeadBytes(head.heapBytes());
        exchange.understood(target, target, 0, true);
        return exchange;
    }

    /**
     * An extended CONNECT (RFC 8441) goes on as the Upgrade of HTTP/1.1, with a key that {@link WebSocketKey} makes;
     * WebSocket is the only protocol for which that is defined.
     */
    private static void askForWebSocket(Exchange exchange, RequestFields head, boolean complete) {
        CharSequence protocol = head.askedProtocol();
        if (protocol == null || !AsciiString.contentEqualsIgnoreCase(WEBSOCKET, protocol)) {
            throw new RefusedException(Refusal.BAD_METHOD, "an extended CONNECT for another protocol than websocket");
        }
        if (complete || exchange.fields().has(FieldKind.CONTENT_LENGTH)) {
            throw new RefusedException(Refusal.AMBIGUOUS_LENGTH, "a CONNECT with a length, or ended at once");
        }
        exchange.fields().set(WebSocketKey.KEY, WebSocketKey.random());
        exchange.askForUpgrade(WEBSOCKET);
    }

    private static CharSequence required(@Nullable CharSequence value, String name) {
        if (value == null || value.length() == 0) {
            throw new RefusedException(Refusal.MALFORMED_REQUEST, "without " + name);
        }
        return value;
    }

    private static HttpMethod method(CharSequence name) {
        try {
            HttpMethod method = HttpMethod.valueOf(name.toString());
            if (method.name().length() == name.length()) { // blanks around it are forgiven there
                return method;
            }
        } catch (IllegalArgumentException e) {
            // The same as with blanks.
        }
        throw new RefusedException(Refusal.MALFORMED_REQUEST, ":method is no method");
    }

    private static void checkScheme(CharSequence scheme) {
        if (!AsciiString.contentEqualsIgnoreCase("https", scheme)
                && !AsciiString.contentEqualsIgnoreCase("http", scheme)) {
            throw new RefusedException(Refusal.BAD_TARGET, ":scheme is neither http nor https");
        }
    }

    /**
     * What belongs to a connection has no place in HTTP/2 (RFC 9113, section 8.2.2), and what looks like a length
     * frames the message once more where fields become variables.
     */
    private static void checkFields(HeaderFields fields) {
        if (fields.has(FieldKind.CONNECTION)
                || fields.has(FieldKind.TRANSFER_ENCODING)
                || fields.has(FieldKind.UPGRADE)) {
            throw new RefusedException(Refusal.MALFORMED_REQUEST, "a field of the connection's");
        }
        if (fields.has(FieldKind.FRAMING_LOOKALIKE)) {
            throw new RefusedException(Refusal.AMBIGUOUS_LENGTH, "a field that looks like a length");
        }
    }

    /** Host and {@code :authority} say the same, or only one of them is there. */
    private static @Nullable String authority(@Nullable CharSequence asked, HeaderFields fields) {
        int host = fields.indexOf(FieldKind.HOST, 0);
        if (host >= 0 && fields.indexOf(FieldKind.HOST, host + 1) >= 0) {
            throw new RefusedException(Refusal.BAD_HOST, "more than one Host");
        }
        if (host >= 0 && asked != null && !AsciiString.contentEqualsIgnoreCase(fields.value(host), asked)) {
            throw new RefusedException(Refusal.BAD_HOST, "Host is not :authority");
        }
        CharSequence known = asked != null || host < 0 ? asked : fields.value(host);
        if (known == null) {
            return null;
        }
        String text = known.toString();
        if (!Authority.isValid(text)) {
            throw new RefusedException(Refusal.BAD_HOST, "it is no host");
        }
        return text;
    }

    private static long bodyLength(HeaderFields fields) {
        int field = fields.indexOf(FieldKind.CONTENT_LENGTH, 0);
        if (field < 0) {
            return BodyLength.CHUNKED;
        }
        long length = fields.indexOf(FieldKind.CONTENT_LENGTH, field + 1) >= 0
                ? BodyLength.WRONG
                : BodyLength.parse(fields.value(field));
        if (length == BodyLength.WRONG) {
            throw new RefusedException(Refusal.AMBIGUOUS_LENGTH, "Content-Length is not one number");
        }
        return length;
    }
}
