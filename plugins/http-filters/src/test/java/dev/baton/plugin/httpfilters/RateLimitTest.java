package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.RateLimit.By;
import dev.baton.plugin.httpfilters.RateLimit.Settings;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.config.Rate;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Requests beyond a rate, by client, field and route. */
class RateLimitTest {
    private long now;

    private RateLimit filter(By by, String field) {
        Settings settings = new Settings(
                new Rate(1 / 60.0), Optional.of(1), by, Optional.ofNullable(field.isEmpty() ? null : field), 1_000);
        return new RateLimit(settings, exchange -> now);
    }

    private static boolean passes(RateLimit filter, FakeExchange exchange) {
        return exchange.meet(filter).isPassed();
    }

    @Test
    void shouldSayWhenTheNextOneIsAllowed() {
        RateLimit filter = filter(By.CLIENT, "");
        assertThat(passes(filter, FakeExchange.get("/"))).isTrue();
        now = 500_000_000L;
        HttpAnswer answer = FakeExchange.get("/").meet(filter).answered().orElseThrow();
        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.fields()).contains(new HttpAnswer.Field("Retry-After", "60"));
        now = 60_000_000_000L;
        assertThat(passes(filter, FakeExchange.get("/"))).isTrue();
    }

    @Test
    void shouldCountByClient() {
        RateLimit filter = filter(By.CLIENT, "");
        assertThat(passes(filter, FakeExchange.get("/").client("192.0.2.1"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").client("192.0.2.2"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").client("192.0.2.1"))).isFalse();
        assertThat(passes(filter, FakeExchange.get("/").client("2001:db8::1"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").client("2001:db8::ffff:1")))
                .isFalse();
        assertThat(passes(filter, FakeExchange.get("/").client("2001:db8:0:1::1")))
                .isTrue();
        assertThat(passes(filter, FakeExchange.get("/").facts(new ConnectionFacts(null, null))))
                .isTrue();
        assertThat(passes(filter, FakeExchange.get("/").facts(new ConnectionFacts(null, null))))
                .isFalse();
    }

    @Test
    void shouldCountByField() {
        RateLimit filter = filter(By.FIELD, "X-Key");
        assertThat(passes(filter, FakeExchange.get("/").with("x-key", "a"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").with("X-Key", "b"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").with("X-Key", "a").client("192.0.2.9")))
                .isFalse();
        assertThat(passes(filter, FakeExchange.get("/"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/"))).isFalse();
    }

    @Test
    void shouldCountByRoute() {
        RateLimit filter = filter(By.ROUTE, "");
        assertThat(passes(filter, FakeExchange.get("/").route("a"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").route("b"))).isTrue();
        assertThat(passes(filter, FakeExchange.get("/").route("a").client("192.0.2.9")))
                .isFalse();
    }

    @Test
    void shouldSayWhatIsWrong() {
        Rate rate = new Rate(1 / 3600.0);
        assertThatThrownBy(() -> new Settings(rate, Optional.empty(), By.FIELD, Optional.empty(), 1))
                .hasMessage("'by: field' needs the key 'field'");
        assertThatThrownBy(() -> new Settings(rate, Optional.empty(), By.CLIENT, Optional.of("a"), 1))
                .hasMessage("'field' needs 'by: field'");
        assertThatThrownBy(() -> new Settings(rate, Optional.empty(), By.FIELD, Optional.of("a b"), 1))
                .hasMessage("'a b' is no name of a field");
        assertThatThrownBy(() -> new Settings(rate, Optional.of(169), By.CLIENT, Optional.empty(), 1))
                .hasMessageContaining("more than 7 days");
        assertThat(new Settings(rate, Optional.empty(), By.CLIENT, Optional.empty(), 1).burstOrDefault())
                .isEqualTo(10);
        assertThat(new Settings(new Rate(50), Optional.empty(), By.CLIENT, Optional.empty(), 1).burstOrDefault())
                .isEqualTo(50);
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return new RateLimit.Factory()
                    .create(new Settings(new Rate(1_000), Optional.of(1_000_000), By.CLIENT, Optional.empty(), 1_000));
        }
    }
}
