package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Range;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;

/**
 * Refuses requests whose body is too long with 413: at once if the request says how long it is, else as soon as it has
 * become too long, when the server may have seen the beginning.
 */
final class MaxBody implements HttpFilter {
    private static final HttpAnswer TOO_LARGE = HttpAnswer.of(413).text("Content Too Large\n");

    private final long limit;

    /**
     * The keys.
     *
     * @param limit of a request's body
     */
    record Settings(@Range(min = "1B", max = "1048576GiB") ByteSize limit) {}

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new MaxBody(settings);
        }
    }

    MaxBody(Settings settings) {
        limit = settings.limit().bytes();
    }

    @Override
    public HttpBodyUse requestBodyUse() {
        return HttpBodyUse.STREAM;
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        long length = exchange.request().contentLength();
        if (length > limit) {
            return refuse(exchange);
        }
        if (length >= 0) {
            exchange.skipBody(); // it is as long as it says
        }
        return HttpVerdict.CONTINUE;
    }

    @Override
    public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
        return exchange.requestBytes() > limit ? refuse(exchange) : HttpVerdict.CONTINUE;
    }

    private static HttpVerdict refuse(HttpExchange exchange) {
        exchange.answer(TOO_LARGE);
        return HttpVerdict.ANSWERED;
    }
}
