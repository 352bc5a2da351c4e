package dev.baton.plugin.httpfilters.log;

import static dev.baton.plugin.httpfilters.log.LogLine.ascii;

import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.http.HttpTimings;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Makes lines. One for each thread: it remembers the second that it has written last, and the array of its line. A line
 * costs no allocation of its own; reading a field of the exchange may.
 */
final class LogFormat {
    private static final DateTimeFormatter ISO =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter COMMON =
            DateTimeFormatter.ofPattern("dd/MMM/uuuu:HH:mm:ss Z", Locale.ROOT).withZone(ZoneOffset.UTC);

    private static final byte[] TIME = ascii("{\"time\":\"");
    private static final byte[] SERVICE = ascii("Z\",\"service\":\"");
    private static final byte[] ROUTE = ascii("\",\"route\":\"");
    private static final byte[] CLIENT = ascii("\",\"client\":\"");
    private static final byte[] USER = ascii("\",\"user\":\"");
    private static final byte[] ID = ascii("\",\"request_id\":\"");
    private static final byte[] SCHEME = ascii("\",\"scheme\":\"");
    private static final byte[] HOST = ascii("\",\"host\":\"");
    private static final byte[] METHOD = ascii("\",\"method\":\"");
    private static final byte[] TARGET = ascii("\",\"target\":\"");
    private static final byte[] VERSION = ascii("\",\"version\":\"");
    private static final byte[] REFERER = ascii("\",\"referer\":\"");
    private static final byte[] AGENT = ascii("\",\"user_agent\":\"");
    private static final byte[] SERVER = ascii("\",\"server\":\"");
    private static final byte[] REASON = ascii("\",\"reason\":\"");
    private static final byte[] OUTCOME = ascii("\",\"outcome\":\"");
    private static final byte[] STATUS = ascii("\",\"status\":");
    private static final byte[] REQUEST_BYTES = ascii(",\"request_bytes\":");
    private static final byte[] RESPONSE_BYTES = ascii(",\"response_bytes\":");
    private static final byte[] RETRIES = ascii(",\"retries\":");
    private static final byte[] CONNECT = ascii(",\"connect_ms\":");
    private static final byte[] FIRST_BYTE = ascii(",\"first_byte_ms\":");
    private static final byte[] TOTAL = ascii(",\"total_ms\":");
    private static final byte[] JSON_END = ascii("}\n");
    private static final byte[] NULL = ascii("null");
    private static final byte[] COMPLETE = ascii("complete");
    private static final byte[] CLIENT_ABORTED = ascii("client-aborted");
    private static final byte[] SERVER_ABORTED = ascii("server-aborted");
    private static final byte[] CUT = ascii("cut");

    private static final byte[] NO_STATUS = ascii("000");
    private static final byte[] QUOTES = ascii("\" \"");

    private final LogLine line = new LogLine();
    private long isoSecond = Long.MIN_VALUE;
    private byte[] iso = {};
    private long commonSecond = Long.MIN_VALUE;
    private byte[] common = {};

    /** One JSON object. */
    LogLine json(HttpExchange exchange, HttpOutcome outcome, long nowMillis) {
        HttpRequest request = exchange.request();
        HttpFields fields = request.fields();
        HttpTimings timings = exchange.timings();
        LogLine to = line;
        to.clear();
        to.put(TIME).put(iso(nowMillis)).put('.').padded(Math.floorMod(nowMillis, 1_000L), 3);
        to.put(SERVICE).json(exchange.service());
        to.put(ROUTE).json(exchange.route());
        to.put(CLIENT);
        client(exchange.facts().client());
        optional(USER, exchange.get(AccessLog.USER));
        optional(ID, exchange.get(AccessLog.ID));
        to.put(SCHEME).json(request.scheme());
        to.put(HOST).json(request.authority());
        to.put(METHOD).json(request.method());
        to.put(TARGET).json(request.target());
        to.put(VERSION).json(request.version());
        optional(REFERER, fields.get("Referer"));
        optional(AGENT, fields.get("User-Agent"));
        optional(SERVER, exchange.server());
        optional(REASON, outcome.reason());
        to.put(OUTCOME).put(word(outcome.kind()));
        to.put(STATUS);
        if (exchange.hasResponse()) {
            to.number(exchange.response().status());
        } else {
            to.put(NULL);
        }
        to.put(REQUEST_BYTES).number(exchange.requestBytes());
        to.put(RESPONSE_BYTES).number(exchange.responseBytes());
        if (exchange.retries() > 0) {
            to.put(RETRIES).number(exchange.retries());
        }
        millis(CONNECT, timings.connected());
        millis(FIRST_BYTE, timings.responseBegin());
        millis(TOTAL, timings.responseEnd());
        return to.put(JSON_END);
    }

    /** The format that Apache calls combined. */
    LogLine combined(HttpExchange exchange, long nowMillis) {
        HttpRequest request = exchange.request();
        HttpFields fields = request.fields();
        LogLine to = line;
        to.clear();
        client(exchange.facts().client());
        to.put(' ').put('-').put(' ').word(exchange.get(AccessLog.USER));
        to.put(' ').put('[').put(common(nowMillis)).put(']').put(' ').put('"');
        to.combined(request.method()).put(' ').combined(request.target());
        to.put(' ').combined(request.version()).put('"').put(' ');
        if (exchange.hasResponse()) {
            to.number(exchange.response().status());
        } else {
            to.put(NO_STATUS);
        }
        to.put(' ').number(exchange.responseBytes()).put(' ').put('"');
        to.combined(fields.get("Referer")).put(QUOTES).combined(fields.get("User-Agent"));
        return to.put('"').put('\n');
    }

    private static byte[] word(HttpOutcome.Kind kind) {
        return switch (kind) {
            case COMPLETE -> COMPLETE;
            case CLIENT_ABORTED -> CLIENT_ABORTED;
            case SERVER_ABORTED -> SERVER_ABORTED;
            case CUT -> CUT;
        };
    }

    private void optional(byte[] key, @Nullable String value) {
        if (value != null) {
            line.put(key).json(value);
        }
    }

    /** Milliseconds with three digits behind the point. */
    private void millis(byte[] key, long nanos) {
        if (nanos >= 0) {
            long micros = nanos / 1_000;
            line.put(key).number(micros / 1_000).put('.').padded(micros % 1_000, 3);
        }
    }

    private void client(@Nullable SocketAddress address) {
        InetAddress client = address instanceof InetSocketAddress inet ? inet.getAddress() : null;
        if (client instanceof Inet4Address) {
            byte[] parts = client.getAddress();
            for (byte part : parts) {
                line.number(part & 0xFF).put('.');
            }
            line.takeBack(1);
        } else if (client != null) {
            line.json(client.getHostAddress());
        } else {
            line.put('-');
        }
    }

    private byte[] iso(long nowMillis) {
        long second = Math.floorDiv(nowMillis, 1_000L);
        if (second != isoSecond) {
            isoSecond = second;
            iso = ascii(ISO.format(Instant.ofEpochSecond(second)));
        }
        return iso;
    }

    private byte[] common(long nowMillis) {
        long second = Math.floorDiv(nowMillis, 1_000L);
        if (second != commonSecond) {
            commonSecond = second;
            common = ascii(COMMON.format(Instant.ofEpochSecond(second)));
        }
        return common;
    }
}
