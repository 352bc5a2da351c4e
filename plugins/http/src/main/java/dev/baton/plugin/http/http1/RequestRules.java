package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.Authority;
import dev.baton.plugin.http.exchange.BodyLength;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.MaxForwards;
import dev.baton.plugin.http.exchange.Path;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.AsciiString;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a request must be beyond what the decoder checks: one meaning for everybody who reads it. Whatever another
 * parser could read otherwise is refused, not repaired (RFC 9112, sections 3, 6.3 and 11.2).
 */
final class RequestRules {
    /** Options that the Connection fields of a message may name: each is looked for among all fields. */
    private static final int MAX_OPTIONS = HeaderFields.MAX_FIELDS;

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
        // Empty is what a client sends whose target has no authority.
        if (hostValue != null && !hostValue.isEmpty() && !Authority.isValid(hostValue)) {
            return Refusal.BAD_HOST;
        }
        HttpMethod method = exchange.method();
        if (exchange.isConnect()) {
            return checkConnect(exchange, fields);
        }
        String target = exchange.uri();
        if (!Path.isTarget(target)) {
            return Refusal.BAD_TARGET;
        }
        if (target.charAt(0) != '/' && !(target.equals("*") && method.equals(HttpMethod.OPTIONS))) {
            int authority = authorityStart(target);
            int end = authorityEnd(target, authority);
            if (authority < 0 || !Authority.isValid(target.substring(authority, end))) {
                return Refusal.BAD_TARGET;
            }
            // Absolute form: what it says replaces the Host field (RFC 9112, section 3.2.2).
            hostValue = target.substring(authority, end);
            target = originForm(target, end, method);
        }
        long length = bodyLength(fields, exchange.isHttp10());
        if (length == BodyLength.WRONG || fields.has(FieldKind.FRAMING_LOOKALIKE)) {
            return Refusal.AMBIGUOUS_LENGTH;
        }
        if (method.equals(HttpMethod.TRACE) && length != BodyLength.UNTIL_CLOSE && length != 0) {
            return Refusal.TRACE_WITH_CONTENT; // RFC 9110, section 9.3.8
        }
        if (fields.has(FieldKind.MAX_FORWARDS) && !MaxForwards.count(exchange)) {
            return Refusal.BAD_MAX_FORWARDS;
        }
        boolean keepAlive = readConnection(fields, exchange.isHttp10());
        if (fields.has(FieldKind.UPGRADE) && !exchange.isHttp10() && length <= 0 && length != BodyLength.CHUNKED) {
            readUpgrade(exchange, fields);
        }
        exchange.understood(target, hostValue, Math.max(length, length == BodyLength.CHUNKED ? length : 0), keepAlive);
        return null;
    }

    /**
     * A CONNECT says where to in its target, host and port, which replaces the Host field, and has no content. Its
     * connection ends with it: what a client has sent behind one that is refused was meant for a tunnel (RFC 9110,
     * section 9.3.6).
     */
    private static @Nullable Refusal checkConnect(Exchange exchange, HeaderFields fields) {
        String target = exchange.uri();
        if (!Authority.isWithPort(target)) {
            return Refusal.BAD_TARGET;
        }
        long length = bodyLength(fields, exchange.isHttp10());
        if ((length != BodyLength.UNTIL_CLOSE && length != 0) || fields.has(FieldKind.FRAMING_LOOKALIKE)) {
            return Refusal.AMBIGUOUS_LENGTH;
        }
        readConnection(fields, exchange.isHttp10());
        exchange.understood(target, target, 0, false);
        return null;
    }

    /**
     * Reads the Upgrade field (RFC 9110, section 7.8). HTTP/2 is not forwarded so: it would go around all that this
     * proxy checks.
     */
    private static void readUpgrade(Exchange exchange, HeaderFields fields) {
        int field = fields.indexOf(FieldKind.UPGRADE, 0);
        String protocols = fields.value(field).toString().trim();
        boolean several = fields.indexOf(FieldKind.UPGRADE, field + 1) >= 0;
        if (several || protocols.isEmpty() || !namesUpgrade(fields)) {
            return;
        }
        for (String protocol : protocols.split(",", -1)) {
            String name = protocol.trim().toLowerCase(Locale.ROOT);
            if (name.isEmpty() || name.equals("h2c") || name.equals("h2") || name.startsWith("http/")) {
                return;
            }
        }
        exchange.askForUpgrade(protocols);
    }

    /** The Connection fields name Upgrade. */
    private static boolean namesUpgrade(HeaderFields fields) {
        for (int i = fields.indexOf(FieldKind.CONNECTION, 0); i >= 0; i = fields.indexOf(FieldKind.CONNECTION, i + 1)) {
            for (String option : fields.value(i).toString().split(",", -1)) {
                if (HttpHeaderValues.UPGRADE.contentEqualsIgnoreCase(option.trim())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** What a server has switched to, is one of those that the client has asked for, and both heads say so. */
    static boolean isUpgradeOf(HeaderFields response, String asked) {
        int field = response.indexOf(FieldKind.UPGRADE, 0);
        if (field < 0 || response.indexOf(FieldKind.UPGRADE, field + 1) >= 0 || !namesUpgrade(response)) {
            return false;
        }
        String chosen = response.value(field).toString().trim();
        for (String protocol : asked.split(",", -1)) {
            if (protocol.trim().equalsIgnoreCase(chosen)) {
                return true;
            }
        }
        return false;
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

    /**
     * How long the body is that follows a head.
     *
     * @return bytes, {@link BodyLength#CHUNKED}, {@link BodyLength#WRONG}, or {@link BodyLength#UNTIL_CLOSE} if no
     *     field says
     */
    static long bodyLength(HeaderFields fields, boolean http10) {
        int coding = fields.indexOf(FieldKind.TRANSFER_ENCODING, 0);
        int length = fields.indexOf(FieldKind.CONTENT_LENGTH, 0);
        if (coding >= 0) {
            boolean chunked = HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(fields.value(coding));
            boolean alone = length < 0 && fields.indexOf(FieldKind.TRANSFER_ENCODING, coding + 1) < 0;
            return chunked && alone && !http10 ? BodyLength.CHUNKED : BodyLength.WRONG;
        }
        if (length < 0) {
            return BodyLength.UNTIL_CLOSE;
        }
        if (fields.indexOf(FieldKind.CONTENT_LENGTH, length + 1) >= 0) {
            return BodyLength.WRONG;
        }
        return BodyLength.parse(fields.value(length));
    }

    /**
     * Reads the Connection fields: marks the fields that they name as ending here, and says whether the connection
     * stays open. Fields that the proxy itself depends on cannot be named away.
     *
     * @throws RefusedException if they name more than {@link #MAX_OPTIONS}
     */
    static boolean readConnection(HeaderFields fields, boolean http10) {
        boolean keepAlive = !http10;
        boolean close = false;
        int options = 0;
        for (int i = fields.indexOf(FieldKind.CONNECTION, 0); i >= 0; i = fields.indexOf(FieldKind.CONNECTION, i + 1)) {
            CharSequence value = fields.value(i);
            if (HttpHeaderValues.KEEP_ALIVE.contentEqualsIgnoreCase(value)) {
                keepAlive = true;
            } else if (HttpHeaderValues.CLOSE.contentEqualsIgnoreCase(value)) {
                close = true;
            } else {
                for (String option : value.toString().split(",", -1)) {
                    if (++options > MAX_OPTIONS) {
                        throw new RefusedException(
                                Refusal.MALFORMED_REQUEST, "more than " + MAX_OPTIONS + " options in Connection");
                    }
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

    /**
     * Marks the trailers that the Connection fields of the message's head name as ending here (RFC 9110, section
     * 7.6.1).
     */
    static void endTrailersHere(HeaderFields head, HeaderFields trailers) {
        for (int i = head.indexOf(FieldKind.CONNECTION, 0); i >= 0; i = head.indexOf(FieldKind.CONNECTION, i + 1)) {
            for (String option : head.value(i).toString().split(",", -1)) {
                endHere(trailers, option.trim());
            }
        }
    }

    private static void endHere(HeaderFields fields, String name) {
        for (int i = 0; i < fields.size(); i++) {
            if (fields.kind(i).isEndToEnd() && AsciiString.contentEqualsIgnoreCase(fields.name(i), name)) {
                fields.endHere(i);
            }
        }
    }
}
