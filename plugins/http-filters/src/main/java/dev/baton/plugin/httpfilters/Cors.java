package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Says which pages of other origins may use the responses (CORS, in the Fetch standard). It answers preflight requests
 * itself; those of an origin that is not allowed get an answer that allows nothing. What a server says of this by
 * itself is replaced.
 */
final class Cors implements HttpFilter {
    private static final HttpAttribute<String> ALLOWED = HttpAttribute.named("allowed origin");
    private static final Pattern ORIGIN = Pattern.compile("[a-z][a-z0-9+.-]*://[a-z0-9.:\\[\\]_-]+");
    private static final String ANY = "*";
    private static final int NO_CONTENT = 204;

    private static final String ALLOW_ORIGIN = "Access-Control-Allow-Origin";
    private static final String ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials";
    private static final String EXPOSE = "Access-Control-Expose-Headers";
    private static final String VARY = "Vary";

    private final Settings settings;
    private final Set<String> origins;
    private final String methods;
    private final String headers;
    private final String exposed;
    private final String maxAge;

    /**
     * The keys.
     *
     * @param origins such as {@code https://app.example.com}, or {@code *}: every page
     * @param methods that pages may use, besides GET, HEAD and POST
     * @param headers fields that pages may set in requests
     * @param expose fields of responses that pages may read
     * @param credentials pages may send cookies and the like
     * @param maxAge how long a browser may remember the answer to a preflight
     */
    record Settings(
            List<String> origins,
            List<String> methods,
            List<String> headers,
            List<String> expose,
            @Default("false") boolean credentials,

            @Default("10m") @Range(min = "0s", max = "24h") Duration maxAge) {
        Settings {
            if (origins.isEmpty()) {
                throw new WrongValueException("origins", "there is no origin");
            }
            for (String origin : origins) {
                if (!origin.equals(ANY) && !ORIGIN.matcher(origin).matches()) {
                    throw new WrongValueException(
                            "origins", "'" + origin + "' is no origin such as https://app.example.com, nor *");
                }
            }
            if (credentials && origins.contains(ANY)) {
                throw new WrongValueException(
                        "credentials", "with origins: [\"*\"] every page could act as the user; name the origins");
            }
            check("methods", methods);
            check("headers", headers);
            check("expose", expose);
        }

        private static void check(String component, List<String> tokens) {
            for (String token : tokens) {
                if (!FieldRules.isToken(token) || token.equals(ANY)) {
                    throw new WrongValueException(component, "'" + token + "' is no name");
                }
            }
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new Cors(settings);
        }
    }

    Cors(Settings settings) {
        this.settings = settings;
        origins = Set.copyOf(settings.origins());
        methods = String.join(", ", settings.methods());
        headers = String.join(", ", settings.headers());
        exposed = String.join(", ", settings.expose());
        maxAge = Long.toString(settings.maxAge().toSeconds());
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        HttpFields fields = exchange.request().fields();
        String origin = fields.get("Origin");
        if (origin == null) {
            return HttpVerdict.CONTINUE;
        }
        boolean allowed = origins.contains(ANY) || origins.contains(origin);
        if (allowed) {
            exchange.set(ALLOWED, origins.contains(ANY) ? ANY : origin);
        }
        if (!exchange.request().method().equals("OPTIONS") || !fields.contains("Access-Control-Request-Method")) {
            return HttpVerdict.CONTINUE;
        }
        exchange.answer(preflight(exchange));
        return HttpVerdict.ANSWERED;
    }

    private HttpAnswer preflight(HttpExchange exchange) {
        HttpAnswer answer = HttpAnswer.of(NO_CONTENT)
                .with(VARY, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
        String allowed = exchange.get(ALLOWED);
        if (allowed == null) {
            return answer;
        }
        answer = answer.with(ALLOW_ORIGIN, allowed).with("Access-Control-Max-Age", maxAge);
        if (settings.credentials()) {
            answer = answer.with(ALLOW_CREDENTIALS, "true");
        }
        if (!methods.isEmpty()) {
            answer = answer.with("Access-Control-Allow-Methods", methods);
        }
        return headers.isEmpty() ? answer : answer.with("Access-Control-Allow-Headers", headers);
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        HttpFields fields = exchange.response().fields();
        fields.remove(ALLOW_ORIGIN).remove(ALLOW_CREDENTIALS).remove(EXPOSE);
        if (!origins.contains(ANY)) {
            fields.add(VARY, "Origin"); // also of a response to another page, which a cache must not give to this one
        }
        String allowed = exchange.get(ALLOWED);
        if (allowed != null) {
            fields.set(ALLOW_ORIGIN, allowed);
            if (settings.credentials()) {
                fields.set(ALLOW_CREDENTIALS, "true");
            }
            if (!exposed.isEmpty()) {
                fields.set(EXPOSE, exposed);
            }
        }
        return HttpVerdict.CONTINUE;
    }
}
