package dev.baton.plugin.tracecontext;

import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.metrics.Metrics;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanLimits;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Exchanges as spans, by OpenTelemetry, which wait in a {@link SpanQueue} to be sent. Names and attributes are those of
 * its semantic conventions for HTTP servers. Opens no connection before there are spans.
 *
 * @see <a href="https://opentelemetry.io/docs/specs/semconv/http/http-spans/">Semantic conventions for HTTP spans</a>
 */
final class Spans {
    private static final HttpAttribute<Span> SPAN = HttpAttribute.named("span");
    /** How long the last spans may take when the filter is closed. */
    private static final long CLOSE_SECONDS = 5;

    private static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    private static final AttributeKey<String> METHOD_ORIGINAL = AttributeKey.stringKey("http.request.method_original");
    private static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    private static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    private static final AttributeKey<String> PATH = AttributeKey.stringKey("url.path");
    private static final AttributeKey<String> SCHEME = AttributeKey.stringKey("url.scheme");
    private static final AttributeKey<String> AUTHORITY = AttributeKey.stringKey("server.address");
    private static final AttributeKey<String> CLIENT = AttributeKey.stringKey("client.address");
    private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");
    private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("baton.service");
    private static final AttributeKey<String> SERVER = AttributeKey.stringKey("baton.server");

    /** A client must not make names of its own. */
    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");

    private static final String OTHER_METHOD = "_OTHER";
    /** What a client sends must not take much memory in the queue, in characters. */
    private static final int VALUE_MAX = 1_024;
    /** Few and short enough that a batch which cannot be sent is given up well before the close ends. */
    private static final RetryPolicy RETRIES = RetryPolicy.builder()
            .setMaxAttempts(3)
            .setInitialBackoff(Duration.ofMillis(200))
            .setMaxBackoff(Duration.ofSeconds(1))
            .build();

    private final SdkTracerProvider provider;
    private final Tracer tracer;

    /**
     * Spans that are sent to an endpoint.
     *
     * @param share of the traces that begin here: how many are sampled, from 0 to 1
     */
    Spans(String endpoint, Map<String, String> headers, String serviceName, double share, Metrics metrics) {
        OtlpHttpSpanExporterBuilder exporter =
                OtlpHttpSpanExporter.builder().setEndpoint(endpoint).setRetryPolicy(RETRIES);
        headers.forEach(exporter::addHeader);
        provider = SdkTracerProvider.builder()
                .setResource(Resource.getDefault()
                        .merge(Resource.create(Attributes.of(AttributeKey.stringKey("service.name"), serviceName))))
                .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(share)))
                .setSpanLimits(SpanLimits.builder()
                        .setMaxAttributeValueLength(VALUE_MAX)
                        .build())
                .addSpanProcessor(new SpanQueue(exporter.build(), endpoint, metrics))
                .build();
        tracer = provider.get("dev.baton");
    }

    /**
     * Begins the span of an exchange.
     *
     * @param parent the one that has asked; null begins a trace
     * @return what the server is told
     */
    TraceParent begin(HttpExchange exchange, @Nullable TraceParent parent) {
        HttpRequest request = exchange.request();
        boolean known = METHODS.contains(request.method());
        Span span = tracer.spanBuilder((known ? request.method() : "HTTP") + " " + exchange.route())
                .setParent(parent == null ? Context.root() : Context.root().with(Span.wrap(context(parent))))
                .setSpanKind(SpanKind.SERVER)
                .setAttribute(METHOD, known ? request.method() : OTHER_METHOD)
                .setAttribute(ROUTE, exchange.route())
                .setAttribute(PATH, request.path())
                .setAttribute(SCHEME, request.scheme())
                .setAttribute(SERVICE, exchange.service())
                .startSpan();
        if (!known) {
            span.setAttribute(METHOD_ORIGINAL, request.method());
        }
        if (!request.authority().isEmpty()) {
            span.setAttribute(AUTHORITY, request.authority());
        }
        if (exchange.facts().client() instanceof InetSocketAddress client && client.getAddress() != null) {
            span.setAttribute(CLIENT, client.getAddress().getHostAddress());
        }
        exchange.set(SPAN, span);
        SpanContext made = span.getSpanContext();
        return new TraceParent(
                made.getTraceId(), made.getSpanId(), made.getTraceFlags().asHex());
    }

    private static SpanContext context(TraceParent parent) {
        return SpanContext.createFromRemoteParent(
                parent.traceId(),
                parent.spanId(),
                TraceFlags.fromHex(parent.flags(), 0),
                TraceState.getDefault()); // the field is passed on as it is
    }

    /** Ends it, if it was begun. */
    void end(HttpExchange exchange, HttpOutcome outcome) {
        Span span = exchange.get(SPAN);
        if (span == null) {
            return;
        }
        int status = exchange.hasResponse() ? exchange.response().status() : 0;
        if (status > 0) {
            span.setAttribute(STATUS, (long) status);
        }
        String server = exchange.server();
        if (server != null) {
            span.setAttribute(SERVER, server);
        }
        if (outcome.kind() != HttpOutcome.Kind.COMPLETE) {
            span.setAttribute(ERROR, outcome.kind().name().toLowerCase(Locale.ROOT));
        } else if (status >= 500) {
            span.setAttribute(ERROR, Integer.toString(status));
        }
        // What a client does is no error of the server's.
        if (status >= 500
                || outcome.kind() == HttpOutcome.Kind.SERVER_ABORTED
                || outcome.kind() == HttpOutcome.Kind.CUT) {
            span.setStatus(StatusCode.ERROR);
        }
        span.end();
    }

    /** Sends what is left. Blocks, for some seconds at most. */
    void close() {
        provider.shutdown().join(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
