package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import at.favre.lib.crypto.bcrypt.BCrypt;
import dev.baton.plugin.httpfilters.log.AccessLog;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.threading.Blocking;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who has a name and a password passes. The hashes were made by openssl and by crypt(3). */
class BasicAuthTest {
    private static final String PASSWORD = "open sesame";
    private static final String USERS = """
            # people
            ali:$2y$04$abcdefghijklmnopqrstuu/LVz6MZlItEy42I2juLihZ66HnQx/cy
            sha5:$5$saltsalt$yrhPKxCqiWcCE9h0g86j6Ugz7SDFdFm.BjU.d8RaQnC
            sha6:$6$saltsalt$e/5XKibXPLqVcfjpD.ouauaJrAOL5V0uo80Lt7n7EbRdRiCx3HbQ90yjOHr.G0T.mx79PEMRy8nmtr0qSYhQp1
            md5:$apr1$saltsalt$HIDXe7D36X22w1CH4M1cQ.
            """;
    private static final String USER = "X-User";

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writeUsers() throws IOException {
        file = Files.writeString(folder.resolve("users.txt"), USERS);
    }

    private BasicAuth filter() {
        return new BasicAuth(new BasicAuth.Settings(file, "shop", Optional.of(USER)));
    }

    private static String basic(String pair) {
        return "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
    }

    private FakeExchange exchange(String authorization) {
        BasicAuth filter = filter();
        try {
            return FakeExchange.get("/")
                    .with(USER, "forged")
                    .with("Authorization", authorization)
                    .meet(filter);
        } finally {
            filter.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"ali", "sha5", "sha6", "md5"})
    void shouldLetPassWhoKnowsThePassword(String name) {
        FakeExchange exchange = exchange(basic(name + ":" + PASSWORD));
        assertThat(exchange.isPassed()).isTrue();
        assertThat(exchange.request().fields().all(USER)).containsExactly(name);
        assertThat(exchange.get(AccessLog.USER)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ali:",
                "ali:open sesamf",
                "ali:OPEN SESAME",
                "sha5:open",
                "sha6:open",
                "md5:open",
                "Ali:open sesame",
                "nobody:open sesame",
                ":open sesame",
                "ali",
                ""
            })
    void shouldRefuseWhoDoesNot(String pair) {
        HttpAnswer answer = exchange(basic(pair)).answered().orElseThrow();
        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.fields())
                .contains(new HttpAnswer.Field("WWW-Authenticate", "Basic realm=\"shop\", charset=\"UTF-8\""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Basic", "Basic !", "Basic YTo", "Bearer YWxpOm9wZW4gc2VzYW1l"})
    void shouldRefuseWhatIsNoPair(String authorization) {
        assertThat(exchange(authorization).answered()).isPresent();
    }

    /** A password hash takes tens of milliseconds: no loop must wait for it. */
    @Test
    void shouldRunOnWorkers() {
        assertThat(BasicAuth.class).hasAnnotation(Blocking.class);
    }

    /** The second look at the same credentials does not hash: it must not take the time. */
    @Test
    void shouldRememberWhoWasRight() {
        Users users = Users.parse(List.of("ali:" + BCrypt.withDefaults().hashToString(10, PASSWORD.toCharArray())));
        long begin = System.nanoTime();
        assertThat(users.check("ali", PASSWORD)).isTrue();
        long hashed = System.nanoTime() - begin;
        begin = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            assertThat(users.check("ali", PASSWORD)).isTrue();
        }
        assertThat(System.nanoTime() - begin).isLessThan(50 * hashed);
        assertThat(users.check("ali", PASSWORD + "!")).isFalse();
        assertThat(users.check("al", "i" + PASSWORD)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ali",
                ":x",
                "ali:plain",
                "ali:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
                "ali:rqXexS6ZhobKA",
                "ali:$2y$03$abcdefghijklmnopqrstuuXCVhBhhWBfdKJ3lKs8UmP0yqFmY8b5m",
                "ali:$2y$04$short",
                "ali:$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0"
            })
    void shouldRefuseLinesThatAreWeakOrUnknown(String line) throws IOException {
        Files.writeString(file, "# one\n" + line + "\n");
        assertThatThrownBy(this::filter).hasMessageContaining("users.txt: line 2: ");
    }

    @Test
    void shouldSayWhatIsWrongWithTheFile() throws IOException {
        Files.writeString(file, "");
        assertThatThrownBy(this::filter).hasMessageContaining("it has no user");
        Files.writeString(file, USERS + "ali:$apr1$saltsalt$HIDXe7D36X22w1CH4M1cQ.\n");
        assertThatThrownBy(this::filter).hasMessageContaining("line 6: the user 'ali' stands there twice");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return BasicAuthTest.this.filter();
        }

        @Override
        protected FakeExchange passing() {
            return super.passing().with("Authorization", basic("ali:" + PASSWORD));
        }

        @Override
        protected Optional<FakeExchange> refused() {
            return Optional.of(super.passing());
        }
    }
}
