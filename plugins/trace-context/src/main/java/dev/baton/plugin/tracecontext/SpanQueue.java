package dev.baton.plugin.tracecontext;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.internal.FailedExportException.HttpExportException;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.HttpResponse;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Level;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spans that wait to be sent, or are being sent: no more than {@link #WAITING_MAX}, and those that come beyond are
 * dropped. Counts what becomes of each, and tells the log once when the collector takes none, and once when it does
 * again.
 *
 * <p>A loop only counts a span and puts it into a queue; a thread of OpenTelemetry's sends them in batches.
 */
final class SpanQueue implements SpanProcessor {
    static final int WAITING_MAX = 2_048;

    private static final Logger LOG = LoggerFactory.getLogger(SpanQueue.class);
    /**
     * The exporter logs failures too, several a minute and past our own log. Kept here, since the JDK forgets loggers
     * that nothing refers to.
     */
    private static final java.util.logging.Logger EXPORTERS_OWN =
            java.util.logging.Logger.getLogger("io.opentelemetry.exporter.otlp.internal.HttpExporter");

    private static final String METRIC = "baton_trace_spans_total";
    private static final String HELP = "Spans of exchanges, by what became of them.";

    private final SpanProcessor batches;
    private final String endpoint;
    private final Counter sent;
    private final Counter failed;
    private final Counter dropped;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicBoolean failing = new AtomicBoolean();

    /**
     * An empty one.
     *
     * @param endpoint where the exporter sends to
     */
    SpanQueue(SpanExporter exporter, String endpoint, Metrics metrics) {
        EXPORTERS_OWN.setLevel(Level.OFF);
        this.endpoint = endpoint;
        sent = metrics.counter(METRIC, HELP, "result", "sent");
        failed = metrics.counter(METRIC, HELP, "result", "failed");
        dropped = metrics.counter(METRIC, HELP, "result", "dropped");
        batches = BatchSpanProcessor.builder(new Counted(exporter))
                .setMaxQueueSize(WAITING_MAX) // never full: those that are being sent count here, too
                .build();
    }

    @Override
    public void onStart(Context parent, ReadWriteSpan span) {}

    @Override
    public boolean isStartRequired() {
        return false;
    }

    @Override
    public void onEnd(ReadableSpan span) {
        if (!span.getSpanContext().isSampled()) {
            return;
        }
        if (waiting.incrementAndGet() > WAITING_MAX) {
            waiting.decrementAndGet();
            dropped.increment();
        } else {
            batches.onEnd(span);
        }
    }

    @Override
    public boolean isEndRequired() {
        return true;
    }

    @Override
    public CompletableResultCode shutdown() {
        return batches.shutdown();
    }

    @Override
    public CompletableResultCode forceFlush() {
        return batches.forceFlush();
    }

    private void ended(int count, CompletableResultCode result) {
        waiting.addAndGet(-count);
        if (result.isSuccess()) {
            sent.add(count);
            if (failing.compareAndSet(true, false)) {
                LOG.info("spans can be sent to {} again", endpoint);
            }
            return;
        }
        failed.add(count);
        if (failing.compareAndSet(false, true)) {
            LOG.warn(
                    "spans cannot be sent to {}: {}; they are dropped, and counted in {} (logged once, until they can be"
                            + " sent again)",
                    endpoint,
                    why(result.getFailureThrowable()),
                    METRIC);
        }
    }

    private static String why(@Nullable Throwable thrown) {
        HttpResponse response = thrown instanceof HttpExportException http ? http.getResponse() : null;
        if (response != null) {
            return "it has answered with status " + response.getStatusCode();
        }
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (each instanceof IOException) {
                return each.toString();
            }
        }
        return thrown == null ? "the time for it is over" : thrown.toString();
    }

    /** Tells the queue what became of each batch. */
    private final class Counted implements SpanExporter {
        private final SpanExporter exporter;

        Counted(SpanExporter exporter) {
            this.exporter = exporter;
        }

        @Override
        public CompletableResultCode export(Collection<SpanData> spans) {
            int count = spans.size(); // the collection is used again
            CompletableResultCode result = exporter.export(spans);
            return result.whenComplete(() -> ended(count, result));
        }

        @Override
        public CompletableResultCode flush() {
            return exporter.flush();
        }

        @Override
        public CompletableResultCode shutdown() {
            return exporter.shutdown();
        }
    }
}
