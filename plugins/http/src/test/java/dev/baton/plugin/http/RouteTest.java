package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RedirectConfig;
import dev.baton.plugin.http.config.RespondConfig;
import dev.baton.plugin.http.config.RetryConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Percent;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.ServerBusyException.Reason;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import io.netty.buffer.Unpooled;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which route a request takes, and what becomes of it there. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class RouteTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private record NoSettings() {}

    private static MatchConfig match(String host, String path, String method, Map<String, String> header) {
        return new MatchConfig(
                Optional.of(host).filter(text -> !text.isEmpty()),
                Optional.of(path).filter(text -> !text.isEmpty()),
                method.isEmpty() ? List.of() : List.of(method.split(" ", -1)),
                header);
    }

    private static RouteConfig respond(MatchConfig match, String body) {
        return new RouteConfig(
                Optional.empty(),
                match,
                List.of(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.of(new RespondConfig(200, body, "text/plain", Map.of())),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static RouteConfig redirect(String path, String to, int status) {
        return new RouteConfig(
                Optional.empty(),
                match("", path, "", Map.of()),
                List.of(),
                Optional.empty(),
                false,
                Optional.of(new RedirectConfig(to, status)),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    static RouteConfig handler(String path) {
        return new RouteConfig(
                Optional.empty(),
                match("", path, "", Map.of()),
                List.of(),
                Optional.empty(),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.of(new Choice<>(
                        HttpHandler.class,
                        "handler",
                        new NoSettings(),
                        FilterScene.choice("handler", dev.baton.spi.http.HttpFilterOptions.OnFailure.REFUSE)
                                .options())),
                Optional.empty(),
                Optional.empty());
    }

    private static final HttpConfig TABLE = Bench.config(
            false,
            List.of(),
            respond(match("api.test", "/v1/*", "GET POST", Map.of("x-beta", "1")), "beta"),
            respond(match("api.test", "/v1/*", "GET POST", Map.of()), "api"),
            respond(match("api.test", "/v1/exact", "", Map.of()), "exact"),
            respond(match("api.test", "/v1/deep/er/*", "", Map.of()), "deeper"),
            respond(match("*.test", "", "", Map.of()), "any.test"),
            respond(match("*.deep.test", "/*", "", Map.of()), "any.deep.test"),
            respond(match("[::1]", "", "", Map.of()), "v6"),
            respond(match("", "/old/*", "", Map.of("X-Any", "*")), "old"),
            respond(match("", "/b c".replace(' ', '-'), "", Map.of()), "dash"),
            respond(match("", "/*", "PUT", Map.of()), "put"));

    @ParameterizedTest
    @CsvSource({
        "GET, api.test, /v1/x, beta, X-Beta: 1",
        "GET, api.test, /v1/x, api, X-Beta: 2",
        "GET, API.test:8080, /v1/x?a=/v1/exact, api, X-A: 1",
        "GET, api.test., /v1/, api, X-A: 1",
        "DELETE, api.test, /v1/x, any.test, X-A: 1",
        "DELETE, api.test, /v1/exact, exact, X-A: 1",
        "GET, api.test, /v1/exact?b, exact, X-Beta: 1",
        "GET, api.test, /v1/deep/er/x/y, deeper, X-A: 1",
        "GET, api.test, /v1/deep/er, api, X-A: 1",
        "GET, api.test, /v1, any.test, X-A: 1",
        "GET, api.test, /%76%31/x, api, X-A: 1",
        "GET, api.test, //v1///x, api, X-A: 1",
        "GET, api.test, /v1%2fx, api, X-A: 1",
        "GET, b.test, /, any.test, X-A: 1",
        "GET, a.b.test, /, any.test, X-A: 1",
        "GET, a.deep.test, /, any.deep.test, X-A: 1",
        "GET, deep.test, /, any.test, X-A: 1",
        "GET, test, /, '', X-A: 1",
        "GET, [::1]:80, /, v6, X-A: 1",
        "GET, other, /old/, old, x-any: ",
        "GET, other, /old/, '', X-A: 1",
        "GET, other, /b-c, dash, X-A: 1",
        "PUT, other, /b, put, X-A: 1",
        "OPTIONS, other, *, '', X-A: 1",
    })
    void theMostSpecificRouteTakesIt(String method, String host, String target, String route, String field) {
        try (Bench bench = new Bench(Ends.TOGETHER, TABLE)) {
            bench.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + field + "\r\n\r\n");
            String answer = bench.toClient();
            if (route.isEmpty()) {
                assertThat(answer).startsWith("HTTP/1.1 404 Not Found\r\n");
                assertThat(bench.refusals(Refusal.NO_ROUTE)).isOne();
            } else {
                assertThat(answer)
                        .isEqualTo("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + route.length()
                                + "\r\n\r\n" + route);
            }
            assertThat(bench.client.isOpen()).isTrue();
        }
    }

    /** A filter of /admin/* must not be walked around by a path that the server resolves, and Baton does not. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/public/../admin/",
                "/public/%2e%2e/admin/",
                "/public/%2E./admin/",
                "/public/..%2fadmin/",
                "/./admin/",
                "/admin/..",
                "/public/.",
                "/a%00b",
                "/a\\b",
                "/a%5cb",
                "/a%",
                "/a%4",
                "/a%zz"
            })
    void aPathThatMayMeanTwoThingsIsRefused(String target) {
        HttpConfig config = Bench.config(true, List.of(), respond(match("", "/admin/*", "", Map.of()), "admin"));
        try (Bench bench = new Bench(Ends.TOGETHER, config)) {
            bench.send("GET " + target + " HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 Bad Request\r\n");
            assertThat(bench.refusals(Refusal.AMBIGUOUS_PATH)).isOne();
            assertThat(bench.opened).isEmpty();
        }
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET " + target + " HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0)).as("no route looks at it").startsWith("GET " + target + " HTTP/1.1\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a.b", "/.well-known/x", "/a..b", "/...", "/a/.hidden", "/%61", "/a%20b"})
    void aPathWithDotsIsNothingBad(String target) {
        HttpConfig config = Bench.config(true, List.of(), respond(match("", "/admin/*", "", Map.of()), "admin"));
        try (Bench bench = new Bench(Ends.TOGETHER, config)) {
            bench.send("GET " + target + " HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET " + target + " HTTP/1.1\r\n");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/old/*, /new/{*}, /old/a/b?c=d, /new/a/b?c=d",
        "/old/*, https://other.test/, /old/a, https://other.test/",
        "/old/*, /new?x=1, /old/a?c, /new?x=1",
        "/*, https://other.test/{*}, /a?b, https://other.test/a?b",
        "/old/*, '/{*}', /old//evil.test/, '/evil.test/'",
        "/old/*, /new/{*}, /%6fld//a%20b?c, /new/a%20b?c",
    })
    void redirects(String path, String to, String target, String location) {
        try (Bench bench =
                new Bench(Ends.TOGETHER, Bench.config(!path.equals("/*"), List.of(), redirect(path, to, 307)))) {
            bench.send("POST " + target + " HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 307 Temporary Redirect\r\nLocation: " + location
                            + "\r\nContent-Length: 0\r\n\r\n");
            assertThat(bench.client.isOpen()).as("the body was read").isTrue();
        }
    }

    /** What can never be true is an error of the file. */
    @Test
    void routesThatCanNeverMatch() {
        RouteConfig all = respond(match("a.test", "/x/*", "", Map.of()), "1");
        RouteConfig get = respond(match("a.test", "/x/*", "GET", Map.of()), "2");
        RouteConfig field = respond(match("a.test", "/x/*", "GET", Map.of("a", "1")), "3");
        for (List<RouteConfig> wrong :
                List.of(List.of(all, all), List.of(all, get), List.of(get, field), List.of(field, field))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Bench.config(false, List.of(), wrong.toArray(RouteConfig[]::new)))
                    .withMessageContaining("it can never match: routes[0]");
        }
        assertThatNoException().isThrownBy(() -> Bench.config(false, List.of(), field, get, all));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bench.config(true, List.of(), respond(MatchConfig.everything(), "all")))
                .withMessageContaining("no request ever gets there");
        assertThatIllegalArgumentException().isThrownBy(() -> Bench.config(false, List.of()));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Bench.config(false, List.of(), all, all, get, RouteTest.redirect("/y", "/", 301)))
                .as("each of them")
                .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "/a*", "/*a", "/a/*/b", "/a b", "/a?b", "/%61", "//a", "/a/../b", "/.", "/ä", ""})
    void pathsThatAreNone(String path) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MatchConfig(Optional.empty(), Optional.of(path), List.of(), Map.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a:80", "*", "*a.test", "a.*.test", "http://a", "a b", "-a", ""})
    void hostsThatAreNone(String host) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new MatchConfig(Optional.of(host), Optional.empty(), List.of(), Map.of()));
    }

    // ---- servers

    private static HttpConfig toServers(Optional<Duration> timeout, Optional<RetryConfig> retry) {
        return Bench.config(
                false,
                List.of(),
                new RouteConfig(
                        Optional.of("main"),
                        MatchConfig.everything(),
                        List.of(),
                        Optional.of("app"),
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        timeout,
                        retry));
    }

    private static final List<UpstreamServer> TWO =
            List.of(new UpstreamServer("one.test:80", 0), new UpstreamServer("two.test:80", 1));

    /** The server that answers, which after a retry is not the one that was asked first. */
    @ParameterizedTest
    @EnumSource
    void aResponseBeginsTheSessionOfItsServer(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.sticky = true;
            bench.servers = TWO;
            bench.connectLater = true;
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.connecting.remove().failed(new ConnectException("refused"));
            bench.settle();
            bench.connected(bench.connecting.remove());
            bench.settle();
            bench.answer(0, "HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\n\r\n");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 204 No Content\r\nSet-Cookie: a=b\r\nset-cookie: srv=1\r\n\r\n");
            bench.connectLater = false;
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\nCookie: srv=1\r\n\r\n");
            bench.answer(bench.opened.size() - 1, "HTTP/1.1 204 No Content\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 204 No Content\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRouteLimitsTheWaitForAResponse(Ends ends) {
        try (Bench bench = new Bench(ends, toServers(Optional.of(Duration.ofSeconds(3)), Optional.empty()))) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.pass(2);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.pass(10);
            assertThat(bench.client.isOpen()).as("the head was in time").isTrue();
            bench.connectLater = true;
            bench.hangUp(bench.client);
        }
        try (Bench bench = new Bench(ends, toServers(Optional.of(Duration.ofSeconds(3)), Optional.empty()))) {
            bench.connectLater = true;
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.pass(4);
            assertThat(bench.toClient()).as("connecting counts too").startsWith("HTTP/1.1 504 ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatHasTooMuchToDo(Ends ends) {
        for (Reason reason : Reason.values()) {
            try (Bench bench = new Bench(ends, toServers(Optional.empty(), Optional.empty()))) {
                bench.servers = TWO;
                bench.refuseWith = new ServerBusyException(reason, "3 connections are open");
                bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
                assertThat(bench.toClient())
                        .startsWith("HTTP/1.1 503 Service Unavailable\r\n")
                        .contains("\r\nRetry-After: 1\r\n");
                assertThat(bench.asked)
                        .as("a full queue is not the other server's")
                        .hasSize(reason == Reason.FULL ? 2 : 1);
                assertThat(bench.refusals(Refusal.SERVER_BUSY)).isOne();
            }
        }
        try (Bench bench = new Bench(ends, toServers(Optional.empty(), Optional.empty()))) {
            bench.connectLater = true;
            List<String> cancelled = new ArrayList<>();
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.under(bench.client, () -> bench.connecting.element().waits(() -> cancelled.add("cancelled")));
            bench.hangUp(bench.client);
            assertThat(cancelled).as("nobody waits there any more").containsExactly("cancelled");
        }
    }

    @ParameterizedTest
    @EnumSource
    void asksTheNextServerWithinTheBudget(Ends ends) {
        try (Bench bench =
                new Bench(ends, toServers(Optional.empty(), Optional.of(new RetryConfig(1, new Percent(0)))))) {
            bench.servers = TWO;
            for (int i = 0; i < 11; i++) {
                int before = bench.opened.size();
                bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
                bench.hangUp(bench.opened.get(before));
                if (i < 10) {
                    assertThat(bench.asked.get(bench.asked.size() - 1))
                            .isNotEqualTo(bench.asked.get(bench.asked.size() - 2));
                    bench.answer(before + 1, OK);
                    assertThat(bench.toClient()).isEqualTo(OK);
                    bench.hangUp(bench.opened.get(before + 1));
                    bench.idle.clear();
                } else {
                    assertThat(bench.toClient()).as("the budget is spent").startsWith("HTTP/1.1 502 ");
                }
            }
        }
    }

    /** After a wait because of max-connections an exchange may get a connection that others had, and that has died. */
    @ParameterizedTest
    @EnumSource
    void asksAgainIfAConnectionThatOthersHadIsDead(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            EmbeddedConnection used = bench.idle.remove();
            bench.connectLater = true;
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            ConnectHandler waiting = bench.connecting.remove();
            bench.connectLater = false;
            bench.under(used, () -> waiting.connected(used));
            assertThat(bench.out(used)).startsWith("GET / ");
            bench.hangUp(used);
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    /** What may have been acted on is never asked again: whatever the budget, whatever has come of a response. */
    @ParameterizedTest
    @EnumSource
    void neverAsksAgainWhatMayHaveBeenActedOn(Ends ends) {
        for (String request : List.of(
                "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n",
                "PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi",
                "PATCH / HTTP/1.1\r\nHost: shop\r\n\r\n")) {
            try (Bench bench =
                    new Bench(ends, toServers(Optional.empty(), Optional.of(new RetryConfig(5, new Percent(100)))))) {
                bench.send(request);
                bench.hangUp(bench.opened.get(0));
                assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
                assertThat(bench.opened).hasSize(1);
            }
        }
        try (Bench bench =
                new Bench(ends, toServers(Optional.empty(), Optional.of(new RetryConfig(5, new Percent(100)))))) {
            bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, "HTTP/1.1 2");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.opened).hasSize(1);
        }
    }

    // ---- handlers

    private final List<String> log = new ArrayList<>();

    private Bench bench(Ends ends, HttpHandler handler) {
        return new Bench(ends, Bench.config(true, List.of(), handler("/h/*")), Map.of("handler", handler));
    }

    private abstract class Logged implements HttpHandler {
        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            log.add(outcome.kind() + " " + exchange.requestBytes() + " " + exchange.responseBytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerAnswers(Ends ends) {
        HttpHandler handler = new Logged() {
            @Override
            public HttpVerdict handle(HttpExchange exchange) {
                exchange.answer(HttpAnswer.of(200).text(exchange.request().path()));
                return HttpVerdict.ANSWERED;
            }
        };
        String answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 4\r\n\r\n/h/a";
        try (Bench bench = bench(ends, handler)) {
            bench.send("GET /h/a?b HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo(answer);
            bench.send("POST /h/a HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhel");
            assertThat(bench.toClient())
                    .as("the body first: the connection is kept")
                    .isEmpty();
            bench.send("loGET /h/a HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo(answer + answer);
            assertThat(log).containsExactly("COMPLETE 0 4", "COMPLETE 5 4", "COMPLETE 0 4");
            bench.send("POST /h/a HTTP/1.1\r\nHost: shop\r\nContent-Length: 5000000\r\n\r\nhel");
            assertThat(bench.toClient()).contains("Connection: close\r\n").endsWith("\r\n\r\n/h/a");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerTakesTheBody(Ends ends) {
        for (HttpBodyUse use : List.of(HttpBodyUse.STREAM, HttpBodyUse.whole(10))) {
            StringBuilder body = new StringBuilder();
            HttpHandler handler = new Logged() {
                @Override
                public HttpBodyUse requestBodyUse() {
                    return use;
                }

                @Override
                public HttpVerdict handle(HttpExchange exchange) {
                    return HttpVerdict.CONTINUE;
                }

                @Override
                public HttpVerdict requestBody(HttpExchange exchange, dev.baton.spi.http.HttpBody piece) {
                    body.append(piece.bytes().toString(StandardCharsets.US_ASCII))
                            .append('|');
                    if (!piece.isLast()) {
                        return HttpVerdict.CONTINUE;
                    }
                    exchange.answer(HttpAnswer.of(200).text(body.toString()));
                    body.setLength(0);
                    return HttpVerdict.ANSWERED;
                }
            };
            try (Bench bench = bench(ends, handler)) {
                bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
                assertThat(bench.toClient()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
                bench.send("he");
                bench.send("llo");
                assertThat(bench.toClient())
                        .endsWith(use.kind() == HttpBodyUse.Kind.STREAM ? "\r\n\r\nhe|llo|" : "\r\n\r\nhello|");
                bench.send("GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
                assertThat(bench.toClient()).endsWith("\r\n\r\n|");
                bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhe");
                bench.pass(61);
                assertThat(bench.toClient())
                        .as("a client that stops in the middle")
                        .startsWith("HTTP/1.1 408 ");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerStreams(Ends ends) {
        List<HttpStream> streams = new ArrayList<>();
        HttpHandler handler = new Logged() {
            @Override
            public HttpVerdict handle(HttpExchange exchange) {
                streams.add(exchange.stream(HttpAnswer.of(200).with("X-A", "1")));
                return HttpVerdict.ANSWERED;
            }
        };
        try (Bench bench = bench(ends, handler)) {
            bench.send("GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
            assertThat(streams.get(0).write(Unpooled.copiedBuffer("he", StandardCharsets.US_ASCII)))
                    .isTrue();
            bench.settle();
            assertThat(bench.toClient()).isEqualTo("2\r\nhe\r\n");
            List<String> ready = new ArrayList<>();
            streams.get(0).whenReady(() -> ready.add("ready"));
            bench.settle();
            assertThat(ready).containsExactly("ready");
            streams.get(0).end();
            streams.get(0).end();
            streams.get(0).write(Unpooled.copiedBuffer("late", StandardCharsets.US_ASCII));
            bench.settle();
            assertThat(bench.toClient()).isEqualTo("0\r\n\r\n");
            assertThat(log).containsExactly("COMPLETE 0 2");
            bench.send("HEAD /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\n");
            bench.send("GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
            streams.get(2).write(Unpooled.copiedBuffer("he", StandardCharsets.US_ASCII));
            streams.get(2).abort();
            bench.settle();
            assertThat(bench.toClient()).endsWith("2\r\nhe\r\n");
            assertThat(bench.client.isOpen())
                    .as("what is cut short does not look complete")
                    .isFalse();
            assertThat(log.get(2)).startsWith("CUT");
        }
    }

    @ParameterizedTest
    @EnumSource
    void handlersThatDoNotAnswer(Ends ends) {
        HttpHandler handler = exchange -> HttpVerdict.CONTINUE;
        try (Bench bench = bench(ends, handler)) {
            bench.send("GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown.get(0)).contains("does not read bodies");
        }
        HttpHandler silent = new Logged() {
            @Override
            public HttpBodyUse requestBodyUse() {
                return HttpBodyUse.STREAM;
            }

            @Override
            public HttpVerdict handle(HttpExchange exchange) {
                return HttpVerdict.CONTINUE;
            }
        };
        try (Bench bench = bench(ends, silent)) {
            bench.send("GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown.get(0)).contains("it has neither answered nor waits");
        }
        HttpHandler waits = exchange -> HttpVerdict.WAIT;
        try (Bench bench = bench(ends, waits)) {
            bench.send("GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.pass(3);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
        }
    }
}
