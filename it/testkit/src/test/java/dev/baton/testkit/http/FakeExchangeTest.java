package dev.baton.testkit.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An exchange of the test kit calls what the real one calls, and refuses what that refuses. */
@Timeout(60)
class FakeExchangeTest {
    private static final HttpAnswer HELLO = HttpAnswer.of(200).text("hello");

    /** Does something in the head of the request, and notes what it is called for. */
    private static class Noting implements HttpFilter {
        final List<String> calls = new ArrayList<>();
        private final HttpBodyUse use;
        private final Consumer<HttpExchange> head;

        Noting(HttpBodyUse use, Consumer<HttpExchange> head) {
            this.use = use;
            this.head = head;
        }

        @Override
        public HttpBodyUse requestBodyUse() {
            return use;
        }

        @Override
        public HttpBodyUse responseBodyUse() {
            return use;
        }

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            calls.add("request");
            head.accept(exchange);
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            calls.add("requestBody " + body.bytes().toString(StandardCharsets.UTF_8) + (body.isLast() ? "." : ""));
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict response(HttpExchange exchange) {
            calls.add("response");
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict responseBody(HttpExchange exchange, HttpBody body) {
            calls.add("responseBody " + body.bytes().toString(StandardCharsets.UTF_8) + (body.isLast() ? "." : ""));
            return HttpVerdict.CONTINUE;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            calls.add("end " + outcome.kind());
        }
    }

    private static FakeExchange inHead(Consumer<HttpExchange> head) {
        return FakeExchange.get("/a").meet(new Noting(HttpBodyUse.NONE, head));
    }

    @ParameterizedTest
    @CsvSource({
        "NONE,      'request, response, end COMPLETE'",
        "STREAM,    'request, requestBody ab, requestBody c., response, responseBody he, responseBody ll, "
                + "responseBody o., end COMPLETE'",
        "TRANSFORM, 'request, requestBody ab, requestBody c., response, responseBody he, responseBody ll, "
                + "responseBody o., end COMPLETE'",
        "WHOLE,     'request, requestBody abc., response, responseBody hello., end COMPLETE'"
    })
    void shouldCallWhatTheFilterWants(HttpBodyUse.Kind kind, String calls) {
        Noting filter = new Noting(new HttpBodyUse(kind, 100), exchange -> {});
        FakeExchange exchange =
                FakeExchange.of("POST", "/").body("abc").pieces(2).meet(filter);
        exchange.respond(HELLO).end();
        assertThat(String.join(", ", filter.calls)).isEqualTo(calls);
        assertThat(exchange.forwarded()).isEqualTo("abc");
        assertThat(exchange.received()).isEqualTo("hello");
    }

    @Test
    void shouldCallNoBodyWhereThereIsNone() {
        Noting filter = new Noting(HttpBodyUse.STREAM, exchange -> {});
        FakeExchange.of("HEAD", "/").meet(filter).respond(HELLO).end();
        FakeExchange.get("/").meet(filter).respond(HttpAnswer.of(204)).end();
        assertThat(filter.calls).containsOnly("request", "response", "end COMPLETE");
    }

    @Test
    void shouldRefuseBodiesBeyondTheLimitForTheService() {
        Noting filter = new Noting(HttpBodyUse.whole(4), exchange -> {});
        assertThat(FakeExchange.of("POST", "/")
                        .body("abcde")
                        .meet(filter)
                        .end()
                        .got()
                        .status())
                .isEqualTo(413);
        assertThat(FakeExchange.get("/").meet(filter).respond(HELLO).end().got().status())
                .isEqualTo(502);
    }

    @Test
    void shouldSkipABody() {
        Noting filter = new Noting(HttpBodyUse.STREAM, HttpExchange::skipBody);
        FakeExchange exchange = FakeExchange.of("POST", "/").body("abc").meet(filter);
        assertThat(filter.calls).containsExactly("request");
        assertThat(exchange.forwarded()).isEqualTo("abc");
        assertThatIllegalStateException().isThrownBy(exchange::skipBody);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length",
                "transfer-encoding",
                "Connection",
                "Keep-Alive",
                "Proxy-Connection",
                "TE",
                "Trailer",
                "Upgrade",
                "HOST",
                "",
                "a b",
                "a:",
                "\u00e4"
            })
    void shouldRefuseNames(String name) {
        inHead(exchange -> {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.request().fields().set(name, "1"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.request().fields().add(name, "1"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> exchange.answer(HttpAnswer.of(200).with(name, "1")));
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nb", "a\nb", "a\rb", "a\0b", "\u007f", "\u0100"})
    void shouldRefuseValues(String value) {
        inHead(exchange -> assertThatIllegalArgumentException()
                .isThrownBy(() -> exchange.request().fields().set("a", value)));
    }

    @Test
    void shouldRefuseToRemoveWhatIsTheServicesOwn() {
        inHead(exchange -> assertThatIllegalArgumentException()
                .isThrownBy(() -> exchange.request().fields().remove("Host")));
    }

    @Test
    void shouldRefuseTooManyFields() {
        inHead(exchange -> assertThatIllegalArgumentException().isThrownBy(() -> {
            for (int i = 0; i <= FakeFields.FIELDS_MAX; i++) {
                exchange.request().fields().add("a", "1");
            }
        }));
    }

    @Test
    void shouldRewriteARequestBeforeItIsSent() {
        FakeExchange exchange = inHead(each -> {
            each.request().rewriteTarget("/b?c=1");
            each.request().rewriteAuthority("other.example:81");
            assertThatIllegalArgumentException().isThrownBy(() -> each.request().rewriteTarget("b"));
            assertThatIllegalArgumentException().isThrownBy(() -> each.request().rewriteTarget("/b#c"));
            assertThatIllegalArgumentException().isThrownBy(() -> each.request().rewriteTarget("/b c"));
            assertThatIllegalArgumentException().isThrownBy(() -> each.request().rewriteAuthority("a/b"));
        });
        assertThat(exchange.request().path()).isEqualTo("/b");
        assertThat(exchange.request().authority()).isEqualTo("other.example:81");
        assertThatIllegalStateException().isThrownBy(() -> exchange.request().rewriteTarget("/"));
    }

    @Test
    void shouldRefuseAnAnswerWhenTheHeadIsWritten() {
        FakeExchange exchange = inHead(each -> {}).respond(HELLO);
        assertThatIllegalStateException().isThrownBy(() -> exchange.answer(HELLO));
        exchange.resume(); // too late: does nothing
        exchange.end();
        assertThatIllegalStateException().isThrownBy(exchange::end);
    }

    @Test
    void shouldRefuseToReplaceWhatIsOnlyLookedAt() {
        ByteBuf other = Unpooled.copiedBuffer("x", StandardCharsets.UTF_8);
        Noting filter = new Noting(HttpBodyUse.STREAM, each -> {}) {
            @Override
            public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
                assertThatIllegalStateException().isThrownBy(() -> body.replace(other));
                return HttpVerdict.CONTINUE;
            }
        };
        FakeExchange.of("POST", "/").body("abc").meet(filter);
        assertThat(other.refCnt()).isZero();
    }

    @Test
    void shouldGoOnWhenAnotherThreadResumes() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        HttpFilter filter = new HttpFilter() {
            @Override
            public HttpVerdict request(HttpExchange exchange) {
                Thread other = new Thread(() -> {
                    try {
                        go.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                    exchange.resume();
                });
                other.setDaemon(true);
                other.start();
                return HttpVerdict.WAIT;
            }
        };
        FakeExchange exchange = FakeExchange.get("/").meet(filter);
        assertThat(exchange.isWaiting()).isTrue();
        assertThat(exchange.isPassed()).isFalse();
        go.countDown();
        assertThat(exchange.settle().isPassed()).isTrue();
    }

    @Test
    void shouldTakeAnAnswerForTheResponse() {
        HttpFilter filter = new HttpFilter() {
            @Override
            public HttpVerdict response(HttpExchange exchange) {
                exchange.answer(HttpAnswer.of(500).text("ours"));
                return HttpVerdict.ANSWERED;
            }
        };
        FakeExchange exchange =
                FakeExchange.get("/").meet(filter).respond(HELLO).end();
        assertThat(exchange.got().status()).isEqualTo(500);
        assertThat(exchange.received()).isEqualTo("ours");
    }

    @Test
    void shouldKeepAttributesApart() {
        HttpAttribute<String> one = HttpAttribute.named("same");
        HttpAttribute<String> two = HttpAttribute.named("same");
        FakeExchange exchange = FakeExchange.get("/");
        exchange.set(one, "1");
        assertThat(exchange.get(one)).isEqualTo("1");
        assertThat(exchange.get(two)).isNull();
        exchange.set(one, null);
        assertThat(exchange.get(one)).isNull();
    }

    @Test
    void shouldNoticeALeak() {
        FakeExchange exchange = inHead(each -> each.allocator().buffer(10));
        assertThatThrownBy(() -> exchange.end(HttpOutcome.Kind.CUT)).hasMessageContaining("were not released");
    }
}
