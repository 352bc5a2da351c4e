package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.Cors.Settings;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Pages of other origins. */
class CorsTest {
    private static final String APP = "https://app.example.com";
    private static final String OTHER = "https://app.example.com.evil.example";

    private static Settings settings(List<String> origins, boolean credentials) {
        return new Settings(
                origins,
                List.of("PUT", "DELETE"),
                List.of("X-Key"),
                List.of("X-Total"),
                credentials,
                Duration.ofMinutes(5));
    }

    private static Cors filter(boolean credentials, String... origins) {
        return new Cors(settings(List.of(origins), credentials));
    }

    private static FakeExchange preflight(String origin) {
        return FakeExchange.of("OPTIONS", "/").with("Origin", origin).with("Access-Control-Request-Method", "PUT");
    }

    private static FakeExchange from(String origin, Cors filter) {
        return FakeExchange.get("/")
                .with("Origin", origin)
                .meet(filter)
                .respond(HttpAnswer.of(200)
                        .with("Access-Control-Allow-Origin", "*")
                        .with("Vary", "Accept"))
                .end();
    }

    @Test
    void shouldAnswerPreflights() {
        HttpAnswer answer = preflight(APP).meet(filter(true, APP)).answered().orElseThrow();
        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.fields())
                .extracting(field -> field.name() + ": " + field.value())
                .containsExactly(
                        "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
                        "Access-Control-Allow-Origin: " + APP,
                        "Access-Control-Max-Age: 300",
                        "Access-Control-Allow-Credentials: true",
                        "Access-Control-Allow-Methods: PUT, DELETE",
                        "Access-Control-Allow-Headers: X-Key");
    }

    @Test
    void shouldAllowOthersNothing() {
        HttpAnswer answer = preflight(OTHER).meet(filter(true, APP)).answered().orElseThrow();
        assertThat(answer.fields()).extracting(HttpAnswer.Field::name).containsExactly("Vary");
        FakeExchange exchange = from(OTHER, filter(true, APP));
        assertThat(exchange.got().fields().contains("Access-Control-Allow-Origin"))
                .isFalse();
        assertThat(exchange.got().fields().all("Vary")).containsExactly("Accept", "Origin");
        assertThat(from("null", filter(false, APP)).got().fields().contains("Access-Control-Allow-Origin"))
                .isFalse();
    }

    @Test
    void shouldMarkResponses() {
        FakeExchange exchange = from(APP, filter(true, "https://x.example", APP));
        assertThat(exchange.got().fields().all("Access-Control-Allow-Origin")).containsExactly(APP);
        assertThat(exchange.got().fields().get("Access-Control-Allow-Credentials"))
                .isEqualTo("true");
        assertThat(exchange.got().fields().get("Access-Control-Expose-Headers")).isEqualTo("X-Total");
        assertThat(exchange.got().fields().all("Vary")).containsExactly("Accept", "Origin");
    }

    @Test
    void shouldAllowEveryPageIfAsked() {
        FakeExchange exchange = from(OTHER, filter(false, "*"));
        assertThat(exchange.got().fields().all("Access-Control-Allow-Origin")).containsExactly("*");
        assertThat(exchange.got().fields().contains("Access-Control-Allow-Credentials"))
                .isFalse();
        assertThat(exchange.got().fields().all("Vary")).containsExactly("Accept");
    }

    /** OPTIONS that is no preflight is the server's. */
    @Test
    void shouldLeaveOtherRequestsAlone() {
        assertThat(FakeExchange.of("OPTIONS", "/")
                        .with("Origin", APP)
                        .meet(filter(true, APP))
                        .isPassed())
                .isTrue();
        assertThat(FakeExchange.of("OPTIONS", "/")
                        .with("Access-Control-Request-Method", "PUT")
                        .meet(filter(true, APP))
                        .isPassed())
                .isTrue();
    }

    @Test
    void shouldSayWhatIsWrong() {
        assertThatThrownBy(() -> settings(List.of(), false)).hasMessage("there is no origin");
        assertThatThrownBy(() -> settings(List.of(APP + "/"), false)).hasMessageContaining("is no origin such as");
        assertThatThrownBy(() -> settings(List.of("*"), true)).hasMessageContaining("every page could act as the user");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return CorsTest.filter(true, APP);
        }

        @Override
        protected FakeExchange passing() {
            return super.passing().with("Origin", APP);
        }

        @Override
        protected Optional<FakeExchange> refused() {
            return Optional.of(preflight(APP));
        }
    }
}
