package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What filters see, in which order, and what becomes of an exchange by what they decide. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class FilterTest extends FilterScene {

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
