package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Bodies that are too long. */
class MaxBodyTest {
    private static MaxBody filter(long limit) {
        return new MaxBody(new MaxBody.Settings(new ByteSize(limit)));
    }

    private static FakeExchange post(int bytes) {
        return FakeExchange.of("POST", "/").body("x".repeat(bytes));
    }

    @Test
    void shouldRefuseByTheLengthAtOnce() {
        FakeExchange exchange = post(11).meet(filter(10)).end();
        assertThat(exchange.got().status()).isEqualTo(413);
        assertThat(exchange.forwarded()).isEmpty();
    }

    @Test
    void shouldLetPassWhatIsNotTooLong() {
        assertThat(post(10).meet(filter(10)).forwarded()).hasSize(10);
        assertThat(post(10).chunked().pieces(3).meet(filter(10)).forwarded()).hasSize(10);
        assertThat(FakeExchange.get("/").meet(filter(10)).isPassed()).isTrue();
    }

    @Test
    void shouldRefuseAsSoonAsItIsTooLong() {
        FakeExchange exchange = post(100).chunked().pieces(4).meet(filter(10)).end();
        assertThat(exchange.got().status()).isEqualTo(413);
        assertThat(exchange.requestBytes()).isEqualTo(12);
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return MaxBodyTest.filter(1_000);
        }

        @Override
        protected Optional<FakeExchange> refused() {
            return Optional.of(post(1_001));
        }
    }
}
