package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Handlers that begin a response and then write nothing, whose exchange stood still for ever: they have their
 * {@code timeout} for each piece, which is 2 s here.
 */
class HandlerSilenceTest {
    private static final String GET = "GET /h/ HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    private final List<HttpStream> streams = new ArrayList<>();
    private final List<String> log = new ArrayList<>();

    /** Begins a response and leaves the rest to the test. */
    private class Begins implements HttpHandler {
        @Override
        public HttpVerdict handle(HttpExchange exchange) {
            streams.add(exchange.stream(HttpAnswer.of(200)));
            return HttpVerdict.ANSWERED;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            log.add(outcome.kind() + " " + outcome.reason());
        }
    }

    /** The same, and reads the body of the request. */
    private final class Reads extends Begins {
        @Override
        public HttpBodyUse requestBodyUse() {
            return HttpBodyUse.STREAM;
        }

        @Override
        public HttpVerdict handle(HttpExchange exchange) {
            super.handle(exchange);
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            log.add("read " + body.bytes().readableBytes());
            return HttpVerdict.CONTINUE;
        }
    }

    private static Bench bench(Ends ends, HttpHandler handler, HttpFilter... filters) {
        return new Bench(
                ends,
                Bench.config(
                        true,
                        filters.length == 0 ? List.of() : List.of(FilterScene.choice("filter", OnFailure.REFUSE)),
                        RouteTest.handler("/h/*")),
                filters.length == 0 ? Map.of("handler", handler) : Map.of("handler", handler, "filter", filters[0]));
    }

    private static ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    /** Writes as a thread of the handler's would. */
    private void write(Bench bench, String text) {
        streams.get(0).write(text(text));
        bench.settle();
    }

    private void isCutFor(Bench bench, Refusal refusal) {
        assertThat(bench.client.isOpen()).isFalse();
        assertThat(bench.refusals(refusal)).isOne();
        assertThat(log).last().isEqualTo(HttpOutcome.Kind.CUT + " " + refusal.label());
    }

    @ParameterizedTest
    @EnumSource
    void oneThatWritesNothingIsCut(Ends ends) {
        try (Bench bench = bench(ends, new Begins())) {
            bench.send(GET);
            bench.pass(1);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            assertThat(bench.toClient()).isEqualTo(HEAD);
            isCutFor(bench, Refusal.FILTER_TIMEOUT);
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachPieceBeginsTheTimeAnew(Ends ends) {
        try (Bench bench = bench(ends, new Begins())) {
            bench.send(GET);
            for (int i = 0; i < 6; i++) {
                bench.pass(1);
                write(bench, "x");
            }
            assertThat(bench.toClient()).isEqualTo(HEAD + "1\r\nx\r\n".repeat(6));
            bench.pass(3);
            isCutFor(bench, Refusal.FILTER_TIMEOUT);
        }
    }

    @ParameterizedTest
    @EnumSource
    void oneThatEndsLeavesTheConnection(Ends ends) {
        try (Bench bench = bench(ends, new Begins())) {
            bench.send(GET);
            bench.pass(1);
            write(bench, "x");
            streams.get(0).end();
            bench.settle();
            bench.pass(5);
            assertThat(bench.toClient()).isEqualTo(HEAD + "1\r\nx\r\n0\r\n\r\n");
            assertThat(bench.client.isOpen()).isTrue();
            assertThat(bench.refusals(Refusal.FILTER_TIMEOUT)).isZero();
        }
    }

    /** Time runs for the handler again when the client has taken everything. */
    @ParameterizedTest
    @EnumSource
    void timeDoesNotRunWhileTheClientTakesNothing(Ends ends) {
        try (Bench bench = bench(ends, new Begins())) {
            bench.send(GET);
            bench.client.stalled(true);
            write(bench, "x".repeat(100_000));
            bench.pass(30);
            assertThat(bench.client.isOpen()).isTrue();
            bench.client.stalled(false);
            bench.settle();
            bench.pass(1);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            isCutFor(bench, Refusal.FILTER_TIMEOUT);
        }
    }

    @ParameterizedTest
    @EnumSource
    void timeDoesNotRunWhileTheRequestStillComes(Ends ends) {
        try (Bench bench = bench(ends, new Reads())) {
            bench.send("POST /h/ HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\nhe");
            bench.pass(30);
            assertThat(bench.client.isOpen()).isTrue();
            bench.send("llo");
            assertThat(log).containsExactly("read 2", "read 3");
            bench.pass(1);
            assertThat(bench.client.isOpen()).isTrue();
            bench.pass(2);
            isCutFor(bench, Refusal.FILTER_TIMEOUT);
        }
    }

    /** Nothing of the response is out yet: the client can be told. */
    @ParameterizedTest
    @EnumSource
    void whatAFilterCollectsIsAnswered(Ends ends) {
        HttpFilter whole = new HttpFilter() {
            @Override
            public HttpBodyUse responseBodyUse() {
                return HttpBodyUse.whole(1_000);
            }
        };
        try (Bench bench = bench(ends, new Begins(), whole)) {
            bench.send(GET);
            write(bench, "x");
            bench.pass(1);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertThat(bench.refusals(Refusal.FILTER_TIMEOUT)).isOne();
        }
    }

    @ParameterizedTest
    @EnumSource
    void noTimerOutlivesTheClient(Ends ends) {
        try (Bench bench = bench(ends, new Begins())) {
            bench.send(GET);
            bench.hangUp(bench.client);
            assertThat(bench.client.runScheduledPendingTasks())
                    .as("until the next timer")
                    .isEqualTo(-1);
            assertThat(log).containsExactly("CLIENT_ABORTED null");
        }
    }
}
