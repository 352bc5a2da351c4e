package dev.baton.testkit.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.testkit.ContractRun;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A filter with one thing wrong fails its contract, with a message that names the promise; one that is right passes.
 */
class WrongHttpFilterTest {
    private static Wrong wrong = Wrong.NOTHING;

    /** What is wrong with the filter. */
    enum Wrong {
        NOTHING,
        REFUSES_EVERYBODY,
        REFUSES_NOBODY,
        THROWS_FOR_AN_EMPTY_FIELD,
        THROWS_WITHOUT_A_TYPE,
        SETS_THE_LENGTH,
        NEVER_RESUMES,
        SAYS_ANSWERED,
        CONTINUES_AFTER_AN_ANSWER,
        MARKS_EACH_PIECE,
        RELEASES_THE_BODY,
        RETAINS_THE_BODY,
        WRITES_INTO_THE_BODY,
        NEEDS_THE_WHOLE_EXCHANGE,
        REMEMBERS_THE_LAST_METHOD,
        CANNOT_CLOSE
    }

    static List<Arguments> wrongs() {
        return List.of(
                Arguments.of(Wrong.REFUSES_EVERYBODY, "shouldLetPassWhatItShould", "goes on to the server"),
                Arguments.of(Wrong.REFUSES_NOBODY, "shouldAnswerWhatItRefuses", "does not go on to the server"),
                Arguments.of(Wrong.THROWS_FOR_AN_EMPTY_FIELD, "shouldTakeAnyRequest", "a filter throws for no message"),
                Arguments.of(Wrong.THROWS_WITHOUT_A_TYPE, "shouldTakeAnyResponse", "a filter throws for no message"),
                Arguments.of(Wrong.SETS_THE_LENGTH, "shouldTakeAnyResponse", "Content-Length is the service's own"),
                Arguments.of(Wrong.NEVER_RESUMES, "shouldLetPassWhatItShould", "neither resume nor answer was called"),
                Arguments.of(Wrong.SAYS_ANSWERED, "shouldLetPassWhatItShould", "has not called answer"),
                Arguments.of(
                        Wrong.CONTINUES_AFTER_AN_ANSWER, "shouldAnswerWhatItRefuses", "returned CONTINUE although"),
                Arguments.of(Wrong.MARKS_EACH_PIECE, "shouldTreatPiecesAsTheWhole", "bodies in pieces"),
                Arguments.of(Wrong.RELEASES_THE_BODY, "shouldTreatPiecesAsTheWhole", "a piece of a body was released"),
                Arguments.of(Wrong.RETAINS_THE_BODY, "shouldTreatPiecesAsTheWhole", "were not released by the end"),
                Arguments.of(Wrong.WRITES_INTO_THE_BODY, "shouldTreatPiecesAsTheWhole", "changed in place"),
                Arguments.of(
                        Wrong.NEEDS_THE_WHOLE_EXCHANGE,
                        "shouldGiveEverythingBackWhereverTheExchangeEnds",
                        "may end after any callback"),
                Arguments.of(Wrong.REMEMBERS_THE_LAST_METHOD, "shouldKeepExchangesApart", "as if it were the only one"),
                Arguments.of(Wrong.CANNOT_CLOSE, "shouldCloseUnused", "close without an exchange"));
    }

    @ParameterizedTest
    @MethodSource("wrongs")
    void shouldFail(Wrong what, String test, String promise) {
        wrong = what;
        assertThat(ContractRun.run(Contract.class, test, Map.of()))
                .as("%s", what)
                .hasValueSatisfying(failure -> assertThat(text(failure)).contains(promise));
    }

    /** Two threads may by luck not meet in a single run. */
    @Test
    void shouldFailOnThreadsThatMeet() {
        wrong = Wrong.REMEMBERS_THE_LAST_METHOD;
        Optional<Throwable> failure = Optional.empty();
        for (int run = 0; run < 50 && failure.isEmpty(); run++) {
            failure = ContractRun.run(Contract.class, "shouldServeManyThreads", Map.of());
        }
        assertThat(failure).hasValueSatisfying(each -> assertThat(text(each)).contains("do not disturb"));
    }

    @Test
    void shouldPassWithNothingWrong() {
        wrong = Wrong.NOTHING;
        for (String test : List.of(
                "shouldLetPassWhatItShould",
                "shouldAnswerWhatItRefuses",
                "shouldTakeAnyRequest",
                "shouldTakeAnyResponse",
                "shouldTreatPiecesAsTheWhole",
                "shouldGiveEverythingBackWhereverTheExchangeEnds",
                "shouldKeepExchangesApart",
                "shouldServeManyThreads",
                "shouldCloseUnused")) {
            assertThat(ContractRun.run(Contract.class, test, Map.of())).as(test).isEmpty();
        }
    }

    private static String text(Throwable failure) {
        StringBuilder text = new StringBuilder();
        for (Throwable each = failure; each != null; each = each.getCause()) {
            text.append(each).append('\n');
        }
        return text.toString();
    }

    /** Nested, so that the build does not run it. */
    static class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return new Door();
        }

        @Override
        protected FakeExchange passing() {
            return super.passing().with("X-Key", "sesame").patience(Duration.ofMillis(100));
        }

        @Override
        protected Optional<FakeExchange> refused() {
            return Optional.of(super.passing());
        }

        @Override
        protected HttpAnswer served() {
            return HttpAnswer.of(200).text("text");
        }
    }

    /** Lets pass who has the key, and says in the response which method the request had and how long its body was. */
    private static final class Door implements HttpFilter {
        private static final HttpAttribute<String> METHOD = HttpAttribute.named("method");
        private static final HttpAttribute<Integer> LENGTH = HttpAttribute.named("length");

        private @Nullable String lastMethod;

        @Override
        public HttpBodyUse requestBodyUse() {
            return HttpBodyUse.TRANSFORM;
        }

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            String method = exchange.request().method();
            lastMethod = method;
            exchange.set(METHOD, method);
            boolean mayPass = exchange.request().fields().contains("X-Key") || wrong == Wrong.REFUSES_NOBODY;
            if (wrong == Wrong.THROWS_FOR_AN_EMPTY_FIELD) {
                String accept = exchange.request().fields().get("Cookie");
                if (accept != null && accept.charAt(0) == 'x') {
                    return HttpVerdict.CONTINUE;
                }
            }
            if (!mayPass || wrong == Wrong.REFUSES_EVERYBODY) {
                exchange.answer(HttpAnswer.of(403).text("no"));
                return wrong == Wrong.CONTINUES_AFTER_AN_ANSWER ? HttpVerdict.CONTINUE : HttpVerdict.ANSWERED;
            }
            return switch (wrong) {
                case NEVER_RESUMES -> HttpVerdict.WAIT;
                case SAYS_ANSWERED -> HttpVerdict.ANSWERED;
                default -> {
                    exchange.resume();
                    yield HttpVerdict.WAIT;
                }
            };
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            Integer before = exchange.get(LENGTH);
            exchange.set(LENGTH, (before == null ? 0 : before) + body.bytes().readableBytes());
            ByteBuf bytes = body.bytes();
            switch (wrong) {
                case MARKS_EACH_PIECE ->
                    body.replace(exchange.allocator()
                            .buffer()
                            .writeBytes(ByteBufUtil.getBytes(bytes))
                            .writeByte('!'));
                case RELEASES_THE_BODY -> bytes.release();
                case RETAINS_THE_BODY -> bytes.retain();
                case WRITES_INTO_THE_BODY -> bytes.setByte(0, '?');
                default -> {}
            }
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict response(HttpExchange exchange) {
            var response = exchange.response();
            String method = wrong == Wrong.REMEMBERS_THE_LAST_METHOD ? lastMethod : exchange.get(METHOD);
            response.fields().set("X-Method", method + " " + exchange.get(LENGTH));
            if (wrong == Wrong.SETS_THE_LENGTH) {
                response.fields().set("Content-Length", "3");
            }
            if (wrong == Wrong.THROWS_WITHOUT_A_TYPE) {
                Objects.requireNonNull(response.fields().get("Content-Type"));
            }
            return HttpVerdict.CONTINUE;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            if (wrong == Wrong.NEEDS_THE_WHOLE_EXCHANGE) {
                exchange.response();
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
