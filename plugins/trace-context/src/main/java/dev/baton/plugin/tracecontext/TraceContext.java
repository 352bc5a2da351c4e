package dev.baton.plugin.tracecontext;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import jakarta.inject.Inject;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the trace of a request together: passes {@code traceparent} and {@code tracestate} on, or begins a trace. Where
 * spans are exported each exchange is one, and the server is told that this is the one that asks.
 */
final class TraceContext implements HttpFilter {
    static final String PARENT = "traceparent";
    static final String STATE = "tracestate";

    private final Settings settings;
    private final SharedSpans shared;
    /** Null if spans are not exported. */
    private final @Nullable Spans spans;

    /**
     * The keys.
     *
     * @param endpoint where spans are sent, by OTLP over HTTP; without it none are made
     * @param headers what is sent with them, for example a token
     * @param serviceName the name under which they are shown
     * @param sample of the traces that begin here: how many
     * @param trust whether a client's trace is continued
     */
    record Settings(
            Optional<String> endpoint,
            Map<String, String> headers,
            @Default("baton") String serviceName,
            @Default("100%") Percent sample,
            @Default("true") boolean trust) {
        Settings {
            headers = Map.copyOf(headers);
            endpoint.ifPresent(Settings::check);
        }

        SharedSpans.Way way() {
            return new SharedSpans.Way(endpoint.orElseThrow(), headers, serviceName, sample);
        }

        private static void check(String text) {
            URI uri;
            try {
                uri = URI.create(text);
            } catch (IllegalArgumentException e) {
                throw new WrongValueException("endpoint", "'" + text + "' is no URL");
            }
            String scheme = uri.getScheme();
            if (uri.getHost() == null || !("http".equals(scheme) || "https".equals(scheme))) {
                throw new WrongValueException(
                        "endpoint", "'" + text + "' is no URL like http://127.0.0.1:4318/v1/traces");
            }
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        private final SharedSpans shared;

        @Inject
        Factory(SharedSpans shared) {
            this.shared = shared;
        }

        @Override
        public HttpFilter create(Settings settings) {
            return new TraceContext(settings, shared);
        }
    }

    TraceContext(Settings settings, SharedSpans shared) {
        this.settings = settings;
        this.shared = shared;
        this.spans = settings.endpoint().isEmpty() ? null : shared.use(settings.way());
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        HttpFields fields = exchange.request().fields();
        TraceParent parent = settings.trust() ? sent(fields) : null;
        if (parent == null && fields.contains(STATE)) {
            fields.remove(STATE); // belongs to a trace that is not continued (section 3.3.1.3)
        }
        if (spans != null) {
            fields.set(PARENT, spans.begin(exchange, parent).toString());
        } else if (parent == null) {
            fields.set(
                    PARENT,
                    TraceParent.begin(ThreadLocalRandom.current().nextDouble()
                                    < settings.sample().share())
                            .toString());
        }
        return HttpVerdict.CONTINUE;
    }

    private static @Nullable TraceParent sent(HttpFields fields) {
        List<String> all = fields.all(PARENT);
        return all.size() == 1 ? TraceParent.parse(all.get(0)) : null;
    }

    @Override
    public void end(HttpExchange exchange, HttpOutcome outcome) {
        if (spans != null) {
            spans.end(exchange, outcome);
        }
    }

    @Override
    public void close() {
        if (spans != null) {
            shared.giveBack(settings.way());
        }
    }
}
