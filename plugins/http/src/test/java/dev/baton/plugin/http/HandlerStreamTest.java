package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.threading.Blocking;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Responses that a handler writes piece by piece, at the client's pace, also while it reads the request's body. */
class HandlerStreamTest {
    private static final String GET = "GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final ByteBuf PIECE = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(new byte[64 * 1024]));

    private final List<String> log = new ArrayList<>();

    private static Bench bench(Ends ends, HttpHandler handler) {
        return new Bench(ends, Bench.config(true, List.of(), RouteTest.handler("/h/*")), Map.of("handler", handler));
    }

    private static Bench bench(Ends ends, HttpHandler handler, HttpFilter filter) {
        return new Bench(
                ends,
                Bench.config(true, List.of(FilterScene.choice("filter", OnFailure.REFUSE)), RouteTest.handler("/h/*")),
                Map.of("handler", handler, "filter", filter));
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    private static long pending(Bench bench) {
        return bench.client.unsafe().outboundBuffer().totalPendingWriteBytes();
    }

    private static String bodyOf(String response) {
        return response.substring(response.indexOf("\r\n\r\n") + 4);
    }

    private static HttpHandler streams(long length, Consumer<HttpStream> then) {
        return exchange -> {
            then.accept(exchange.stream(HttpAnswer.of(200), length));
            return HttpVerdict.ANSWERED;
        };
    }

    private static void send(HttpStream stream, int pieces) {
        int left = pieces;
        boolean more = true;
        while (more && left > 0) {
            more = stream.write(PIECE.retainedDuplicate());
            left--;
        }
        if (left == 0) {
            stream.end();
        } else {
            int rest = left;
            stream.whenReady(() -> send(stream, rest));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenInTheCallbackFollowsTheHead(Ends ends) {
        try (Bench bench = bench(ends, streams(-1, stream -> {
            stream.write(text("he"));
            stream.write(text("llo"));
            stream.end();
        }))) {
            for (int i = 0; i < 2; i++) {
                bench.send(GET);
                assertThat(bench.toClient())
                        .isEqualTo(
                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aLengthThatIsKnownIsSaid(Ends ends) {
        try (Bench bench = bench(ends, streams(5, stream -> {
            stream.write(text("hello"));
            stream.end();
        }))) {
            bench.send(GET);
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            bench.send(GET.replace("GET", "HEAD"));
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            bench.send(GET);
            assertThat(bench.toClient()).as("the connection is kept").endsWith("hello");
        }
        List<Consumer<HttpStream>> liars = List.of(HttpStream::end, stream -> stream.write(text("hello!")));
        for (Consumer<HttpStream> liar : liars) {
            try (Bench bench = bench(ends, streams(5, liar))) {
                bench.send(GET);
                assertThat(bench.client.isOpen())
                        .as("what it is short of cannot come any more")
                        .isFalse();
                assertThat(bench.thrown.get(0)).contains("announced length");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatHasEnoughHoldsTheHandlerBack(Ends ends) {
        int pieces = 100;
        try (Bench bench = bench(ends, streams(pieces * 65_536L, stream -> send(stream, pieces)))) {
            bench.client.stalled(true);
            bench.send(GET);
            assertThat(pending(bench)).isBetween(1L, 200_000L);
            bench.client.stalled(false);
            bench.settle();
            assertThat(bodyOf(bench.toClient())).hasSize(pieces * 65_536);
            bench.send(GET);
            assertThat(bodyOf(bench.toClient())).hasSize(pieces * 65_536);
        }
    }

    /** Once write said how much the connection held, and nothing of what was still on its way there. */
    @Test
    void whatIsOnItsWayToTheConnectionCountsToo() {
        List<HttpStream> streams = new ArrayList<>();
        try (Bench bench = bench(Ends.APART, streams(-1, streams::add))) {
            bench.send(GET);
            HttpStream stream = streams.get(0);
            assertThat(stream.write(text("little"))).isTrue();
            assertThat(stream.write(PIECE.retainedDuplicate())).isFalse();
            stream.whenReady(() -> log.add("ready"));
            assertThat(log).isEmpty();
            bench.settle();
            assertThat(log).containsExactly("ready");
            assertThat(stream.write(text("little"))).isTrue();
            stream.end();
            bench.settle();
            assertThat(stream.write(text("late"))).as("it has ended").isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFilterThatWaitsHoldsTheHandlerBack(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        HttpFilter filter = new HttpFilter() {
            @Override
            public HttpBodyUse responseBodyUse() {
                return HttpBodyUse.STREAM;
            }

            @Override
            public HttpVerdict responseBody(HttpExchange exchange, HttpBody body) {
                waiting.add(exchange);
                return HttpVerdict.WAIT;
            }
        };
        try (Bench bench = bench(ends, streams(-1, stream -> send(stream, 3)), filter)) {
            bench.send(GET);
            int pieces = 0;
            for (; !waiting.isEmpty(); pieces++) {
                assertThat(waiting).as("one at a time").hasSize(1);
                waiting.remove(0).resume();
                bench.settle();
            }
            assertThat(pieces).as("three, and the end").isEqualTo(4);
            assertThat(bench.toClient()).endsWith("\r\n0\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void fieldsBehindTheBody(Ends ends) {
        try (Bench bench = bench(ends, new Echo())) {
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n");
            bench.send("2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
            assertThat(bodyOf(bench.toClient())).isEqualTo("2\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerThatThrowsWhenItMayWriteIsCut(Ends ends) {
        try (Bench bench = bench(
                ends,
                streams(
                        -1,
                        stream -> stream.whenReady(() -> {
                            throw new IllegalStateException("no more");
                        })))) {
            bench.send(GET);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.thrown.get(0)).contains("no more");
        }
    }

    // ---- responding while the request comes

    /** Sends back what comes. */
    private final class Echo implements HttpHandler {
        private static final HttpAttribute<HttpStream> STREAM = HttpAttribute.named("stream");

        @Override
        public HttpBodyUse requestBodyUse() {
            return HttpBodyUse.STREAM;
        }

        @Override
        public HttpVerdict handle(HttpExchange exchange) {
            exchange.set(
                    STREAM,
                    exchange.stream(HttpAnswer.of(200), exchange.request().contentLength()));
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            HttpStream stream = Objects.requireNonNull(exchange.get(STREAM));
            stream.write(body.bytes().retainedSlice());
            if (body.isLast() && body.trailers() != null) {
                stream.end(body.trailers());
            } else if (body.isLast()) {
                stream.end();
            }
            return HttpVerdict.CONTINUE;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            log.add(outcome.kind() + " " + exchange.requestBytes() + " " + exchange.responseBytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerRespondsAsItReads(Ends ends) {
        try (Bench bench = bench(ends, new Echo())) {
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhe");
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.send("llo" + GET);
            assertThat(bench.toClient())
                    .as("the connection is kept")
                    .isEqualTo("lloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
            bench.send("hello");
            assertThat(bench.toClient()).isEqualTo("hello");
            assertThat(log).containsExactly("COMPLETE 5 5", "COMPLETE 0 0", "COMPLETE 5 5");
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheClientDoesNotTakeIsNotRead(Ends ends) {
        try (Bench bench = bench(ends, new Echo())) {
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 300000\r\n\r\n");
            bench.client.stalled(true);
            bench.send("x".repeat(100_000));
            assertThat(bench.client.config().isAutoRead()).isFalse();
            bench.send("y".repeat(200_000)); // what was read before reading stopped
            assertThat(pending(bench)).isLessThan(200_000);
            bench.client.stalled(false);
            bench.settle();
            assertThat(bodyOf(bench.toClient())).isEqualTo("x".repeat(100_000) + "y".repeat(200_000));
            assertThat(bench.client.config().isAutoRead()).isTrue();
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 200 ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatReadsNothingIsCut(Ends ends) {
        try (Bench bench = bench(ends, new Echo())) {
            bench.client.stalled(true);
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 300000\r\n\r\n" + "x".repeat(200_000));
            bench.pass(130);
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(log).hasSize(1).first().asString().startsWith("CUT ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aFilterOfTheHeadWaitsWhileTheHandlerReads(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        HttpFilter filter = new HttpFilter() {
            @Override
            public HttpVerdict response(HttpExchange exchange) {
                waiting.add(exchange);
                return HttpVerdict.WAIT;
            }
        };
        try (Bench bench = bench(ends, new Echo(), filter)) {
            bench.send(GET);
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi");
            assertThat(bench.toClient()).isEmpty();
            waiting.remove(0).resume();
            bench.settle();
            assertThat(bench.toClient()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            waiting.remove(0).resume();
            bench.settle();
            assertThat(bench.toClient()).endsWith("\r\n\r\nhi");
        }
    }

    // ---- timers and workers

    @ParameterizedTest
    @EnumSource
    void timersRunUnderTheClaim(Ends ends) {
        List<Future<?>> timers = new ArrayList<>();
        HttpHandler handler = new HttpHandler() {
            @Override
            public HttpVerdict handle(HttpExchange exchange) {
                timers.add(exchange.executor()
                        .schedule(
                                () -> {
                                    assertThat(exchange.executor().inEventLoop())
                                            .isTrue();
                                    HttpStream stream = exchange.stream(HttpAnswer.of(200), 4);
                                    stream.write(text("late"));
                                    stream.end();
                                },
                                1,
                                TimeUnit.SECONDS));
                return HttpVerdict.WAIT;
            }

            @Override
            public void end(HttpExchange exchange, HttpOutcome outcome) {
                timers.forEach(each -> each.cancel(false));
            }
        };
        try (Bench bench = bench(ends, handler)) {
            bench.send(GET);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(1);
            assertThat(bench.toClient()).endsWith("\r\n\r\nlate");
            bench.send(GET);
            bench.hangUp(bench.client);
            assertThat(timers.get(1).isCancelled()).isTrue();
        }
    }

    @Blocking
    private static final class Slow implements HttpHandler {
        @Override
        public HttpVerdict handle(HttpExchange exchange) {
            HttpStream stream = exchange.stream(HttpAnswer.of(200));
            stream.write(text("from a worker"));
            stream.end();
            return HttpVerdict.ANSWERED;
        }
    }

    /** Once it was lost: it came before the response had begun. */
    @ParameterizedTest
    @EnumSource
    void whatAWorkerWritesWaitsForTheHead(Ends ends) {
        try (Bench bench = bench(ends, new Slow())) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).endsWith("\r\n\r\nd\r\nfrom a worker\r\n0\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void onlyHandlersStream(Ends ends) {
        HttpFilter filter = new HttpFilter() {
            @Override
            public HttpVerdict request(HttpExchange exchange) {
                exchange.stream(HttpAnswer.of(200));
                return HttpVerdict.ANSWERED;
            }
        };
        try (Bench bench = bench(ends, streams(-1, HttpStream::end), filter)) {
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
        }
        HttpHandler tooLong = exchange -> {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.stream(HttpAnswer.of(200).text("hello"), 4));
            exchange.answer(HttpAnswer.of(204));
            return HttpVerdict.ANSWERED;
        };
        try (Bench bench = bench(ends, tooLong)) {
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 204 ");
        }
    }

    /** As error-pages does: the handler's own response is dropped with all that was written. */
    @ParameterizedTest
    @EnumSource
    void whatWasWrittenForAResponseThatAFilterReplacesIsReleased(Ends ends) {
        ByteBuf piece = text("lost");
        ScriptedFilter filter = new ScriptedFilter("filter", log);
        filter.onResponse = exchange -> {
            if (exchange.response().status() == 200) {
                exchange.answer(HttpAnswer.of(503).text("instead"));
                return HttpVerdict.ANSWERED;
            }
            return HttpVerdict.CONTINUE;
        };
        try (Bench bench = bench(ends, streams(-1, stream -> stream.write(piece)), filter)) {
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ").endsWith("instead");
            assertThat(piece.refCnt()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenAfterTheClientHasLeftIsReleased(Ends ends) {
        List<HttpExchange> waiting = new ArrayList<>();
        try (Bench bench = bench(ends, exchange -> {
            waiting.add(exchange);
            return HttpVerdict.WAIT;
        })) {
            bench.send(GET);
            bench.hangUp(bench.client);
            bench.settle();
            ByteBuf piece = text("late");
            waiting.get(0).stream(HttpAnswer.of(200)).write(piece);
            bench.settle();
            assertThat(piece.refCnt()).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenByACallbackThatThrowsIsReleased(Ends ends) {
        ByteBuf piece = text("lost");
        try (Bench bench = bench(ends, exchange -> {
            exchange.stream(HttpAnswer.of(200)).write(piece);
            throw new IllegalStateException("no");
        })) {
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(piece.refCnt()).isZero();
        }
    }
}
