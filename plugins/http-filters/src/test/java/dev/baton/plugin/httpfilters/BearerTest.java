package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.log.AccessLog;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has a token passes, in the token's name. */
class BearerTest {
    private static final String TOKENS = """
            # of the billing team
            3fe1.token_~+/-== billing

            second
            """;
    private static final String USER = "X-User";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeTokens() throws IOException {
        file = Files.writeString(folder.resolve("tokens.txt"), TOKENS);
    }

    private Bearer filter() {
        return new Bearer(new Bearer.Settings(file, "shop", Optional.of(USER)));
    }

    private FakeExchange exchange(String... authorization) {
        FakeExchange exchange = FakeExchange.get("/").with(USER, "forged").with("x-user", "forged too");
        for (String value : authorization) {
            exchange.with("Authorization", value);
        }
        try (WatchedClose<Bearer> bearer = new WatchedClose<>(filter())) {
            return exchange.meet(bearer.filter());
        }
    }

    /** Closes the filter after a test. */
    private record WatchedClose<T extends HttpFilter>(T filter) implements AutoCloseable {
        @Override
        public void close() {
            filter.close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "Bearer 3fe1.token_~+/-==, billing",
        "bearer 3fe1.token_~+/-==, billing",
        "BEARER   second, token-4",
    })
    void shouldLetPassWhoHasAToken(String authorization, String name) {
        FakeExchange exchange = exchange(authorization);
        assertThat(exchange.isPassed()).isTrue();
        assertThat(exchange.request().fields().all(USER)).containsExactly(name);
        assertThat(exchange.get(AccessLog.USER)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Bearer third",
                "Bearer secon",
                "Bearer secondd",
                "Bearer Second",
                "Bearer second x",
                "Bearer #",
                "Bearer billing",
                "Bearer 3fe1.token_~+/-== billing"
            })
    void shouldRefuseWhoHasAWrongOne(String authorization) {
        HttpAnswer answer = exchange(authorization).answered().orElseThrow();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.fields())
                .contains(new HttpAnswer.Field("WWW-Authenticate", "Bearer realm=\"shop\", error=\"invalid_token\""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "second", "Bearer", "Bearersecond", "Basic second", "Token second"})
    void shouldRefuseWhoHasNone(String authorization) {
        HttpAnswer answer = exchange(authorization).answered().orElseThrow();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.fields()).contains(new HttpAnswer.Field("WWW-Authenticate", "Bearer realm=\"shop\""));
    }

    @Test
    void shouldRefuseWhoHasNoFieldOrSeveral() {
        assertThat(exchange().answered()).isPresent();
        assertThat(exchange("Bearer second", "Bearer second").answered()).isPresent();
    }

    @Test
    void shouldSayWhatIsWrongWithTheFileAndTellNoToken() throws IOException {
        Files.writeString(file, "good\nsecr\u00e4t x\n");
        assertThatThrownBy(this::filter)
                .hasMessageContaining("tokens.txt: line 2 has no token")
                .hasMessageNotContaining("secr");
        Files.writeString(file, "secret a\n\nsecret b\n");
        assertThatThrownBy(this::filter).hasMessageContaining("line 3").hasMessageNotContaining("secret");
        Files.writeString(file, "token two words\n");
        assertThatThrownBy(this::filter).hasMessageContaining("line 1: a name is a word");
        Files.writeString(file, "# none\n");
        assertThatThrownBy(this::filter).hasMessageContaining("has no token");
        Files.delete(file);
        assertThatThrownBy(this::filter).hasMessageContaining("there is no such file");
        assertThatThrownBy(() -> new Bearer.Settings(file, "a\"b", Optional.empty()))
                .hasMessageContaining("quote");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return BearerTest.this.filter();
        }

        @Override
        protected FakeExchange passing() {
            return super.passing().with("Authorization", "Bearer second");
        }

        @Override
        protected Optional<FakeExchange> refused() {
            return Optional.of(super.passing().with("Authorization", "Bearer third"));
        }
    }
}
