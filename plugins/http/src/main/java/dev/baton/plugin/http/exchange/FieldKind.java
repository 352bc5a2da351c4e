package dev.baton.plugin.http.exchange;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.util.AsciiString;

/** What a header field means to a proxy, worked out once, when the field is read. */
public enum FieldKind {
    /** Goes through as it is. */
    END_TO_END(1),
    /** Named by a Connection field of the same message: ends here. */
    NAMED_BY_CONNECTION(1 << 1),
    /** Ends here: Keep-Alive, what is between a client and a proxy, and the Proxy field of "httpoxy". */
    HOP_BY_HOP(1 << 2),
    HOST(1 << 3),
    CONTENT_LENGTH(1 << 4),
    TRANSFER_ENCODING(1 << 5),
    CONNECTION(1 << 6),
    EXPECT(1 << 7),
    X_FORWARDED_FOR(1 << 8),
    X_FORWARDED_PROTO(1 << 9),
    X_FORWARDED_HOST(1 << 10),
    /**
     * {@code Forwarded} and other {@code X-Forwarded-}: goes through from proxies that are trusted, and ends here else.
     */
    FORWARDED(1 << 16),
    /** Goes through; where there is none, the proxy puts its own into an answer. */
    DATE(1 << 14),
    /** Goes through; of a TRACE or OPTIONS one less. */
    MAX_FORWARDS(1 << 15),
    /** Ends here, and says whether the client can read trailers. */
    TE(1 << 11),
    /**
     * {@code Content_Length}, {@code Transfer_Encoding}. Whatever hands fields to a program as variables (CGI and its
     * heirs) makes one name of this one and the real one: there it frames the message once more. A request with such a
     * field is refused.
     */
    FRAMING_LOOKALIKE(1 << 12),
    /** Ends here, unless what it asks for becomes a tunnel. */
    UPGRADE(1 << 17),
    /** Another field that the proxy acts on, with {@code _} for {@code -}: ends here, for the same reason. */
    LOOKALIKE(1 << 13);

    /**
     * Never a field of anybody's: the name is reserved, because {@code Connection: close} names it (RFC 9110, section
     * 18.4).
     */
    private static final AsciiString CLOSE = AsciiString.cached("close");

    private static final AsciiString PROXY = AsciiString.cached("proxy");
    private static final AsciiString PROXY_CONNECTION = AsciiString.cached("proxy-connection");
    private static final AsciiString PROXY_AUTHENTICATION_INFO = AsciiString.cached("proxy-authentication-info");
    private static final AsciiString KEEP_ALIVE = AsciiString.cached("keep-alive");
    private static final AsciiString HTTP2_SETTINGS = AsciiString.cached("http2-settings");
    private static final AsciiString FORWARDED_FOR = AsciiString.cached("x-forwarded-for");
    private static final AsciiString FORWARDED_PROTO = AsciiString.cached("x-forwarded-proto");
    private static final AsciiString FORWARDED_HOST = AsciiString.cached("x-forwarded-host");

    private static final AsciiString FORWARDED_FIELD = AsciiString.cached("forwarded");
    private static final AsciiString FORWARDED_PREFIX = AsciiString.cached("x-forwarded-");

    private final int bit;

    FieldKind(int bit) {
        this.bit = bit;
    }

    /** The bit of this kind in a set of kinds. */
    int bit() {
        return bit;
    }

    /** Goes through as it is, unless a Connection field names it. */
    public boolean isEndToEnd() {
        return this == END_TO_END || this == DATE || this == MAX_FORWARDS;
    }

    /** In a response it goes through: fields that speak about the request's path have no meaning for us there. */
    public boolean goesToClient() {
        return switch (this) {
            case NAMED_BY_CONNECTION,
                    HOP_BY_HOP,
                    UPGRADE,
                    TE,
                    CONNECTION,
                    CONTENT_LENGTH,
                    TRANSFER_ENCODING,
                    FRAMING_LOOKALIKE,
                    LOOKALIKE -> false;
            default -> true;
        };
    }

    /** The kind of a field name, in any case. */
    static FieldKind of(CharSequence name) {
        FieldKind known = known(name);
        return known == END_TO_END ? other(name) : known;
    }

    /** The length decides nearly always; few names are compared. */
    private static FieldKind known(CharSequence name) {
        return switch (name.length()) {
            case 2 -> is(name, HttpHeaderNames.TE, TE);
            case 4 ->
                startsWith(name, 'd') ? is(name, HttpHeaderNames.DATE, DATE) : is(name, HttpHeaderNames.HOST, HOST);
            case 5 -> startsWith(name, 'c') ? is(name, CLOSE, HOP_BY_HOP) : is(name, PROXY, HOP_BY_HOP);
            case 6 -> is(name, HttpHeaderNames.EXPECT, EXPECT);
            case 7 -> is(name, HttpHeaderNames.UPGRADE, UPGRADE);
            case 9 -> is(name, FORWARDED_FIELD, FORWARDED);
            case 10 ->
                startsWith(name, 'k')
                        ? is(name, KEEP_ALIVE, HOP_BY_HOP)
                        : is(name, HttpHeaderNames.CONNECTION, CONNECTION);
            case 12 -> is(name, HttpHeaderNames.MAX_FORWARDS, MAX_FORWARDS);
            case 14 ->
                startsWith(name, 'h')
                        ? is(name, HTTP2_SETTINGS, HOP_BY_HOP)
                        : is(name, HttpHeaderNames.CONTENT_LENGTH, CONTENT_LENGTH);
            case 15 -> is(name, FORWARDED_FOR, X_FORWARDED_FOR);
            case 16 ->
                startsWith(name, 'x')
                        ? is(name, FORWARDED_HOST, X_FORWARDED_HOST)
                        : is(name, PROXY_CONNECTION, HOP_BY_HOP);
            case 17 ->
                startsWith(name, 'x')
                        ? is(name, FORWARDED_PROTO, X_FORWARDED_PROTO)
                        : is(name, HttpHeaderNames.TRANSFER_ENCODING, TRANSFER_ENCODING);
            case 18 -> is(name, HttpHeaderNames.PROXY_AUTHENTICATE, HOP_BY_HOP);
            case 19 -> is(name, HttpHeaderNames.PROXY_AUTHORIZATION, HOP_BY_HOP);
            case 25 -> is(name, PROXY_AUTHENTICATION_INFO, HOP_BY_HOP);
            default -> END_TO_END;
        };
    }

    /** One of all names that begin with {@code X-Forwarded-}. */
    private static FieldKind other(CharSequence name) {
        boolean maybe = name.length() > FORWARDED_PREFIX.length()
                && startsWith(name, 'x')
                && (name.charAt(2) | 0x20) == FORWARDED_PREFIX.charAt(2);
        return maybe ? is(name.subSequence(0, FORWARDED_PREFIX.length()), FORWARDED_PREFIX, FORWARDED) : END_TO_END;
    }

    private static boolean startsWith(CharSequence name, char letter) {
        return (name.charAt(0) | 0x20) == letter;
    }

    private static FieldKind is(CharSequence name, AsciiString expected, FieldKind kind) {
        if (!startsWith(name, expected.charAt(0))) {
            return END_TO_END;
        }
        if (expected.contentEqualsIgnoreCase(name)) {
            return kind;
        }
        if (!looksLike(name, expected)) {
            return END_TO_END;
        }
        return kind == CONTENT_LENGTH || kind == TRANSFER_ENCODING ? FRAMING_LOOKALIKE : LOOKALIKE;
    }

    /** Of the same length, and the same but for underscores where hyphens should be. */
    private static boolean looksLike(CharSequence name, AsciiString expected) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            char wanted = expected.charAt(i);
            if (wanted == '-' ? c != '-' && c != '_' : AsciiString.toLowerCase(c) != wanted) {
                return false;
            }
        }
        return true;
    }
}
