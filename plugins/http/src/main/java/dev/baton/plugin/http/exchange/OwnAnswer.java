package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.RespondConfig;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/**
 * An answer of the proxy's own.
 *
 * @param fields lines of fields beside Date, Content-Length and Connection, each with its line end
 * @param content octets, one a character; what an answer to HEAD says the length of and leaves out (RFC 9110, section
 *     9.3.2)
 */
public record OwnAnswer(HttpResponseStatus status, String fields, String content) {
    private static final Set<String> SECRET = Set.of("authorization", "proxy-authorization", "cookie");

    /** What a server may be asked through here: no method is held back but CONNECT. */
    private static final String ALLOW = "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n";

    private static final String TEXT = "Content-Type: text/plain\r\n";

    /** Says why there is no answer of a server's. */
    public static OwnAnswer of(Refusal refusal) {
        String fields = refusal == Refusal.SERVER_BUSY ? TEXT + "Retry-After: 1\r\n" : TEXT;
        return new OwnAnswer(refusal.status(), fields, refusal.words() + "\n");
    }

    /**
     * Sends the client to another place.
     *
     * @param status a redirect's
     * @param to in ASCII, without control characters
     */
    static OwnAnswer redirect(int status, String to) {
        return new OwnAnswer(HttpResponseStatus.valueOf(status), "Location: " + to + "\r\n", "");
    }

    /** Answers a request that may not be forwarded further: TRACE or OPTIONS with {@code Max-Forwards: 0}. */
    static OwnAnswer ofLastHop(Exchange exchange) {
        return exchange.method().equals(HttpMethod.TRACE)
                ? new OwnAnswer(HttpResponseStatus.OK, "Content-Type: message/http\r\n", reflected(exchange))
                : new OwnAnswer(HttpResponseStatus.OK, ALLOW, "");
    }

    /** What was received, without what a page may not know of (RFC 9110, section 9.3.8). */
    private static String reflected(Exchange exchange) {
        StringBuilder text = new StringBuilder();
        text.append(exchange.method()).append(' ').append(exchange.uri()).append(' ');
        text.append(exchange.protocolVersion()).append("\r\n");
        HeaderFields fields = exchange.fields();
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i).toString();
            if (!SECRET.contains(name.toLowerCase(Locale.ROOT))) {
                text.append(name).append(": ").append(fields.value(i)).append("\r\n");
            }
        }
        return text.append("\r\n").toString();
    }

    /** A fixed answer of the configuration. */
    public static OwnAnswer of(RespondConfig config) {
        StringBuilder fields = new StringBuilder();
        if (!config.body().isEmpty()) {
            fields.append("Content-Type: ").append(config.contentType()).append("\r\n");
        }
        config.fields()
                .forEach((name, value) ->
                        fields.append(name).append(": ").append(value).append("\r\n"));
        String octets = new String(config.body().getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return new OwnAnswer(HttpResponseStatus.valueOf(config.status()), fields.toString(), octets);
    }

    /** The head, for filters and other versions of HTTP. */
    public ResponseHead head() {
        ResponseHead head = new ResponseHead(HttpVersion.HTTP_1_1, status);
        fields.lines().forEach(line -> {
            int colon = line.indexOf(':');
            head.fields().add(line.substring(0, colon), line.substring(colon + 2));
        });
        head.setLength(content.length());
        return head;
    }

    /** The body. */
    public byte[] bytes() {
        return content.getBytes(StandardCharsets.ISO_8859_1);
    }
}
