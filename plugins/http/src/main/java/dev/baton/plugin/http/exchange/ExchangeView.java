package dev.baton.plugin.http.exchange;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.http.HttpResponse;
import dev.baton.spi.http.HttpTimings;
import dev.baton.spi.upstream.UpstreamServer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/** What filters can see of an exchange, and keep there; each sees it by a {@link FilterView} of its own. */
abstract class ExchangeView {
    private static final VarHandle ATTRIBUTES;

    static {
        try {
            ATTRIBUTES = MethodHandles.lookup().findVarHandle(ExchangeView.class, "attributes", ConcurrentMap.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final Downstream client;
    final Exchange exchange;
    final Route route;

    @Nullable
    ResponseView response;

    long connectedNanos = HttpTimings.NEVER;
    long requestEndNanos = HttpTimings.NEVER;
    long responseBeginNanos = HttpTimings.NEVER;
    long responseEndNanos = HttpTimings.NEVER;
    long requestBytes;
    long responseBytes;

    private final long beganNanos;
    private @Nullable RequestView request;
    /** Only by {@link #ATTRIBUTES}: a callback that is late may use them while those of other filters run. */
    @SuppressWarnings("UnusedVariable") // read through ATTRIBUTES
    private @Nullable ConcurrentMap<HttpAttribute<?>, Object> attributes;

    ExchangeView(Downstream client, Exchange exchange, Route route, long nowNanos) {
        this.client = client;
        this.exchange = exchange;
        this.route = route;
        beganNanos = nowNanos;
        if (!exchange.hasBody()) {
            requestEndNanos = 0;
        }
    }

    /** The head of the request is still here, and can be changed. */
    abstract boolean isHeld();

    HttpRequest request() {
        RequestView view = request;
        if (view == null) {
            view = new RequestView(exchange, this::isHeld);
            request = view;
        }
        return view;
    }

    HttpResponse response() {
        ResponseView view = response;
        if (view == null) {
            throw new IllegalStateException("there is no response yet");
        }
        return view;
    }

    boolean hasResponse() {
        return response != null;
    }

    ConnectionFacts facts() {
        return client.facts(exchange);
    }

    String service() {
        return client.env().service();
    }

    String routeName() {
        return route.name();
    }

    @Nullable
    String server() {
        UpstreamServer server = exchange.server();
        return server == null ? null : server.address();
    }

    int retries() {
        return exchange.attempts + exchange.unreached + exchange.retries;
    }

    HttpTimings timings() {
        return new HttpTimings(requestEndNanos, connectedNanos, responseBeginNanos, responseEndNanos);
    }

    /** Nanoseconds since the head of the request had been read. */
    final long sinceBegin() {
        return Math.max(0, client.nanoTime() - beganNanos);
    }

    @SuppressWarnings("unchecked") // it was put there under the key of its type
    <T> @Nullable T get(HttpAttribute<T> key) {
        ConcurrentMap<HttpAttribute<?>, Object> kept = attributes();
        return kept == null ? null : (T) kept.get(key);
    }

    <T> void set(HttpAttribute<T> key, @Nullable T value) {
        ConcurrentMap<HttpAttribute<?>, Object> kept = attributes();
        if (value == null) {
            if (kept != null) {
                kept.remove(key);
            }
            return;
        }
        if (kept == null) {
            ConcurrentMap<HttpAttribute<?>, Object> made = new ConcurrentHashMap<>();
            kept = ATTRIBUTES.compareAndSet(this, null, made) ? made : attributes();
        }
        if (kept != null) { // it never becomes null again
            kept.put(key, value);
        }
    }

    @SuppressWarnings("unchecked") // nothing else is put there
    private @Nullable ConcurrentMap<HttpAttribute<?>, Object> attributes() {
        return (ConcurrentMap<HttpAttribute<?>, Object>) ATTRIBUTES.getAcquire(this);
    }
}
