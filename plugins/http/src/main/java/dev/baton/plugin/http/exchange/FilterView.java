package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.exchange.FilterCalls.Given;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpRequest;
import dev.baton.spi.http.HttpResponse;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpTimings;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.EventExecutor;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An exchange as one of its filters sees it.
 *
 * @param index which filter
 */
record FilterView(FilteredExchange exchange, FilterCalls calls, int index) implements HttpExchange {
    @Override
    public HttpRequest request() {
        return exchange.request();
    }

    @Override
    public HttpResponse response() {
        return exchange.response();
    }

    @Override
    public boolean hasResponse() {
        return exchange.hasResponse();
    }

    @Override
    public ConnectionFacts facts() {
        return exchange.facts();
    }

    @Override
    public String service() {
        return exchange.service();
    }

    @Override
    public String route() {
        return exchange.routeName();
    }

    @Override
    public @Nullable String server() {
        return exchange.server();
    }

    @Override
    public int retries() {
        return exchange.retries();
    }

    @Override
    public HttpTimings timings() {
        return exchange.timings();
    }

    @Override
    public long requestBytes() {
        return exchange.requestBytes;
    }

    @Override
    public long responseBytes() {
        return exchange.responseBytes;
    }

    @Override
    public <T> @Nullable T get(HttpAttribute<T> key) {
        return exchange.get(key);
    }

    @Override
    public <T> void set(HttpAttribute<T> key, @Nullable T value) {
        exchange.set(key, value);
    }

    @Override
    public ByteBufAllocator allocator() {
        return exchange.client.channel().alloc();
    }

    @Override
    public void skipBody() {
        calls.skipBody(index);
    }

    @Override
    public void resume() {
        calls.resume(index);
    }

    @Override
    public void answer(HttpAnswer answer) {
        give(new Given(ResponseHead.of(answer), answer.body(), null));
    }

    @Override
    public HttpStream stream(HttpAnswer head, long length) {
        if (!exchange.isHandler(index)) {
            throw new IllegalStateException("streams are for handlers");
        }
        ResponseHead made = ResponseHead.of(head, length);
        ByteBuffer first = head.body();
        HandlerStream begun =
                new HandlerStream(exchange, exchange.client, length < 0 ? -1 : length - first.remaining());
        give(new Given(made, first, begun));
        return begun;
    }

    private void give(Given answer) {
        exchange.checkNotBegun();
        calls.give(index, answer);
    }

    @Override
    public EventExecutor executor() {
        return exchange.client.channel().eventLoop();
    }

    /** An exchange is equal to itself only. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    @Override
    public String toString() {
        return exchange.request().method() + " " + exchange.request().target();
    }
}
