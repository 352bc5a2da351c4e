package dev.baton.testkit.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpStream;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.testkit.ContractRun;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A handler with one thing wrong fails its contract, with a message that names the promise; a right one passes. */
class WrongHttpHandlerTest {
    private static Wrong wrong = Wrong.NOTHING;

    /** What is wrong with the handler. */
    enum Wrong {
        NOTHING,
        NEVER_ENDS_THE_STREAM,
        DOES_NOT_ANSWER,
        THROWS_FOR_A_STAR,
        COUNTS_PIECES,
        DOES_NOT_WAIT,
        SAYS_A_WRONG_LENGTH,
        LEAVES_A_TIMER,
        KEEPS_THE_BODY,
        THROWS_AT_AN_EARLY_END,
        REMEMBERS_THE_LAST_TARGET,
        CANNOT_CLOSE
    }

    static List<Arguments> wrongs() {
        return List.of(
                Arguments.of(Wrong.NEVER_ENDS_THE_STREAM, "shouldAnswer", "a stream was begun, and not ended"),
                Arguments.of(Wrong.DOES_NOT_ANSWER, "shouldAnswer", "has to answer, or to wait, by the last piece"),
                Arguments.of(Wrong.THROWS_FOR_A_STAR, "shouldTakeAnyRequest", "a handler throws for no request"),
                Arguments.of(Wrong.COUNTS_PIECES, "shouldTreatPiecesAsTheWhole", "bodies in pieces"),
                Arguments.of(Wrong.DOES_NOT_WAIT, "shouldWaitForASlowClient", "nothing is written before whenReady"),
                Arguments.of(Wrong.SAYS_A_WRONG_LENGTH, "shouldAnswer", "bytes before the length that was said"),
                Arguments.of(
                        Wrong.LEAVES_A_TIMER,
                        "shouldGiveEverythingBackWhereverTheExchangeEnds",
                        "a timer is left behind"),
                Arguments.of(
                        Wrong.KEEPS_THE_BODY,
                        "shouldGiveEverythingBackWhereverTheExchangeEnds",
                        "were not released by the end"),
                Arguments.of(
                        Wrong.THROWS_AT_AN_EARLY_END,
                        "shouldGiveEverythingBackWhereverTheExchangeEnds",
                        "may end after any callback"),
                Arguments.of(Wrong.REMEMBERS_THE_LAST_TARGET, "shouldKeepExchangesApart", "as if it were the only one"),
                Arguments.of(Wrong.CANNOT_CLOSE, "shouldCloseUnused", "close without an exchange"));
    }

    @ParameterizedTest
    @MethodSource("wrongs")
    void shouldFail(Wrong what, String test, String promise) {
        wrong = what;
        assertThat(ContractRun.run(Contract.class, test, Map.of()))
                .as("%s", what)
                .hasValueSatisfying(failure -> {
                    StringBuilder text = new StringBuilder();
                    for (Throwable each = failure; each != null; each = each.getCause()) {
                        text.append(each).append('\n');
                    }
                    assertThat(text.toString()).contains(promise);
                });
    }

    /** Two threads may by luck not meet in a single run. */
    @Test
    void shouldFailOnThreadsThatMeet() {
        wrong = Wrong.REMEMBERS_THE_LAST_TARGET;
        Optional<Throwable> failure = Optional.empty();
        for (int run = 0; run < 50 && failure.isEmpty(); run++) {
            failure = ContractRun.run(Contract.class, "shouldServeManyThreads", Map.of());
        }
        assertThat(failure).isPresent();
    }

    @Test
    void shouldPassWithNothingWrong() {
        wrong = Wrong.NOTHING;
        for (String test : List.of(
                "shouldAnswer",
                "shouldTakeAnyRequest",
                "shouldTreatPiecesAsTheWhole",
                "shouldWaitForASlowClient",
                "shouldGiveEverythingBackWhereverTheExchangeEnds",
                "shouldKeepExchangesApart",
                "shouldServeManyThreads",
                "shouldCloseUnused")) {
            assertThat(ContractRun.run(Contract.class, test, Map.of())).as(test).isEmpty();
        }
    }

    /** Nested, so that the build does not run it. */
    static class Contract extends HttpHandlerContract {
        @Override
        protected HttpHandler handler() {
            return new Echo();
        }

        @Override
        protected FakeExchange request() {
            return super.request().patience(Duration.ofMillis(100));
        }
    }

    /** Writes target and body of the request into a stream, a line each. */
    private static final class Echo implements HttpHandler {
        private static final HttpAttribute<String> BODY = HttpAttribute.named("body");
        private static final HttpAttribute<ByteBuf> KEPT = HttpAttribute.named("kept");

        private String lastTarget = "";

        @Override
        public HttpBodyUse requestBodyUse() {
            return HttpBodyUse.STREAM;
        }

        @Override
        public HttpVerdict handle(HttpExchange exchange) {
            lastTarget = exchange.request().target();
            if (wrong == Wrong.THROWS_FOR_A_STAR && lastTarget.equals("*")) {
                throw new IllegalArgumentException("no path");
            }
            exchange.set(BODY, "");
            if (wrong == Wrong.LEAVES_A_TIMER) {
                exchange.executor().schedule(() -> {}, 1, TimeUnit.HOURS);
            }
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            String more = body.bytes().toString(StandardCharsets.UTF_8);
            exchange.set(BODY, exchange.get(BODY) + more + (wrong == Wrong.COUNTS_PIECES ? "." : ""));
            if (wrong == Wrong.KEEPS_THE_BODY && exchange.get(KEPT) == null && !body.isLast()) {
                exchange.set(KEPT, body.bytes().retain());
            }
            if (!body.isLast() || wrong == Wrong.DOES_NOT_ANSWER) {
                return HttpVerdict.CONTINUE;
            }
            HttpStream stream = exchange.stream(HttpAnswer.of(200), wrong == Wrong.SAYS_A_WRONG_LENGTH ? 100 : -1);
            boolean more1 = stream.write(bytes(exchange.request().target() + '\n'));
            if (more1 || wrong == Wrong.DOES_NOT_WAIT) {
                rest(exchange, stream);
            } else {
                stream.whenReady(() -> rest(exchange, stream));
            }
            return HttpVerdict.ANSWERED;
        }

        private void rest(HttpExchange exchange, HttpStream stream) {
            String target = wrong == Wrong.REMEMBERS_THE_LAST_TARGET ? lastTarget : "";
            stream.write(bytes(target + exchange.get(BODY) + '\n'));
            if (wrong != Wrong.NEVER_ENDS_THE_STREAM) {
                stream.end();
            }
        }

        private static ByteBuf bytes(String text) {
            return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            if (wrong == Wrong.THROWS_AT_AN_EARLY_END && !exchange.hasResponse()) {
                throw new IllegalStateException("not answered");
            }
        }

        @Override
        public void close() {
            if (wrong == Wrong.CANNOT_CLOSE) {
                throw new IllegalStateException("nothing is open");
            }
        }
    }
}
