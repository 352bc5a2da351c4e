package dev.baton.plugin.httpproxy;

import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.AsciiString;
import org.jspecify.annotations.Nullable;

/**
 * What a request must be beyond what the decoder checks: one meaning for everybody who reads it. Whatever another parser
 * could read otherwise is refused, not repaired (RFC 9112, sections 3, 6.3 and 11.2).
 */
final class RequestRules {
    /** Not a length: the field that says it is wrong, or there are several. */
    static final long BAD_LENGTH = -3;

    private static final int LENGTH_DIGITS = 18;
    private static final String HTTP = "http://";
    private static final String HTTPS = "https://";

    private RequestRules() {}

    /** Completes an exchange whose head was decoded, or says why it is refused. */
    static @Nullable Refusal check(Exchange exchange) {
        HeaderFields fields = exchange.fields();
        int host = fields.indexOf(FieldKind.HOST, 0);
        if (host < 0 ? !exchange.isHttp10() : fields.indexOf(FieldKind.HOST, host + 1) >= 0) {
            return Refusal.BAD_HOST;
        }
        String hostValue = host < 0 ? null : fields.value(host).toString();
        if (hostValue != null && !isHost(hostValue)) {
            return Refusal.BAD_HOST;
        }
        HttpMethod method = exchange.method();
        if (method.equals(HttpMethod.CONNECT)) {
            return Refusal.BAD_METHOD;
        }
        String target = exchange.uri();
        if (!isTargetText(target)) {
            return Refusal.BAD_TARGET;
        }
        if (target.charAt(0) != '/' && !(target.equals("*") && method.equals(HttpMethod.OPTIONS))) {
            int authority = authorityStart(target);
            int end = authorityEnd(target, authority);
            if (authority < 0 || end == authority || !isHost(target.substring(authority, end))) {
                return Refusal.BAD_TARGET;
            }
            // Absolute form: what it says replaces the Host field (RFC 9112, section 3.2.2).
            hostValue = target.substring(authority, end);
            target = originForm(target, end, method);
        }
        long length = bodyLength(fields, exchange.isHttp10());
        if (length == BAD_LENGTH) {
            return Refusal.AMBIGUOUS_LENGTH;
        }
        boolean keepAlive = readConnection(fields, exchange.isHttp10());
        exchange.understood(target, hostValue, Math.max(length, length == BodyReader.CHUNKED ? length : 0), keepAlive);
        return null;
    }

    /** Visible ASCII without what begins a fragment: those do not travel. */
    private static boolean isTargetText(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '#') {
                return false;
            }
        }
        return !target.isEmpty();
    }

    private static int authorityStart(String target) {
        if (target.regionMatches(true, 0, HTTP, 0, HTTP.length())) {
            return HTTP.length();
        }
        return target.regionMatches(true, 0, HTTPS, 0, HTTPS.length()) ? HTTPS.length() : -1;
    }

    private static int authorityEnd(String target, int from) {
        int end = Math.max(from, 0);
        while (end < target.length() && target.charAt(end) != '/' && target.charAt(end) != '?') {
            end++;
        }
        return end;
    }

    private static String originForm(String target, int pathFrom, HttpMethod method) {
        if (pathFrom == target.length()) {
            return method.equals(HttpMethod.OPTIONS) ? "*" : "/";
        }
        String rest = target.substring(pathFrom);
        return rest.charAt(0) == '/' ? rest : "/" + rest;
    }

    /** Letters, digits and what else stands in a name, an address or a port; empty is what a client without one sends. */
    private static boolean isHost(String host) {
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            boolean ok = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "-._~:[]%!$&'()*+;=".indexOf(c) >= 0;
            if (!ok) {
                return false;
            }
        }
        return true;
    }

    /**
     * How long the body is that follows a head.
     *
     * @return bytes, {@link BodyReader#CHUNKED}, {@link #BAD_LENGTH}, or {@link BodyReader#UNTIL_CLOSE} if no field says
     */
    static long bodyLength(HeaderFields fields, boolean http10) {
        int coding = fields.indexOf(FieldKind.TRANSFER_ENCODING, 0);
        int length = fields.indexOf(FieldKind.CONTENT_LENGTH, 0);
        if (coding >= 0) {
            boolean chunked = HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(fields.value(coding));
            boolean alone = length < 0 && fields.indexOf(FieldKind.TRANSFER_ENCODING, coding + 1) < 0;
            return chunked && alone && !http10 ? BodyReader.CHUNKED : BAD_LENGTH;
        }
        if (length < 0) {
            return BodyReader.UNTIL_CLOSE;
        }
        if (fields.indexOf(FieldKind.CONTENT_LENGTH, length + 1) >= 0) {
            return BAD_LENGTH;
        }
        return length(fields.value(length));
    }

    private static long length(CharSequence digits) {
        int count = digits.length();
        if (count == 0 || count > LENGTH_DIGITS) {
            return BAD_LENGTH;
        }
        long length = 0;
        for (int i = 0; i < count; i++) {
            char c = digits.charAt(i);
            if (c < '0' || c > '9') {
                return BAD_LENGTH;
            }
            length = 10 * length + (c - '0');
        }
        return length;
    }

    /**
     * Reads the Connection fields: marks the fields that they name as ending here, and says whether the connection stays
     * open. Fields that the proxy itself depends on cannot be named away.
     */
    static boolean readConnection(HeaderFields fields, boolean http10) {
        boolean keepAlive = !http10;
        boolean close = false;
        for (int i = fields.indexOf(FieldKind.CONNECTION, 0); i >= 0; i = fields.indexOf(FieldKind.CONNECTION, i + 1)) {
            CharSequence value = fields.value(i);
            if (HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(value)) {
                keepAlive = true;
            } else if (HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(value)) {
                close = true;
            } else {
                for (String option : value.toString().split(",", -1)) {
                    String name = option.trim();
                    if (HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(name)) {
                        keepAlive = true;
                    } else if (HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(name)) {
                        close = true;
                    } else {
                        endHere(fields, name);
                    }
                }
            }
        }
        return keepAlive && !close;
    }

    private static void endHere(HeaderFields fields, String name) {
        for (int i = 0; i < fields.size(); i++) {
            if (fields.kind(i) == FieldKind.END_TO_END && AsciiString.contentEqualsIgnoreCase(fields.name(i), name)) {
                fields.endHere(i);
            }
        }
    }
}
