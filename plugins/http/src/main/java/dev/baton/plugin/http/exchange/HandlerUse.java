package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.service.Contributed;

/** A handler at the end of a route. To the code that calls filters it is one more, which has to answer. */
record HandlerUse(FilterUse use) {
    static HandlerUse of(Contributed<HttpHandler> contributed, String type, HttpFilterOptions options) {
        return new HandlerUse(new FilterUse(
                contributed,
                new Last(contributed.instance()),
                contributed.instance().getClass(),
                type,
                options));
    }

    private record Last(HttpHandler handler) implements HttpFilter {
        @Override
        public HttpBodyUse requestBodyUse() {
            return handler.requestBodyUse();
        }

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            return handler.handle(exchange);
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            return handler.requestBody(exchange, body);
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            handler.end(exchange, outcome);
        }

        @Override
        public void close() {
            handler.close();
        }
    }
}
