package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.util.AsciiString;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;

/**
 * A request's head, or its trailers, as the HPACK encoder reads them: what ends at this hop is left out, what is this
 * hop's own is put in.
 */
final class UpstreamRequestFields extends DefaultHttp2Headers {
    /** What each field counts beside its characters against the server's limit (RFC 9113, section 6.5.2). */
    private static final int FIELD_OVERHEAD = 32;
    /** Pseudo-fields, forwarded ones and a length. */
    private static final int OWN_FIELDS = 12;

    static final AsciiString WEBSOCKET = AsciiString.cached("websocket");
    private static final AsciiString HTTP = AsciiString.cached("http");
    private static final AsciiString HTTPS = AsciiString.cached("https");
    private static final AsciiString FORWARDED_FOR = AsciiString.cached("x-forwarded-for");
    private static final AsciiString FORWARDED_HOST = AsciiString.cached("x-forwarded-host");
    private static final AsciiString FORWARDED_PROTO = AsciiString.cached("x-forwarded-proto");

    /** How the configuration names a server that is a listener of this process. */
    private static final String LISTENER = "listener:";

    /** Name, value, name, value and so on. */
    private CharSequence[] texts;

    private int count;
    private int length;

    private UpstreamRequestFields(int fields) {
        super(false, 0);
        texts = new CharSequence[2 * (fields + OWN_FIELDS)];
    }

    /**
     * The head of a request.
     *
     * @param serverAddress the authority for a client that named none; of {@code listener:NAME}, the name
     * @param secure the server is spoken to over TLS
     */
    static UpstreamRequestFields of(Exchange exchange, String serverAddress, boolean secure) {
        HeaderFields fields = exchange.fields();
        UpstreamRequestFields head = new UpstreamRequestFields(fields.size());
        String host = exchange.host();
        boolean webSocket = isWebSocket(exchange);
        head.put(
                PseudoHeaderName.METHOD.value(),
                webSocket ? HttpMethod.CONNECT.asciiName() : exchange.method().asciiName());
        if (webSocket) {
            head.put(PseudoHeaderName.PROTOCOL.value(), WEBSOCKET);
        }
        head.put(PseudoHeaderName.AUTHORITY.value(), host == null ? hostOf(serverAddress) : host);
        if (!exchange.isConnect()) {
            head.put(PseudoHeaderName.SCHEME.value(), secure ? HTTPS : HTTP);
            head.put(PseudoHeaderName.PATH.value(), exchange.target());
        }
        boolean expect = !exchange.isHttp10();
        for (int i = 0; i < fields.size(); i++) {
            FieldKind kind = fields.kind(i);
            boolean ends = webSocket && WebSocketKey.KEY.contentEqualsIgnoreCase(fields.name(i));
            if (!ends && (kind.isEndToEnd() || (kind == FieldKind.EXPECT && expect))) {
                head.copy(fields, i);
            }
        }
        head.forward(exchange);
        if (!exchange.isHttp10() && fields.takesTrailers()) {
            head.put(HttpHeaderNames.TE, HttpHeaderValues.TRAILERS);
        }
        if (exchange.bodyLength() != BodyLength.CHUNKED && fields.has(FieldKind.CONTENT_LENGTH)) {
            head.put(HttpHeaderNames.CONTENT_LENGTH, Long.toString(exchange.bodyLength()));
        }
        return head;
    }

    /** Trailers that frame, route or end here have no business behind a body: only what is end-to-end is sent. */
    static UpstreamRequestFields ofTrailers(HeaderFields trailers) {
        UpstreamRequestFields fields = new UpstreamRequestFields(trailers.size());
        for (int i = 0; i < trailers.size(); i++) {
            if (trailers.kind(i).isEndToEnd()) {
                fields.copy(trailers, i);
            }
        }
        return fields;
    }

    /** It asks for a WebSocket. Other upgrades are ignored: HTTP allows that, and their clients know. */
    static boolean isWebSocket(Exchange exchange) {
        String asked = exchange.upgrade();
        return asked != null && WEBSOCKET.contentEqualsIgnoreCase(asked.trim());
    }

    private static String hostOf(String serverAddress) {
        return serverAddress.startsWith(LISTENER) ? serverAddress.substring(LISTENER.length()) : serverAddress;
    }

    /** Says who asks for what. What a client says of itself is left out, unless it is a proxy that is trusted. */
    private void forward(Exchange exchange) {
        HeaderFields fields = exchange.fields();
        boolean trusted = exchange.fromTrustedProxy();
        AsciiString client = new AsciiString(exchange.downstream().client(), false);
        int known = trusted ? fields.indexOf(FieldKind.X_FORWARDED_FOR, 0) : -1;
        if (known < 0) {
            put(FORWARDED_FOR, client);
        } else {
            StringBuilder all = new StringBuilder();
            for (int i = known; i >= 0; i = fields.indexOf(FieldKind.X_FORWARDED_FOR, i + 1)) {
                all.append(fields.value(i)).append(", ");
            }
            put(FORWARDED_FOR, all.append(client).toString());
        }
        String asked = exchange.askedHost();
        if (trusted && fields.has(FieldKind.X_FORWARDED_HOST)) {
            copy(fields, FieldKind.X_FORWARDED_HOST);
        } else if (asked != null) {
            put(FORWARDED_HOST, asked);
        }
        if (trusted && fields.has(FieldKind.X_FORWARDED_PROTO)) {
            copy(fields, FieldKind.X_FORWARDED_PROTO);
        } else {
            put(FORWARDED_PROTO, exchange.isSecure() ? HTTPS : HTTP);
        }
        if (trusted) {
            copy(fields, FieldKind.FORWARDED);
        }
    }

    private void copy(HeaderFields fields, FieldKind kind) {
        for (int i = fields.indexOf(kind, 0); i >= 0; i = fields.indexOf(kind, i + 1)) {
            copy(fields, i);
        }
    }

    private void copy(HeaderFields fields, int field) {
        put(AsciiString.of(fields.name(field)).toLowerCase(), fields.value(field));
    }

    private void put(CharSequence name, CharSequence value) {
        if (2 * count == texts.length) {
            texts = Arrays.copyOf(texts, 2 * texts.length);
        }
        texts[2 * count] = name;
        texts[2 * count + 1] = value;
        count++;
        length += name.length() + value.length() + FIELD_OVERHEAD;
    }

    /** Characters of all names and values, and some for each field, as HPACK counts them. */
    int length() {
        return length;
    }

    @Override
    public int size() {
        return count;
    }

    @Override
    public boolean isEmpty() {
        return count == 0;
    }

    @Override
    public Iterator<Map.Entry<CharSequence, CharSequence>> iterator() {
        return new Fields();
    }

    /** It is its own entry: the encoder takes the texts out at once. */
    private final class Fields
            implements Iterator<Map.Entry<CharSequence, CharSequence>>, Map.Entry<CharSequence, CharSequence> {
        /** Index of the field that comes next. */
        private int next;

        @Override
        public boolean hasNext() {
            return next < count;
        }

        @Override
        public Map.Entry<CharSequence, CharSequence> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            next++;
            return this;
        }

        @Override
        public CharSequence getKey() {
            return texts[2 * (next - 1)];
        }

        @Override
        public CharSequence getValue() {
            return texts[2 * (next - 1) + 1];
        }

        @Override
        public CharSequence setValue(CharSequence other) {
            throw new UnsupportedOperationException();
        }
    }
}
