package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpResponse;
import dev.baton.spi.http.HttpVerdict;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Compresses bodies of responses for clients that can decode them. Left as they are: what is encoded already, parts
 * (206, Content-Range), what says no-transform, other content types, and what is known to be short.
 */
final class Compress implements HttpFilter {
    private static final HttpAttribute<Encoder> ENCODER = HttpAttribute.named("encoder");
    private static final HttpAttribute<Coding> WANTED = HttpAttribute.named("wanted coding");
    private static final List<String> USUAL_TYPES = List.of(
            "text/*",
            "application/json",
            "application/javascript",
            "application/xml",
            "application/wasm",
            "image/svg+xml");
    private static final Pattern TYPE = Pattern.compile("[a-z0-9!#$&^_.+-]+/([a-z0-9!#$&^_.+-]+|\\*)");
    private static final int OK = 200;
    private static final int PARTIAL = 206;

    private final int level;
    private final long minBytes;
    private final Set<String> types;

    /**
     * The keys.
     *
     * @param types content types, such as {@code application/json} or {@code text/*}; empty: usual ones
     * @param minSize shorter bodies are left as they are, if their length is known
     * @param level 1 (fast) to 9 (small)
     */
    record Settings(
            List<String> types,

            @Default("1KiB") @Range(min = "0B", max = "1GiB")
            ByteSize minSize,

            @Default("5") @Range(min = "1", max = "9") int level) {
        Settings {
            for (String type : types) {
                if (!TYPE.matcher(type).matches()) {
                    throw new WrongValueException(
                            "types", "'" + type + "' is no content type such as application/json or text/*");
                }
            }
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new Compress(settings);
        }
    }

    Compress(Settings settings) {
        level = settings.level();
        minBytes = settings.minSize().bytes();
        types = Set.copyOf(settings.types().isEmpty() ? USUAL_TYPES : settings.types());
    }

    @Override
    public HttpBodyUse responseBodyUse() {
        return HttpBodyUse.TRANSFORM;
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        exchange.set(WANTED, Coding.wanted(exchange.request().fields().all("Accept-Encoding")));
        return HttpVerdict.CONTINUE;
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        HttpResponse response = exchange.response();
        HttpFields fields = response.fields();
        if (!isCompressible(response)) {
            exchange.skipBody();
            return HttpVerdict.CONTINUE;
        }
        fields.add("Vary", "Accept-Encoding"); // whatever this client wants, the next may want something else
        Coding coding = exchange.get(WANTED);
        if (coding == null) {
            exchange.skipBody();
            return HttpVerdict.CONTINUE;
        }
        fields.set("Content-Encoding", coding.token());
        // Bytes of the encoded body are other ones than those that a range or a strong validator of the server counts.
        fields.remove("Accept-Ranges");
        fields.remove("Content-MD5");
        fields.remove("Digest");
        fields.remove("Content-Digest");
        String tag = fields.get("ETag");
        if (tag != null && !tag.startsWith("W/")) {
            fields.set("ETag", "W/" + tag);
        }
        exchange.set(ENCODER, new Encoder(coding, level));
        return HttpVerdict.CONTINUE;
    }

    private boolean isCompressible(HttpResponse response) {
        HttpFields fields = response.fields();
        long length = response.contentLength();
        return response.status() >= OK
                && response.status() != PARTIAL
                && length != 0
                && (length < 0 || length >= minBytes)
                && !fields.contains("Content-Encoding")
                && !fields.contains("Content-Range")
                && isOfType(fields.get("Content-Type"))
                && fields.all("Cache-Control").stream()
                        .noneMatch(value -> value.toLowerCase(Locale.ROOT).contains("no-transform"));
    }

    private boolean isOfType(@Nullable String contentType) {
        if (contentType == null) {
            return false;
        }
        int semicolon = contentType.indexOf(';');
        String type = (semicolon < 0 ? contentType : contentType.substring(0, semicolon))
                .strip()
                .toLowerCase(Locale.ROOT);
        int slash = type.indexOf('/');
        return types.contains(type) || (slash > 0 && types.contains(type.substring(0, slash) + "/*"));
    }

    @Override
    public HttpVerdict responseBody(HttpExchange exchange, HttpBody body) {
        Encoder encoder = exchange.get(ENCODER);
        if (encoder != null) {
            body.replace(encoder.encode(body.bytes(), body.isLast(), exchange.allocator()));
        }
        return HttpVerdict.CONTINUE;
    }

    @Override
    public void end(HttpExchange exchange, HttpOutcome outcome) {
        Encoder encoder = exchange.get(ENCODER);
        if (encoder != null) {
            encoder.close();
        }
    }
}
