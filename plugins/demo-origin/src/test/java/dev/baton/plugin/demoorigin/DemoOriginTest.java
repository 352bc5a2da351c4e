package dev.baton.plugin.demoorigin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.testkit.ManualLoop;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpHandlerContract;
import java.time.Duration;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the origin can be asked for, exchange by exchange. */
class DemoOriginTest {
    private static final ManualLoop LOOP = new ManualLoop(3);

    private static HttpHandler origin() {
        return new DemoOrigin(
                new DemoOrigin.Settings(new ByteSize(10_000_000), Duration.ofSeconds(5)), ManualLoop.loops(LOOP));
    }

    private static FakeExchange answered(FakeExchange exchange) {
        LOOP.run(() -> exchange.meet(origin()).end());
        return exchange;
    }

    private static FakeExchange get(String target) {
        return answered(FakeExchange.get(target));
    }

    @Test
    void thePageSaysWhoAnswered() {
        FakeExchange page = get("/?a=b");
        assertThat(page.got().status()).isEqualTo(200);
        assertThat(page.got().fields().get("Content-Type")).startsWith("text/html");
        assertThat(page.got().fields().get("x-origin")).isEqualTo("shop");
        assertThat(page.got().fields().get("x-loop")).isEqualTo("3");
        assertThat(page.received()).contains("<h1>shop</h1>", "Loop 3 answered", "(up to 5000)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/nope", "/bytes/10", "/bytes/100000", "/bytes/x", "/echo", "/delay/0"})
    void anAnswerToAHeadHasNoContent(String target) {
        for (String body : new String[] {"", "ab"}) {
            FakeExchange head = FakeExchange.of("HEAD", target);
            assertThat(answered(body.isEmpty() ? head : head.body(body)).received())
                    .isEmpty();
        }
    }

    @Test
    void anUnknownPathGetsAHint() {
        FakeExchange hint = get("/nope");
        assertThat(hint.got().status()).isEqualTo(404);
        assertThat(hint.received()).startsWith("there is no /nope; try /, /bytes/1000");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/bytes/",
                "/bytes/x",
                "/bytes/-1",
                "/bytes/10000001",
                "/bytes/99999999999999999999",
                "/bytes/1/2",
                "/delay/5001",
                "/delay/1s"
            })
    void aBadNumberIsSaidToBeOne(String path) {
        FakeExchange bad = get(path);
        assertThat(bad.got().status()).isEqualTo(400);
        assertThat(bad.received()).contains(path + ": expected a number of ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64, 65_536, 65_537, 3_000_000})
    void bytesAreAsManyAsAskedFor(int count) {
        for (FakeExchange asked : new FakeExchange[] {
            FakeExchange.get("/bytes/" + count),
            FakeExchange.get("/bytes/" + count).slow()
        }) {
            FakeExchange bytes = answered(asked);
            assertThat(bytes.got().contentLength()).isEqualTo(count);
            assertThat(bytes.receivedBytes()).hasSize(count);
            assertThat(bytes.received().lines().limit(1_000))
                    .allMatch(line -> "0123456789abcdefghijklmnopqrstuvwxyz"
                            .concat("ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
                            .startsWith(line));
        }
    }

    @Test
    void aDelayIsATimer() {
        FakeExchange delayed = FakeExchange.get("/delay/250").meet(origin());
        assertThat(delayed.isWaiting()).isTrue();
        assertThat(delayed.end().received()).isEqualTo("waited 250ms\n");
    }

    /** A timer that is left behind fails this by itself. */
    @Test
    void aClientThatLeavesDuringADelayLeavesNothingBehind() {
        FakeExchange delayed = FakeExchange.get("/delay/250").meet(origin());
        delayed.end(HttpOutcome.Kind.CLIENT_ABORTED);
        assertThat(delayed.hasResponse()).isFalse();
    }

    @Test
    void echoSendsTheBodyBackWithItsTypeAndLength() {
        FakeExchange echo = answered(FakeExchange.of("POST", "/echo")
                .with("Content-Type", "text/x-test")
                .body("0123456789")
                .pieces(3)
                .slow());
        assertThat(echo.got().fields().get("Content-Type")).isEqualTo("text/x-test");
        assertThat(echo.got().contentLength()).isEqualTo(10);
        assertThat(echo.received()).isEqualTo("0123456789");
        assertThat(get("/echo").got().contentLength()).isZero();
    }

    @Test
    void echoKeepsTheTrailers() {
        FakeExchange echo = answered(
                FakeExchange.of("POST", "/echo").body("abcde").chunked().trailer("x-sum", "5"));
        assertThat(echo.got().contentLength()).isEqualTo(-1);
        assertThat(echo.received()).isEqualTo("abcde");
        assertThat(echo.trailers()).isEqualTo("x-sum: 5\n");
    }

    @Test
    void aBodyThatIsNotAskedForIsSkipped() {
        FakeExchange skipped =
                answered(FakeExchange.of("POST", "/bytes/2").body("abcde").pieces(2));
        assertThat(skipped.received()).isEqualTo("01");
        assertThat(skipped.requestBytes()).isEqualTo(5);
    }

    /** A client that waits for 100 Continue sends no body for nothing. */
    @Test
    void whatIsRefusedIsRefusedBeforeItsBody() {
        FakeExchange refused =
                answered(FakeExchange.of("POST", "/nope").body("abcde").pieces(2));
        assertThat(refused.got().status()).isEqualTo(404);
        assertThat(refused.requestBytes()).isZero();
    }

    @Nested
    class OfBytes extends HttpHandlerContract {
        @Override
        protected HttpHandler handler() {
            return origin();
        }

        @Override
        protected FakeExchange request() {
            return FakeExchange.get("/bytes/300000");
        }

        @Override
        protected FakeExchange other() {
            return FakeExchange.of("POST", "/echo").body("what comes goes").trailer("a", "b");
        }
    }

    @Nested
    class OfDelays extends HttpHandlerContract {
        @Override
        protected HttpHandler handler() {
            return origin();
        }

        @Override
        protected FakeExchange request() {
            return FakeExchange.get("/delay/100");
        }
    }
}
