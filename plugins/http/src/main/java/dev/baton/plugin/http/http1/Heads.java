package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.OwnAnswer;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.spi.http.HttpDate;
import org.jspecify.annotations.Nullable;

/** Writes heads as they go on: what ends at this hop is left out, what is this hop's own is put in. */
final class Heads {
    private static final byte[] REQUEST_LINE_END = HeadWriter.ascii(" HTTP/1.1\r\n");
    private static final byte[] STATUS_LINE = HeadWriter.ascii("HTTP/1.1 ");
    private static final byte[] HOST = HeadWriter.ascii("Host: ");
    private static final byte[] FORWARDED_FOR = HeadWriter.ascii("X-Forwarded-For: ");
    private static final byte[] FORWARDED_HOST = HeadWriter.ascii("X-Forwarded-Host: ");
    private static final byte[] FORWARDED_HTTP = HeadWriter.ascii("X-Forwarded-Proto: http\r\n");
    private static final byte[] FORWARDED_HTTPS = HeadWriter.ascii("X-Forwarded-Proto: https\r\n");
    private static final byte[] DATE = HeadWriter.ascii("Date: ");
    private static final byte[] CONTENT_LENGTH = HeadWriter.ascii("Content-Length: ");
    private static final byte[] CHUNKED = HeadWriter.ascii("Transfer-Encoding: chunked\r\n");
    /** For us as for the client: trailers go through. */
    private static final byte[] TAKES_TRAILERS = HeadWriter.ascii("TE: trailers\r\nConnection: TE\r\n");

    private static final byte[] UPGRADE = HeadWriter.ascii("Upgrade: ");
    private static final byte[] CONNECTION_UPGRADE = HeadWriter.ascii("Connection: Upgrade\r\n");
    private static final byte[] CLOSE = HeadWriter.ascii("Connection: close\r\n");
    private static final byte[] KEEP_ALIVE = HeadWriter.ascii("Connection: keep-alive\r\n");

    /** How the configuration names a server that is a listener of this process. */
    private static final String LISTENER = "listener:";

    private Heads() {}

    /**
     * Writes a request's head.
     *
     * @param serverAddress the Host of a client that sent none; of {@code listener:NAME}, the name
     * @param client address of the client, in ASCII
     */
    static HeadWriter request(Exchange exchange, String serverAddress, byte[] client) {
        HeadWriter out = HeadWriter.begin();
        out.text(exchange.method().asciiName())
                .octet(' ')
                .text(exchange.target())
                .raw(REQUEST_LINE_END);
        String host = exchange.host();
        out.raw(HOST).text(host == null ? hostOf(serverAddress) : host).crlf();
        HeaderFields fields = exchange.fields();
        boolean expect = !exchange.isHttp10();
        for (int i = 0; i < fields.size(); i++) {
            FieldKind kind = fields.kind(i);
            if (kind.isEndToEnd() || (kind == FieldKind.EXPECT && expect)) {
                out.field(fields, i);
            }
        }
        forward(out, exchange, client);
        if (!exchange.isHttp10() && fields.takesTrailers()) {
            out.raw(TAKES_TRAILERS);
        }
        String upgrade = exchange.upgrade();
        if (upgrade != null) {
            out.raw(UPGRADE).text(upgrade).crlf().raw(CONNECTION_UPGRADE);
        }
        if (exchange.bodyLength() == BodyLength.CHUNKED) {
            out.raw(CHUNKED);
        } else if (fields.has(FieldKind.CONTENT_LENGTH)) {
            out.raw(CONTENT_LENGTH).number(exchange.bodyLength()).crlf();
        }
        return out.crlf();
    }

    private static String hostOf(String serverAddress) {
        return serverAddress.startsWith(LISTENER) ? serverAddress.substring(LISTENER.length()) : serverAddress;
    }

    /** Says who asks for what. What a client says of itself is left out, unless it is a proxy that is trusted. */
    private static void forward(HeadWriter out, Exchange exchange, byte[] client) {
        HeaderFields fields = exchange.fields();
        boolean trusted = exchange.fromTrustedProxy();
        out.raw(FORWARDED_FOR);
        if (trusted) {
            for (int i = fields.indexOf(FieldKind.X_FORWARDED_FOR, 0);
                    i >= 0;
                    i = fields.indexOf(FieldKind.X_FORWARDED_FOR, i + 1)) {
                out.text(fields.value(i)).octet(',').octet(' ');
            }
        }
        out.raw(client).crlf();
        String asked = exchange.askedHost();
        if (trusted && fields.has(FieldKind.X_FORWARDED_HOST)) {
            copy(out, fields, FieldKind.X_FORWARDED_HOST);
        } else if (asked != null) {
            out.raw(FORWARDED_HOST).text(asked).crlf();
        }
        if (trusted && fields.has(FieldKind.X_FORWARDED_PROTO)) {
            copy(out, fields, FieldKind.X_FORWARDED_PROTO);
        } else {
            out.raw(exchange.isSecure() ? FORWARDED_HTTPS : FORWARDED_HTTP);
        }
        if (trusted) {
            copy(out, fields, FieldKind.FORWARDED);
        }
    }

    private static void copy(HeadWriter out, HeaderFields fields, FieldKind kind) {
        for (int i = fields.indexOf(kind, 0); i >= 0; i = fields.indexOf(kind, i + 1)) {
            out.field(fields, i);
        }
    }

    /**
     * Writes the head of an answer, or of what comes before it.
     *
     * @param chunked the body will be chunked
     * @param connection what to say about the connection, null for nothing
     */
    static HeadWriter response(ResponseHead head, boolean chunked, @Nullable Persistence connection) {
        HeadWriter out = HeadWriter.begin().raw(STATUS_LINE).text(head.status().codeAsText());
        out.octet(' ').text(head.status().reasonPhrase()).crlf();
        HeaderFields fields = head.fields();
        for (int i = 0; i < fields.size(); i++) {
            FieldKind kind = fields.kind(i);
            if (kind.goesToClient()) {
                out.field(fields, i);
            }
        }
        if (!fields.has(FieldKind.DATE) && !head.isInformational()) {
            // RFC 9110, section 6.6.1: when it was received, for recipients that have to know how old it is.
            out.raw(DATE).text(HttpDate.now()).crlf();
        }
        if (chunked) {
            out.raw(CHUNKED);
        } else if (head.forwardsLength()) {
            out.raw(CONTENT_LENGTH)
                    .text(fields.value(fields.indexOf(FieldKind.CONTENT_LENGTH, 0)))
                    .crlf();
        }
        if (head.beginsTunnel() && fields.has(FieldKind.UPGRADE)) {
            out.raw(UPGRADE)
                    .text(fields.value(fields.indexOf(FieldKind.UPGRADE, 0)))
                    .crlf()
                    .raw(CONNECTION_UPGRADE);
        } else if (connection != null && !head.beginsTunnel()) {
            out.raw(connection == Persistence.CLOSE ? CLOSE : KEEP_ALIVE);
        }
        return out.crlf();
    }

    /**
     * Writes a whole answer of the service's own.
     *
     * @param connection what to say about the connection, null for nothing
     * @param toHead it answers a HEAD
     */
    static HeadWriter own(OwnAnswer answer, @Nullable Persistence connection, boolean toHead) {
        HeadWriter out = HeadWriter.begin();
        out.text("HTTP/1.1 ")
                .text(answer.status().codeAsText())
                .octet(' ')
                .text(answer.status().reasonPhrase())
                .crlf();
        out.field("Date", HttpDate.now()).text(answer.fields());
        out.text("Content-Length: ").number(answer.content().length()).crlf();
        if (connection != null) {
            out.field("Connection", connection == Persistence.CLOSE ? "close" : "keep-alive");
        }
        out.crlf();
        return toHead ? out : out.text(answer.content());
    }

    /** What a head says about its connection where the default of HTTP/1.1 is not meant or not known. */
    enum Persistence {
        CLOSE,
        KEEP_ALIVE
    }
}
