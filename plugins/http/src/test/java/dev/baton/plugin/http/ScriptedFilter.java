package dev.baton.plugin.http;

import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;

/** A filter that notes what it sees, and does what a test says. */
class ScriptedFilter implements HttpFilter {
    final String name;
    final List<String> log;
    HttpBodyUse requestUse = HttpBodyUse.NONE;
    HttpBodyUse responseUse = HttpBodyUse.NONE;
    Function<HttpExchange, HttpVerdict> onRequest = exchange -> HttpVerdict.CONTINUE;
    Function<HttpExchange, HttpVerdict> onResponse = exchange -> HttpVerdict.CONTINUE;
    BiFunction<HttpExchange, HttpBody, HttpVerdict> onRequestBody = (exchange, body) -> HttpVerdict.CONTINUE;
    BiFunction<HttpExchange, HttpBody, HttpVerdict> onResponseBody = (exchange, body) -> HttpVerdict.CONTINUE;

    ScriptedFilter(String name, List<String> log) {
        this.name = name;
        this.log = log;
    }

    @Override
    public HttpBodyUse requestBodyUse() {
        return requestUse;
    }

    @Override
    public HttpBodyUse responseBodyUse() {
        return responseUse;
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        log.add(name + " request " + exchange.request().target());
        return onRequest.apply(exchange);
    }

    @Override
    public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
        log.add(name + " request body " + words(body));
        return onRequestBody.apply(exchange, body);
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        log.add(name + " response " + exchange.response().status());
        return onResponse.apply(exchange);
    }

    @Override
    public HttpVerdict responseBody(HttpExchange exchange, HttpBody body) {
        log.add(name + " response body " + words(body));
        return onResponseBody.apply(exchange, body);
    }

    private static String words(HttpBody body) {
        return body.bytes().toString(StandardCharsets.US_ASCII) + (body.isLast() ? "." : "");
    }

    @Override
    public void end(HttpExchange exchange, HttpOutcome outcome) {
        log.add(name + " end " + outcome.kind() + (outcome.reason() == null ? "" : " " + outcome.reason()));
    }
}
