package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.Headers.Changes;
import dev.baton.plugin.httpfilters.Headers.Settings;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Fields that are removed, set and added. */
class HeadersTest {
    private static final Changes NONE = new Changes(List.of(), Map.of(), Map.of());
    private static final Changes ALL =
            new Changes(List.of("x-gone", "Server"), Map.of("X-Set", "1"), Map.of("X-Added", "2", "X-Gone", "anew"));

    @Test
    void shouldChangeBothHeads() {
        FakeExchange exchange = FakeExchange.get("/")
                .with("X-Gone", "a")
                .with("X-Gone", "b")
                .with("x-set", "a")
                .with("X-Set", "b")
                .with("X-Added", "1")
                .meet(new Headers(new Settings(ALL, ALL)))
                .respond(HttpAnswer.of(200)
                        .with("server", "s")
                        .with("X-Set", "0")
                        .with("X-Added", "1"))
                .end();
        assertThat(exchange.request().fields().all("X-Gone")).containsExactly("anew");
        assertThat(exchange.request().fields().all("X-Set")).containsExactly("1");
        assertThat(exchange.request().fields().all("X-Added")).containsExactly("1", "2");
        assertThat(exchange.got().fields().contains("Server")).isFalse();
        assertThat(exchange.got().fields().all("X-Set")).containsExactly("1");
        assertThat(exchange.got().fields().all("X-Added")).containsExactly("1", "2");
    }

    @Test
    void shouldLeaveTheOtherHeadAlone() {
        FakeExchange exchange = FakeExchange.get("/")
                .with("X-Set", "0")
                .meet(new Headers(new Settings(NONE, ALL)))
                .respond(HttpAnswer.of(200))
                .end();
        assertThat(exchange.request().fields().get("X-Set")).isEqualTo("0");
        assertThat(exchange.got().fields().get("X-Set")).isEqualTo("1");
    }

    @Test
    void shouldSayWhatIsWrong() {
        assertThatThrownBy(() -> new Settings(NONE, NONE)).hasMessageContaining("something to do");
        assertThatThrownBy(() -> new Changes(List.of("Connection"), Map.of(), Map.of()))
                .isInstanceOfSatisfying(
                        WrongValueException.class,
                        e -> assertThat(e.component()).isEqualTo("remove"))
                .hasMessageContaining("'Connection'");
        assertThatThrownBy(() -> new Changes(List.of(), Map.of("Content-Length", "1"), Map.of()))
                .hasMessageContaining("only the service changes it");
        assertThatThrownBy(() -> new Changes(List.of(), Map.of(), Map.of("a", "b\r\nc: d")))
                .isInstanceOfSatisfying(
                        WrongValueException.class,
                        e -> assertThat(e.component()).isEqualTo("add"));
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return new Headers(new Settings(ALL, ALL));
        }
    }
}
