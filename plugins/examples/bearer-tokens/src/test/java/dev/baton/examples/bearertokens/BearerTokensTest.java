package dev.baton.examples.bearertokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.examples.bearertokens.BearerTokensPlugin.BearerTokens;
import dev.baton.examples.bearertokens.BearerTokensPlugin.Settings;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The filter alone: it keeps every promise of a filter, and lets pass who has a token. */
class BearerTokensTest extends HttpFilterContract {
    /** Of "open sesame". */
    static final String DIGEST = "41EF4BB0B23661E66301AAC36066912DAC037827B4AE63A7B1165A5AA93ED4EB";

    private static final String NAME = "X-Token-Name";

    @Override
    protected HttpFilter filter() {
        return new BearerTokens(new Settings(Map.of("billing", DIGEST), NAME));
    }

    @Override
    protected FakeExchange passing() {
        return super.passing().with("Authorization", "Bearer open sesame");
    }

    @Override
    protected Optional<FakeExchange> refused() {
        return Optional.of(super.passing().with("Authorization", "Bearer open barley"));
    }

    @Test
    void shouldTellTheServerWhoseTokenItWas() {
        FakeExchange exchange = passing().with(NAME, "forged").with("x-token-name", "forged too");
        exchange.meet(filter());
        assertThat(exchange.isPassed()).isTrue();
        assertThat(exchange.request().fields().all(NAME)).containsExactly("billing");
    }

    @ParameterizedTest
    @CsvSource({
        "Bearer open barley, 'Bearer error=\"invalid_token\"'",
        "Bearer billing, 'Bearer error=\"invalid_token\"'",
        "Basic open sesame, Bearer",
        "open sesame, Bearer"
    })
    void shouldAskForAToken(String authorization, String challenge) {
        FakeExchange exchange = FakeExchange.get("/").with("Authorization", authorization);
        HttpAnswer answer = exchange.meet(filter()).answered().orElseThrow();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.fields()).contains(new HttpAnswer.Field("WWW-Authenticate", challenge));
    }

    @Test
    void shouldRefuseWhoHasNoTokenOrSeveral() {
        FakeExchange several = passing().with("Authorization", "Bearer open sesame");
        assertThat(several.meet(filter()).answered()).isPresent();
        assertThat(FakeExchange.get("/").meet(filter()).answered()).isPresent();
    }

    @Test
    void shouldRefuseKeysThatCannotWork() {
        assertThatThrownBy(() -> new Settings(Map.of(), NAME)).hasMessageContaining("no request passes");
        assertThatThrownBy(() -> new Settings(Map.of("billing", "open sesame"), NAME))
                .hasMessageContaining("SHA-256")
                .hasMessageNotContaining("sesame");
        assertThatThrownBy(() -> new Settings(Map.of("a\nb", DIGEST), NAME)).hasMessageContaining("letters");
        assertThatThrownBy(() -> new Settings(Map.of("a", DIGEST), "Host")).hasMessageContaining("Host");
    }
}
