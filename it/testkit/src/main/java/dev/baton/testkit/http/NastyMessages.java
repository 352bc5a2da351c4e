package dev.baton.testkit.http;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.http.HttpAnswer;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** What is rare, odd or malicious in a message, and yet valid enough to come to a filter. */
final class NastyMessages {
    private static final List<String> REQUEST_FIELDS = List.of(
            "Accept",
            "Accept-Encoding",
            "Access-Control-Request-Headers",
            "Access-Control-Request-Method",
            "Authorization",
            "Cache-Control",
            "Content-Encoding",
            "Content-Type",
            "Cookie",
            "Date",
            "Forwarded",
            "If-None-Match",
            "Origin",
            "Range",
            "Referer",
            "User-Agent",
            "Via",
            "X-Forwarded-For",
            "X-Request-Id",
            "traceparent");
    private static final List<String> RESPONSE_FIELDS = List.of(
            "Cache-Control",
            "Content-Encoding",
            "Content-Range",
            "Content-Type",
            "Date",
            "ETag",
            "Location",
            "Server",
            "Set-Cookie",
            "Vary",
            "WWW-Authenticate",
            "X-Request-Id");
    private static final List<String> VALUES = List.of(
            "",
            "*",
            ",",
            ";;,;=",
            "\"",
            "\\\"\\",
            "W/\"",
            "W/",
            "-1",
            "99999999999999999999999",
            "a;q=2, b;q=, *;q=-0.1, ;q=1",
            "Basic",
            "Basic  ",
            "Basic !!!!",
            "Basic Og==",
            "Bearer",
            "Bearer a b",
            "null",
            "%00%0d%0a%ff",
            "\u00fc\u0080\u00ff\t.",
            "{\"a\":1}<script>${jndi:x}",
            "v".repeat(20_000));
    private static final List<String> TARGETS = List.of(
            "*", "//", "/../..", "/%", "/%00%0d%0a%ff", "/?", "/??=&&=%", "/\"'<>\\{}|^`", "/" + "p".repeat(8_000));
    private static final List<String> METHODS =
            List.of("HEAD", "OPTIONS", "TRACE", "POST", "get", "M-SEARCH", "!#$%&'*+-.^_`|~", "X".repeat(100));
    private static final List<String> AUTHORITIES =
            List.of("", "[::1]:80", "EXAMPLE.com.:65535", "a".repeat(255), "127.0.0.1:0");
    private static final List<Integer> STATUSES = List.of(200, 204, 206, 299, 304, 401, 404, 500, 599);
    private static final int MANY_FIELDS = 200;

    private NastyMessages() {}

    /** What makes a request nasty, by a name for messages. */
    static Map<String, UnaryOperator<FakeExchange>> requests() {
        Map<String, UnaryOperator<FakeExchange>> all = new LinkedHashMap<>();
        TARGETS.forEach(target -> all.put("target " + abbreviated(target), exchange -> exchange.target(target)));
        METHODS.forEach(method -> all.put("method " + abbreviated(method), exchange -> exchange.method(method)));
        AUTHORITIES.forEach(
                host -> all.put("authority '" + abbreviated(host) + "'", exchange -> exchange.authority(host)));
        for (String value : VALUES) {
            for (String name : REQUEST_FIELDS) {
                all.put(name + ": " + abbreviated(value), exchange -> exchange.with(name, value));
            }
            all.put("each field: " + abbreviated(value), exchange -> {
                REQUEST_FIELDS.forEach(name -> exchange.with(name, value));
                return exchange;
            });
        }
        all.put(MANY_FIELDS + " fields", exchange -> {
            for (int i = exchange.request().fields().size(); i < MANY_FIELDS; i++) {
                exchange.with("x-" + i, "v");
            }
            return exchange;
        });
        all.put("a client that is not known", exchange -> exchange.facts(new ConnectionFacts(null, null)));
        all.put(
                "a client of a unix socket",
                exchange -> exchange.facts(new ConnectionFacts(
                        UnixDomainSocketAddress.of(""), UnixDomainSocketAddress.of("/run/shop.sock"))));
        all.put("a client of IPv6", exchange -> exchange.client("2001:db8::1"));
        all.put(
                "a client without an address",
                exchange -> exchange.facts(new ConnectionFacts(InetSocketAddress.createUnresolved("client", 1), null)));
        all.put(
                "a body without a length",
                exchange -> exchange.method("POST").body("a=1").chunked());
        all.put(
                "an empty body without a length",
                exchange -> exchange.method("POST").chunked());
        all.put(
                "trailers",
                exchange -> exchange.method("POST").body("a=1").chunked().trailer("x-sum", "\u00ff"));
        return all;
    }

    /** Nasty responses, by a name for messages. */
    static Map<String, HttpAnswer> responses() {
        Map<String, HttpAnswer> all = new LinkedHashMap<>();
        for (int status : STATUSES) {
            all.put("status " + status, HttpAnswer.of(status).text("text"));
            all.put("status " + status + " without a body", HttpAnswer.of(status));
        }
        for (String value : VALUES) {
            for (String name : RESPONSE_FIELDS) {
                all.put(
                        name + ": " + abbreviated(value),
                        HttpAnswer.of(200).with(name, value).text("text"));
            }
        }
        HttpAnswer many = HttpAnswer.of(200);
        for (int i = 0; i < MANY_FIELDS; i++) {
            many = many.with("Set-Cookie", "c" + i);
        }
        all.put(MANY_FIELDS + " fields", many);
        return all;
    }

    private static String abbreviated(String text) {
        return text.length() <= 40 ? text : text.substring(0, 10) + "... of " + text.length();
    }
}
