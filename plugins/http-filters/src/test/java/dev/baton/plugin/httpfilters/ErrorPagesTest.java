package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.ErrorPages.Page;
import dev.baton.plugin.httpfilters.ErrorPages.Settings;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pages in the place of error responses. */
class ErrorPagesTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void writePage() throws IOException {
        file = Files.writeString(folder.resolve("sorry.html"), "<h1>sorry</h1>");
    }

    private static Page text(String text) {
        return new Page(Optional.of(text), Optional.empty(), Optional.empty());
    }

    private ErrorPages filter() {
        return new ErrorPages(new Settings(Map.of(
                "404",
                text("nothing here"),
                "5xx",
                new Page(Optional.empty(), Optional.of(file), Optional.empty()),
                "503",
                new Page(Optional.of("{}"), Optional.empty(), Optional.of("application/problem+json")))));
    }

    private FakeExchange exchange(HttpAnswer served) {
        return FakeExchange.get("/").meet(filter()).respond(served).end();
    }

    @Test
    void shouldReplaceByStatusAndThenByClass() {
        FakeExchange missing = exchange(HttpAnswer.of(404).text("trace of a stack"));
        assertThat(missing.got().status()).isEqualTo(404);
        assertThat(missing.received()).isEqualTo("nothing here");
        assertThat(missing.got().fields().all("Content-Type")).containsExactly("text/plain; charset=utf-8");
        FakeExchange broken = exchange(HttpAnswer.of(502));
        assertThat(broken.received()).isEqualTo("<h1>sorry</h1>");
        assertThat(broken.got().fields().all("Content-Type")).containsExactly("text/html; charset=utf-8");
        FakeExchange busy = exchange(HttpAnswer.of(503).text("x"));
        assertThat(busy.got().fields().all("Content-Type")).containsExactly("application/problem+json");
        assertThat(busy.received()).isEqualTo("{}");
    }

    @Test
    void shouldKeepWhatSaysSomethingAboutTheStatus() {
        FakeExchange exchange = exchange(HttpAnswer.of(503)
                .with("retry-after", "7")
                .with("Set-Cookie", "a")
                .with("Set-Cookie", "b")
                .with("Content-Encoding", "gzip")
                .with("ETag", "\"1\""));
        assertThat(exchange.got().fields().get("Retry-After")).isEqualTo("7");
        assertThat(exchange.got().fields().all("Set-Cookie")).containsExactly("a", "b");
        assertThat(exchange.got().fields().contains("Content-Encoding")).isFalse();
        assertThat(exchange.got().fields().contains("ETag")).isFalse();
    }

    @Test
    void shouldLeaveOtherResponsesAlone() {
        assertThat(exchange(HttpAnswer.of(200).text("fine")).received()).isEqualTo("fine");
        assertThat(exchange(HttpAnswer.of(403).text("no")).received()).isEqualTo("no");
    }

    @Test
    void shouldSayWhatIsWrong() {
        assertThatThrownBy(() -> new Settings(Map.of())).hasMessage("there is no page");
        for (String key : new String[] {"200", "3xx", "600", "4x", "40"}) {
            assertThatThrownBy(() -> new Settings(Map.of(key, text("")))).hasMessageContaining("'" + key + "'");
        }
        assertThatThrownBy(() -> new Page(Optional.of("a"), Optional.of(file), Optional.empty()))
                .hasMessageContaining("'text' or 'file', and not both");
        assertThatThrownBy(() -> new Page(Optional.empty(), Optional.empty(), Optional.empty()))
                .hasMessageContaining("'text' or 'file', and not both");
        Page gone = new Page(Optional.empty(), Optional.of(folder.resolve("gone")), Optional.empty());
        assertThatThrownBy(() -> new ErrorPages(new Settings(Map.of("404", gone))))
                .hasMessageContaining("cannot read");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return ErrorPagesTest.this.filter();
        }

        @Override
        protected HttpAnswer served() {
            return HttpAnswer.of(500).text("trace of a stack");
        }
    }
}
