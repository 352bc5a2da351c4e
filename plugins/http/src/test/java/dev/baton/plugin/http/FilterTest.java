package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.threading.Blocking;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What filters see, in which order, and what becomes of an exchange by what they decide. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class FilterTest {
    private static final String GET = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String POST = "POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\n";
    private static final String FORWARDED =
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n";
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private final List<String> log = new ArrayList<>();
    private final ScriptedFilter a = new ScriptedFilter("a", log);
    private final ScriptedFilter b = new ScriptedFilter("b", log);

    @Blocking
    private final class Slow extends ScriptedFilter {
        Slow() {
            super("slow", FilterTest.this.log);
        }
    }

    private final ScriptedFilter slow = new Slow();

    static Choice<HttpFilter> choice(String type, OnFailure onFailure) {
        return choice(type, onFailure, Duration.ofSeconds(20));
    }

    private static Choice<HttpFilter> choice(String type, OnFailure onFailure, Duration budget) {
        return new Choice<>(
                HttpFilter.class,
                type,
                new NoSettings(),
                new HttpFilterOptions(onFailure, Duration.ofSeconds(2), budget));
    }

    private record NoSettings() {}

    private Bench bench(Ends ends, String... types) {
        return bench(ends, OnFailure.REFUSE, types);
    }

    private Bench bench(Ends ends, OnFailure onFailure, String... types) {
        List<Choice<HttpFilter>> filters = new ArrayList<>();
        for (String type : types) {
            filters.add(choice(type, onFailure));
        }
        return new Bench(ends, Bench.config(true, filters), Map.of("a", a, "b", b, "slow", slow));
    }

    private void assertLog(String... lines) {
        assertThat(log).containsExactly(lines);
        log.clear();
    }

    private static HttpVerdict answered(HttpExchange exchange, HttpAnswer answer) {
        exchange.answer(answer);
        return HttpVerdict.ANSWERED;
    }

    private static HttpVerdict upperCase(HttpBody body) {
        String text = body.bytes().toString(StandardCharsets.US_ASCII).toUpperCase(Locale.ROOT);
        body.replace(Unpooled.copiedBuffer(text + "!", StandardCharsets.US_ASCII));
        return HttpVerdict.CONTINUE;
    }

    @ParameterizedTest
    @EnumSource
    void requestsMeetFiltersInOrderAndResponsesInReverse(Ends ends) {
        try (Bench bench = bench(ends, "a", "b")) {
            for (int i = 0; i < 2; i++) {
                bench.send(GET);
                assertThat(bench.toServer(0)).isEqualTo("GET /a HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "\r\n");
                bench.answer(0, OK);
                assertThat(bench.toClient()).isEqualTo(OK);
                assertLog(
                        "a request /a",
                        "b request /a",
                        "b response 200",
                        "a response 200",
                        "a end COMPLETE",
                        "b end COMPLETE");
            }
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheyChangeInHeadsGoesOn(Ends ends) {
        HttpAttribute<String> key = HttpAttribute.named("key");
        a.onRequest = exchange -> {
            exchange.set(key, "kept");
            exchange.request().fields().set("X-Mine", "1").remove("accept");
            exchange.request().rewriteTarget("/b?c");
            exchange.request().rewriteAuthority("other:81");
            return HttpVerdict.CONTINUE;
        };
        a.onResponse = exchange -> {
            exchange.response().setStatus(203);
            exchange.response()
                    .fields()
                    .add("X-Key", String.valueOf(exchange.get(key)))
                    .remove("Server");
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send("GET /a HTTP/1.1\r\nHost: shop\r\nx-mine: 2\r\nAccept: */*\r\nX-MINE: 3\r\n\r\n");
            assertThat(bench.toServer(0))
                    .isEqualTo("GET /b?c HTTP/1.1\r\nHost: other:81\r\nX-Mine: 1\r\nX-Forwarded-For: 192.0.2.1\r\n"
                            + "X-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 5\r\n\r\nhello");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 203 Non-Authoritative Information\r\nX-Key: kept\r\nContent-Length: 5\r\n\r\n"
                            + "hello");
        }
    }

    /** Desync through a filter: only the service says where a message ends. */
    @ParameterizedTest
    @EnumSource
    void nobodyElseFramesMessages(Ends ends) {
        a.onRequest = exchange -> {
            for (String name : List.of(
                    "Content-Length",
                    "transfer-encoding",
                    "Connection",
                    "Host",
                    "TE",
                    "Trailer",
                    "Upgrade",
                    "Keep-Alive",
                    "Content_Length",
                    "Transfer_Encoding",
                    "Expect",
                    "")) {
                assertThatIllegalArgumentException()
                        .as(name)
                        .isThrownBy(() -> exchange.request().fields().add(name, "1"));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> exchange.request().fields().set(name, "1"));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> exchange.answer(HttpAnswer.of(200).with(name, "1")));
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.request().fields().remove("content-length"));
            for (String value : List.of("a\r\nb", "a\nb", "a\0b", "\u007f")) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> exchange.request().fields().set("X-A", value));
            }
            for (String target : List.of("a", "/a b", "/a\r\nb", "/a#b", "", "/\u00e4")) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> exchange.request().rewriteTarget(target));
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.request().rewriteAuthority("a b"));
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(POST + "hello");
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /a HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Content-Length: 5\r\n\r\nhello");
            assertThat(bench.thrown).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerMeetsThoseBeforeTheOneThatGivesIt(Ends ends) {
        b.onRequest = exchange -> answered(
                exchange, HttpAnswer.of(401).with("WWW-Authenticate", "Basic").text("who?"));
        a.onResponse = exchange -> {
            exchange.response().fields().add("X-A", "1");
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(GET + GET);
            String answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Type: text/plain;"
                    + " charset=utf-8\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nwho?";
            assertThat(bench.toClient()).isEqualTo(answer + answer);
            assertThat(bench.opened).isEmpty();
            assertThat(bench.client.isOpen()).isTrue();
            log.subList(0, 5).clear();
            assertLog("a request /a", "b request /a", "a response 401", "a end COMPLETE", "b end COMPLETE");
            bench.send("HEAD /a HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo(answer.substring(0, answer.length() - 4));
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsSentOrReadWhileAFilterWaits(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        a.onRequest = exchange -> {
            waiting.add(exchange);
            return HttpVerdict.WAIT;
        };
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(POST + "he");
            assertThat(bench.opened).isEmpty();
            assertThat(bench.client.config().isAutoRead()).isFalse();
            waiting.get(0).resume();
            waiting.get(0).resume(); // once too often
            bench.settle();
            bench.send("llo");
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /a HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Content-Length: 5\r\n\r\nhello");
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertLog(
                    "a request /a",
                    "b request /a",
                    "b response 200",
                    "a response 200",
                    "a end COMPLETE",
                    "b end COMPLETE");
            waiting.get(0).resume(); // the exchange is long over
            bench.settle();
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void resumesBeforeTheCallbackReturns(Ends ends) {
        a.onRequest = exchange -> {
            exchange.resume();
            return HttpVerdict.WAIT;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
        }
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerEndsTheWait(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        a.onRequest = exchange -> {
            waiting.add(exchange);
            return HttpVerdict.WAIT;
        };
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(GET);
            waiting.get(0).answer(HttpAnswer.of(403).text("no"));
            bench.settle();
            assertThat(bench.toClient())
                    .startsWith("HTTP/1.1 403 Forbidden\r\n")
                    .endsWith("\r\n\r\nno");
            assertLog("a request /a", "a end COMPLETE");
            assertThat(bench.opened).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aWaitThatIsTooLong(Ends ends) {
        a.onRequest = exchange -> HttpVerdict.WAIT;
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.pass(3);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertThat(bench.refusals(Refusal.FILTER_TIMEOUT)).isOne();
            assertLog("a request /a", "a end COMPLETE filter_timeout");
        }
        try (Bench bench = bench(ends, OnFailure.BYPASS, "a")) {
            bench.send(GET);
            bench.pass(3);
            assertThat(bench.toServer(0)).startsWith("GET /a ");
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertLog("a request /a", "a end COMPLETE");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFilterThatThrowsFailsClosed(Ends ends) {
        b.onRequest = exchange -> {
            throw new IllegalStateException("not today");
        };
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(POST + "hello");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 Internal Server Error\r\n");
            assertThat(bench.opened).isEmpty();
            assertThat(bench.thrown).containsExactly("plugin-b: java.lang.IllegalStateException: not today");
            assertLog(
                    "a request /a",
                    "b request /a",
                    "a response 500",
                    "a end COMPLETE filter_failed",
                    "b end COMPLETE filter_failed");
        }
        try (Bench bench = bench(ends, OnFailure.BYPASS, "a", "b")) {
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.refusals(Refusal.FILTER_FAILED)).isOne();
            assertLog("a request /a", "b request /a", "a response 200", "a end COMPLETE", "b end COMPLETE");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFilterThatThrowsAtTheResponse(Ends ends) {
        a.onResponse = exchange -> {
            throw new IllegalStateException("not today");
        };
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhel");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.opened.get(0).isOpen())
                    .as("half of a response is in it")
                    .isFalse();
            assertThat(bench.client.isOpen()).isTrue();
            assertLog(
                    "a request /a",
                    "b request /a",
                    "b response 200",
                    "a response 200",
                    "b response 500",
                    "a end COMPLETE filter_failed",
                    "b end COMPLETE filter_failed");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFilterThatThrowsInTheBodyCutsTheResponse(Ends ends) {
        a.responseUse = HttpBodyUse.STREAM;
        a.onResponseBody = (exchange, body) -> {
            if (body.bytes().toString(StandardCharsets.US_ASCII).contains("lo")) {
                throw new IllegalStateException("not today");
            }
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
            bench.answer(0, "lo");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel");
            assertThat(bench.client.isOpen()).isFalse();
            assertLog(
                    "a request /a",
                    "a response 200",
                    "a response body hel",
                    "a response body lo.",
                    "a end CUT filter_failed");
        }
    }

    @ParameterizedTest
    @EnumSource
    void looksAtBodiesAsTheyCome(Ends ends) {
        a.requestUse = HttpBodyUse.STREAM;
        b.responseUse = HttpBodyUse.STREAM;
        a.onRequestBody = (exchange, body) -> {
            body.bytes().skipBytes(body.bytes().readableBytes()); // what it has read goes on all the same
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(POST + "he");
            bench.send("llo");
            assertThat(bench.toServer(0)).endsWith("Content-Length: 5\r\n\r\nhello");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.answer(0, "llo");
            assertThat(bench.toClient()).isEqualTo(OK);
            assertLog(
                    "a request /a",
                    "b request /a",
                    "a request body he",
                    "a request body llo.",
                    "b response 200",
                    "a response 200",
                    "b response body he",
                    "b response body llo.",
                    "a end COMPLETE",
                    "b end COMPLETE");
        }
    }

    @ParameterizedTest
    @EnumSource
    void changesBodies(Ends ends) {
        a.requestUse = HttpBodyUse.TRANSFORM;
        a.responseUse = HttpBodyUse.TRANSFORM;
        a.onRequestBody = (exchange, body) -> upperCase(body);
        a.onResponseBody = (exchange, body) -> upperCase(body);
        try (Bench bench = bench(ends, "a")) {
            bench.send(POST + "he");
            bench.send("llo");
            assertThat(bench.toServer(0))
                    .endsWith("Transfer-Encoding: chunked\r\n\r\n3\r\nHE!\r\n4\r\nLLO!\r\n0\r\n\r\n");
            bench.answer(0, OK);
            assertThat(bench.toClient())
                    .as("all of it is there")
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHELLO!");
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.answer(0, "llo");
            assertThat(bench.toClient())
                    .isEqualTo(
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nHE!\r\n4\r\nLLO!\r\n0\r\n\r\n");
            bench.send("HEAD /a HTTP/1.1\r\nHost: shop\r\n\r\n");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            assertThat(bench.toClient()).as("of an unknown length").isEqualTo("HTTP/1.1 200 OK\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void doesNotWantThisBodyAfterAll(Ends ends) {
        a.requestUse = HttpBodyUse.TRANSFORM;
        a.responseUse = HttpBodyUse.whole(10);
        a.onRequest = exchange -> {
            exchange.skipBody();
            return HttpVerdict.CONTINUE;
        };
        a.onResponse = a.onRequest;
        try (Bench bench = bench(ends, "a")) {
            bench.send(POST + "hello");
            assertThat(bench.toServer(0)).endsWith("Content-Length: 5\r\n\r\nhello");
            bench.answer(0, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertLog("a request /a", "a response 200", "a end COMPLETE");
        }
    }

    @ParameterizedTest
    @EnumSource
    void wholeBodies(Ends ends) {
        b.requestUse = HttpBodyUse.whole(10);
        b.responseUse = HttpBodyUse.whole(10);
        b.onRequestBody = (exchange, body) -> upperCase(body);
        b.onResponseBody = (exchange, body) -> upperCase(body);
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send("POST /a HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n");
            assertThat(bench.opened).isEmpty();
            bench.send("3\r\nllo\r\n0\r\n\r\n");
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /a HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Content-Length: 6\r\n\r\nHELLO!");
            bench.answer(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n");
            assertThat(bench.toClient()).isEmpty();
            bench.answer(0, "3\r\nllo\r\n0\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHELLO!");
            assertThat(bench.client.isOpen()).isTrue();
            assertThat(bench.idle).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void wholeBodiesThatAreTooLong(Ends ends) {
        a.requestUse = HttpBodyUse.whole(4);
        a.responseUse = HttpBodyUse.whole(4);
        try (Bench bench = bench(ends, "a")) {
            bench.send(POST + "hello");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 413 ");
            assertThat(bench.opened).isEmpty();
            assertLog(
                    "a request /a",
                    "a response 413",
                    "a response body request body too large\n.",
                    "a end COMPLETE body_too_large");
        }
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.client.isOpen()).isTrue();
            assertLog(
                    "a request /a",
                    "a response 200",
                    "a response 502",
                    "a response body response body too large\n.",
                    "a end COMPLETE response_too_large");
        }
    }

    /** A client that waits to be told sends nothing to a filter that waits for all of it. */
    @ParameterizedTest
    @EnumSource
    void tellsTheClientToSendWhatAFilterWaitsFor(Ends ends) {
        a.requestUse = HttpBodyUse.whole(10);
        try (Bench bench = bench(ends, "a")) {
            bench.send("POST /a HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
            bench.send("hello");
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /a HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Content-Length: 5\r\n\r\nhello");
        }
    }

    @ParameterizedTest
    @EnumSource
    void waitsInTheMiddleOfBodies(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        a.requestUse = HttpBodyUse.STREAM;
        a.responseUse = HttpBodyUse.STREAM;
        a.onRequestBody = (exchange, body) -> {
            waiting.add(exchange);
            return HttpVerdict.WAIT;
        };
        a.onResponseBody = a.onRequestBody;
        a.onResponse = exchange -> {
            waiting.add(exchange);
            return HttpVerdict.WAIT;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(POST + "he");
            bench.send("llo");
            assertThat(bench.toServer(0)).endsWith("Content-Length: 5\r\n\r\n");
            waiting.get(0).resume();
            bench.settle();
            assertThat(bench.toServer(0)).isEqualTo("he");
            waiting.get(1).resume();
            bench.settle();
            assertThat(bench.toServer(0)).isEqualTo("llo");
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.answer(0, "llo");
            assertThat(bench.toClient()).isEmpty();
            for (int i = 2; i < waiting.size(); i++) {
                waiting.get(i).resume();
                bench.settle();
            }
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(log).startsWith("a request /a").endsWith("a end COMPLETE");
            bench.send(GET);
            assertThat(bench.toServer(0)).startsWith("GET /a");
        }
    }

    @ParameterizedTest
    @EnumSource
    void takesThePlaceOfAResponse(Ends ends) {
        b.onResponse = exchange -> answered(exchange, HttpAnswer.of(200).text("better"));
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 500 Oh\r\nContent-Length: 50\r\n\r\noh");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\nbetter");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
            assertThat(bench.client.isOpen()).isTrue();
            assertLog(
                    "a request /a",
                    "b request /a",
                    "b response 500",
                    "a response 200",
                    "a end COMPLETE",
                    "b end COMPLETE");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatGoesAway(Ends ends) {
        a.onRequest = exchange -> HttpVerdict.WAIT;
        a.responseUse = HttpBodyUse.whole(100);
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.hangUp(bench.client);
            assertLog("a request /a", "a end CLIENT_ABORTED");
        }
        a.onRequest = exchange -> HttpVerdict.CONTINUE;
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.hangUp(bench.client);
            assertLog("a request /a", "a response 200", "a end CLIENT_ABORTED");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aServerThatGoesAway(Ends ends) {
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.hangUp(bench.opened.get(0));
            assertLog("a request /a", "a response 200", "a end SERVER_ABORTED upstream_closed");
        }
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertLog("a request /a", "a response 502", "a end COMPLETE upstream_closed");
        }
    }

    @ParameterizedTest
    @EnumSource
    void blockingFiltersRunOnWorkers(Ends ends) {
        slow.onRequest = exchange -> {
            exchange.request().fields().set("X-User", "u");
            return HttpVerdict.CONTINUE;
        };
        slow.requestUse = HttpBodyUse.TRANSFORM;
        slow.onRequestBody = (exchange, body) -> upperCase(body);
        try (Bench bench = bench(ends, "a", "slow", "b")) {
            bench.send(POST + "hello");
            assertLog("a request /a");
            while (!bench.work.isEmpty()) {
                bench.work.remove().run();
                bench.settle();
            }
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /a HTTP/1.1\r\nHost: shop\r\nX-User: u\r\n" + FORWARDED
                            + "Transfer-Encoding: chunked\r\n\r\n6\r\nHELLO!\r\n0\r\n\r\n");
            bench.answer(0, OK);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).isEqualTo(OK);
            assertLog(
                    "slow request /a",
                    "b request /a",
                    "slow request body hello.",
                    "b response 200",
                    "slow response 200",
                    "a response 200",
                    "a end COMPLETE",
                    "slow end COMPLETE",
                    "b end COMPLETE");
        }
    }

    private static final int TOO_OFTEN = 10;

    /** It is called on loops again when its time is over, and goes at the first call that is too slow. */
    @ParameterizedTest
    @EnumSource
    void whatBlocksLoopsAgainAndAgainRunsOnWorkers(Ends ends) {
        List<Choice<HttpFilter>> filters = List.of(choice("a", OnFailure.REFUSE, Duration.ofMillis(20)));
        try (Bench bench = new Bench(ends, Bench.config(true, filters), Map.of("a", a))) {
            a.onRequest = exchange -> {
                bench.busyFor(30);
                return HttpVerdict.CONTINUE;
            };
            for (int i = 1; i < TOO_OFTEN; i++) {
                assertThat(workers(bench)).isEmpty();
            }
            assertThat(quarantines(bench)).isZero();
            assertThat(workers(bench)).as("from the last one on").containsExactly("response");
            assertThat(quarantines(bench)).isOne();
            assertThat(workers(bench)).containsExactly("request", "response");

            bench.pass(31);
            assertThat(workers(bench)).as("on trial").containsExactly("response");
            assertThat(quarantines(bench)).isEqualTo(2);
            bench.pass(31);
            assertThat(workers(bench)).as("for twice as long").containsExactly("request", "response");
            bench.pass(31);
            assertThat(workers(bench)).containsExactly("response");
        }
    }

    private static long quarantines(Bench bench) {
        return bench.count("baton_http_quarantines_total", "service", "shop", "type", "a", "how", "workers");
    }

    /** Which callbacks of an exchange workers have run. */
    private static List<String> workers(Bench bench) {
        List<String> ran = new ArrayList<>();
        bench.send(GET);
        runWork(bench, "request", ran);
        int connection = bench.opened.size() - 1; // others may have been idle for too long
        assertThat(bench.toServer(connection)).startsWith("GET /a");
        bench.answer(connection, OK);
        runWork(bench, "response", ran);
        assertThat(bench.toClient()).isEqualTo(OK);
        return ran;
    }

    private static void runWork(Bench bench, String name, List<String> ran) {
        while (!bench.work.isEmpty()) {
            ran.add(name);
            bench.work.remove().run();
            bench.settle();
        }
    }

    @ParameterizedTest
    @EnumSource
    void workersMayAnswerThrowAndBeBusy(Ends ends) {
        slow.onRequest = exchange -> answered(exchange, HttpAnswer.of(402));
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 402 ");
        }
        slow.onRequest = exchange -> {
            throw new IllegalStateException("database");
        };
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown).containsExactly("plugin-slow: java.lang.IllegalStateException: database");
        }
        try (Bench bench = bench(ends, "slow")) {
            bench.workersAreBusy = true;
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertThat(bench.refusals(Refusal.FILTER_BUSY)).isOne();
        }
        slow.onRequest = exchange -> HttpVerdict.CONTINUE;
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.pass(3);
            assertThat(bench.toClient()).as("it never returns").startsWith("HTTP/1.1 503 ");
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.opened).isEmpty();
        }
    }

    /** ANSWERED without an answer, and other things that no filter may do. */
    @ParameterizedTest
    @EnumSource
    void whatNoFilterMayDo(Ends ends) {
        a.onRequest = exchange -> HttpVerdict.ANSWERED;
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown.get(0)).contains("it says that it has answered, and has not");
        }
        a.onRequest = exchange -> HttpVerdict.CONTINUE;
        a.responseUse = HttpBodyUse.STREAM;
        a.onResponseBody = (exchange, body) -> {
            body.replace(Unpooled.EMPTY_BUFFER);
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            bench.answer(0, OK);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown.get(1 - 1)).contains("to be looked at, not to be changed");
        }
    }

    /** An exchange must not get past a filter because another one speaks late. */
    @ParameterizedTest
    @EnumSource
    void whatAFilterSaysTooLateEndsNoWaitOfAnother(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        a.onRequest = exchange -> {
            waiting.add(exchange);
            return HttpVerdict.WAIT;
        };
        b.onRequest = a.onRequest;
        try (Bench bench = bench(ends, OnFailure.BYPASS, "a", "b")) {
            bench.send(GET);
            bench.pass(2);
            assertLog("a request /a", "b request /a");
            waiting.get(0).resume();
            waiting.get(0).answer(HttpAnswer.of(200).text("in"));
            bench.settle();
            assertThat(bench.opened).as("b still waits").isEmpty();
            assertThat(bench.toClient()).isEmpty();
            waiting.get(1).answer(HttpAnswer.of(403));
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 403 ");
        }
        waiting.clear();
        try (Bench bench = bench(ends, "a", "b")) {
            bench.send(GET);
            waiting.get(0).resume();
            waiting.get(0).resume();
            bench.settle();
            assertThat(bench.opened).as("once too often is not for b").isEmpty();
            waiting.get(1).resume();
            bench.settle();
            assertThat(bench.toServer(0)).startsWith("GET /a ");
        }
    }

    /** A worker that is not listened to any more answers in the middle of the next filter's callback. */
    @ParameterizedTest
    @EnumSource
    void aWorkerThatIsTooLateDisturbsNobody(Ends ends) {
        List<HttpExchange> seen = new ArrayList<>();
        try (Bench bench = bench(ends, OnFailure.BYPASS, "slow", "b")) {
            slow.onRequest = exchange -> {
                seen.add(exchange);
                bench.pass(3);
                return answered(exchange, HttpAnswer.of(200).text("in"));
            };
            b.onRequest = exchange -> {
                seen.get(0).answer(HttpAnswer.of(200).text("in"));
                return answered(exchange, HttpAnswer.of(403));
            };
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(seen).hasSize(1);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 403 ");
            assertThat(bench.thrown).isEmpty();
        }
    }

    /** A filter that gives something back at the end may still use it: a deflater, for example. */
    @ParameterizedTest
    @EnumSource
    void theEndIsToldWhenTheCallbackOnAWorkerHasReturned(Ends ends) {
        try (Bench bench = bench(ends, "a", "slow")) {
            slow.onRequest = exchange -> {
                bench.pass(3);
                log.add("it runs");
                return HttpVerdict.CONTINUE;
            };
            bench.send(GET);
            bench.work.remove().run();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            bench.settle();
            assertLog(
                    "a request /a",
                    "slow request /a",
                    "a response 503",
                    "a end COMPLETE filter_timeout",
                    "it runs",
                    "slow end COMPLETE filter_timeout");
        }
        try (Bench bench = bench(ends, "slow")) {
            slow.onRequest = exchange -> {
                bench.cut(bench.client);
                log.add("it runs");
                throw new IllegalStateException("whatever it ends with");
            };
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertLog("slow request /a", "it runs", "slow end CLIENT_ABORTED");
        }
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.cut(bench.client);
            bench.work.remove().run();
            assertThat(log).as("it never began, and has no end").isEmpty();
        }
    }

    /** One callback of a filter at a time, also where the service answers itself because it has no more room. */
    @ParameterizedTest
    @EnumSource
    void aFilterThatStillRunsDoesNotSeeTheServicesAnswer(Ends ends) {
        try (Bench bench = bench(ends, "a", "slow")) {
            slow.onRequest = exchange -> {
                bench.under(bench.client, () -> bench.client.pipeline().fireUserEventTriggered(new Eviction()));
                log.add("it runs");
                return HttpVerdict.CONTINUE;
            };
            bench.send(GET);
            bench.work.remove().run();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            bench.settle();
            assertLog(
                    "a request /a",
                    "slow request /a",
                    "a response 503",
                    "a end COMPLETE evicted",
                    "it runs",
                    "slow end COMPLETE evicted");
        }
    }

    /** What a filter begins in the callback of a request it finishes at the end: none comes without the other. */
    @ParameterizedTest
    @EnumSource
    void aFilterThatIsNotCalledSeesNoEnd(Ends ends) {
        try (Bench bench = bench(ends, "a", "slow")) {
            bench.workersAreBusy = true;
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertLog("a request /a", "a response 503", "a end COMPLETE filter_busy");
        }
        try (Bench bench = bench(ends, "a", "slow")) {
            bench.send(GET);
            bench.pass(3);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            bench.work.remove().run();
            bench.settle();
            assertLog("a request /a", "a response 503", "a end COMPLETE filter_timeout");
        }
        try (Bench bench = bench(ends, "a", "slow")) {
            bench.send(GET);
            bench.under(bench.client, () -> bench.client.pipeline().fireUserEventTriggered(new Eviction()));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertLog("a request /a", "a response 503", "a end COMPLETE evicted");
        }
    }

    /** An executor of a plugin's own may refuse, too: that is no lack of workers. */
    @ParameterizedTest
    @EnumSource
    void whatIsRejectedInACallbackIsAnErrorOfIts(Ends ends) {
        slow.onRequest = exchange -> {
            throw new RejectedExecutionException("full");
        };
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown).hasSize(1);
        }
    }

    /** What it was given, and what it gives instead, is released by the one who has it last. */
    @ParameterizedTest
    @EnumSource
    void aBodyThatIsReplacedTooLateIsReleased(Ends ends) {
        List<ByteBuf> given = new ArrayList<>();
        List<ByteBuf> made = new ArrayList<>();
        slow.requestUse = HttpBodyUse.TRANSFORM;
        for (OnFailure onFailure : OnFailure.values()) {
            try (Bench bench = bench(ends, onFailure, "slow")) {
                slow.onRequestBody = (exchange, body) -> {
                    given.add(body.bytes());
                    bench.pass(3);
                    assertThat(body.bytes().toString(StandardCharsets.US_ASCII)).isEqualTo("hello");
                    ByteBuf other = exchange.allocator().buffer().writeBytes(new byte[] {'x'});
                    made.add(other);
                    body.replace(other);
                    return HttpVerdict.CONTINUE;
                };
                bench.send(POST + "hello");
                while (!bench.work.isEmpty()) {
                    bench.work.remove().run();
                    bench.settle();
                }
                if (onFailure == OnFailure.BYPASS) {
                    assertThat(bench.toServer(0)).as("what came").contains("5\r\nhello\r\n");
                } else {
                    assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
                }
                assertThat(bench.thrown).isEmpty();
            }
        }
        assertThat(given).hasSize(2).allMatch(each -> each.refCnt() == 0);
        assertThat(made).hasSize(2).allMatch(each -> each.refCnt() == 0);
    }

    /** Of a filter that waits, and says what it wants when its time is over. */
    @ParameterizedTest
    @EnumSource
    void whatABodyIsReplacedByAfterTheWaitIsReleased(Ends ends) {
        List<HttpBody> bodies = new ArrayList<>();
        a.requestUse = HttpBodyUse.TRANSFORM;
        a.onRequestBody = (exchange, body) -> {
            bodies.add(body);
            return HttpVerdict.WAIT;
        };
        for (OnFailure onFailure : OnFailure.values()) {
            try (Bench bench = bench(ends, onFailure, "a")) {
                bench.send(POST + "hello");
                bench.pass(3);
                ByteBuf other = bench.allocator.buffer().writeBytes(new byte[] {'x'});
                assertThatIllegalStateException()
                        .isThrownBy(() -> bodies.get(bodies.size() - 1).replace(other))
                        .withMessageContaining("too late");
                assertThat(other.refCnt()).isZero();
            }
        }
    }

    /** Else one that asks a database, and fails, may do so on loops for ever. */
    @ParameterizedTest
    @EnumSource
    void whatBlocksAndThrowsIsCounted(Ends ends) {
        List<Choice<HttpFilter>> filters = List.of(choice("a", OnFailure.REFUSE, Duration.ofMillis(20)));
        try (Bench bench = new Bench(ends, Bench.config(true, filters), Map.of("a", a))) {
            a.onRequest = exchange -> {
                bench.busyFor(30);
                throw new IllegalStateException("no database");
            };
            for (int i = 0; i < TOO_OFTEN; i++) {
                bench.send(GET);
                assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            }
            assertThat(quarantines(bench)).isOne();
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
        }
    }

    /** A slip in a filter that checks something must not let the request in. */
    @ParameterizedTest
    @EnumSource
    void anAnswerAndContinueIsNoPass(Ends ends) {
        a.onRequest = exchange -> {
            exchange.answer(HttpAnswer.of(401));
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            assertThat(bench.opened).isEmpty();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown.get(0)).contains("it has answered, and says that the exchange is to continue");
        }
    }

    /** A client that only says how much it will send takes none of the memory for it. */
    @ParameterizedTest
    @EnumSource
    void aLengthThatIsOnlySaidTakesNoMemory(Ends ends) {
        a.requestUse = HttpBodyUse.whole(1 << 30);
        try (Bench bench = bench(ends, "a")) {
            bench.send("POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000000\r\n\r\nx");
            assertThat(bench.allocator.metric().usedDirectMemory()
                            + bench.allocator.metric().usedHeapMemory())
                    .isLessThan(64 * 1024);
        }
    }

    @ParameterizedTest
    @EnumSource
    void moreFieldsThanThereMayBe(Ends ends) {
        a.onRequest = exchange -> {
            for (int i = 0; i < 1000; i++) {
                exchange.request().fields().add("X-" + i, "1");
            }
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, "a")) {
            bench.send(GET);
            assertThat(bench.thrown.get(0)).contains("IllegalArgumentException: more than 256");
        }
    }
}
