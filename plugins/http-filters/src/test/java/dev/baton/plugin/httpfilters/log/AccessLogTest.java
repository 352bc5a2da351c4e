package dev.baton.plugin.httpfilters.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.log.AccessLog.Format;
import dev.baton.plugin.httpfilters.log.AccessLog.Settings;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpTimings;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The lines of exchanges. */
@Timeout(60)
class AccessLogTest {
    private static final ByteSize BUFFER = new ByteSize(1 << 20);

    @TempDir
    Path folder;

    private final LogFiles files = new LogFiles(new Counts());

    private AccessLog filter(Format format, String name) {
        return new AccessLog(new Settings(format, Optional.of(folder.resolve(name)), BUFFER), files);
    }

    /** The lines of exchanges that have ended. */
    private List<String> lines(Format format, FakeExchange... exchanges) throws IOException {
        AccessLog filter = filter(format, "access.log");
        for (FakeExchange exchange : exchanges) {
            exchange.meet(filter).respond(HttpAnswer.of(200).text("hello")).end();
        }
        filter.close();
        return Files.readAllLines(folder.resolve("access.log"));
    }

    private static FakeExchange shopping() {
        FakeExchange exchange = FakeExchange.of("POST", "/shop?item=\"7\"")
                .with("User-Agent", "a\\b \u00e4")
                .with("Referer", "https://example.com/")
                .body("abc")
                .client("192.0.2.10")
                .servedBy("10.0.0.1:80", 1)
                .at(new HttpTimings(1_000, 250_000, 1_234_567, 2_000_000));
        exchange.set(AccessLog.USER, "ali baba");
        exchange.set(AccessLog.ID, "id-1");
        return exchange;
    }

    @Test
    void shouldWriteJson() throws IOException {
        long before = System.currentTimeMillis();
        String line = lines(Format.JSON, shopping()).get(0);
        assertThat(line)
                .endsWith("\"service\":\"shop\",\"route\":\"all\",\"client\":\"192.0.2.10\",\"user\":\"ali baba\""
                        + ",\"request_id\":\"id-1\",\"scheme\":\"http\",\"host\":\"example.com\",\"method\":\"POST\""
                        + ",\"target\":\"/shop?item=\\\"7\\\"\",\"version\":\"HTTP/1.1\""
                        + ",\"referer\":\"https://example.com/\",\"user_agent\":\"a\\\\b \\u00e4\""
                        + ",\"server\":\"10.0.0.1:80\",\"outcome\":\"complete\",\"status\":200,\"request_bytes\":3"
                        + ",\"response_bytes\":5,\"retries\":1,\"connect_ms\":0.250,\"first_byte_ms\":1.234"
                        + ",\"total_ms\":2.000}");
        JsonObject json = new JsonObject(line);
        assertThat(Instant.parse(json.getString("time")).toEpochMilli()).isBetween(before, System.currentTimeMillis());
    }

    @Test
    void shouldWriteTheCombinedFormat() throws IOException {
        assertThat(lines(Format.COMBINED, shopping()).get(0))
                .matches(
                        "192\\.0\\.2\\.10 - ali\\+baba \\[\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d \\+0000\\] .*")
                .endsWith("] \"POST /shop?item=\\x227\\x22 HTTP/1.1\" 200 5 \"https://example.com/\""
                        + " \"a\\x5cb \\xe4\"");
    }

    @Test
    void shouldLeaveOutWhatIsNotKnown() throws IOException {
        FakeExchange exchange = FakeExchange.get("/").facts(new ConnectionFacts(null, null));
        AccessLog json = filter(Format.JSON, "json.log");
        exchange.meet(json).end(HttpOutcome.Kind.CUT);
        json.close();
        String line = Files.readString(folder.resolve("json.log"));
        assertThat(line)
                .contains(
                        "\"client\":\"-\",\"scheme\"", "\"outcome\":\"cut\",\"status\":null", "\"reason\":\"shutdown\"")
                .doesNotContain("referer", "user", "server\"", "retries", "_ms\":-");
        AccessLog combined = filter(Format.COMBINED, "combined.log");
        FakeExchange.get("/").client("2001:db8::1").meet(combined).end(HttpOutcome.Kind.CLIENT_ABORTED);
        combined.close();
        assertThat(Files.readString(folder.resolve("combined.log")))
                .startsWith("2001:db8:0:0:0:0:0:1 - - [")
                .endsWith("] \"GET / HTTP/1.1\" 000 0 \"-\" \"-\"\n");
    }

    /** Whatever a client sends, each exchange is one line with the fields that it has to have. */
    @Test
    void shouldWriteOneLineForEachExchangeWhateverItSends() throws IOException {
        String evil = "\" 200 1 \"x\u0085\u00ff\t\\\" {\"status\":1}";
        List<String> json = lines(
                Format.JSON,
                FakeExchange.get("/\"").with("User-Agent", evil).with("Referer", evil),
                FakeExchange.get("/").with("User-Agent", evil.repeat(1_000)));
        assertThat(json).hasSize(2);
        assertThat(new JsonObject(json.get(0)).getString("user_agent")).isEqualTo(evil);
        assertThat(new JsonObject(json.get(1)).getInteger("status")).isEqualTo(200);
        Files.delete(folder.resolve("access.log"));
        List<String> combined = lines(
                Format.COMBINED,
                FakeExchange.get("/\"").with("User-Agent", evil).with("Referer", evil));
        assertThat(combined).singleElement().asString().matches("[^\"]*(\"[^\"]*\" 200 5 )\"[^\"]*\" \"[^\"]*\"");
    }

    @Test
    void shouldShareAFile() throws Exception {
        AccessLog one = filter(Format.JSON, "shared.log");
        AccessLog two = filter(Format.JSON, "../" + folder.getFileName() + "/shared.log");
        assertThat(files.all()).hasSize(1);
        FakeExchange.get("/1").meet(one).respond(HttpAnswer.of(204)).end();
        FakeExchange.get("/2").meet(two).respond(HttpAnswer.of(204)).end();
        assertThat(new ReopenLogs(files)
                        .act(new ReopenLogs.Nothing())
                        .toCompletableFuture()
                        .get(10, TimeUnit.SECONDS))
                .isEqualTo(new ReopenLogs.Reopened(1, 0));
        one.close();
        FakeExchange.get("/3").meet(two).respond(HttpAnswer.of(204)).end();
        two.close();
        assertThat(files.all()).isEmpty();
        assertThat(Files.readAllLines(folder.resolve("shared.log"))).hasSize(3);
    }

    @Test
    void shouldRefuseABufferThatIsNoPowerOfTwo() {
        assertThatThrownBy(() -> new Settings(Format.JSON, Optional.empty(), new ByteSize(100_000)))
                .hasMessage("100000B is no power of two, such as 512KiB or 4MiB");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return AccessLogTest.this.filter(Format.JSON, "contract.log");
        }
    }
}
