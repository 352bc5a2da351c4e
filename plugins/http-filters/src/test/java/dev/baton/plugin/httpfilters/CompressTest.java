package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Responses that are compressed, and those that must not be. */
class CompressTest {
    private static final String TEXT = "the same text again and again. ".repeat(200);

    private static Compress filter() {
        return new Compress(new Compress.Settings(List.of(), new ByteSize(100), 5));
    }

    private static HttpAnswer served() {
        return HttpAnswer.of(200).text(TEXT);
    }

    private static FakeExchange exchange(HttpAnswer served) {
        return FakeExchange.get("/")
                .with("Accept-Encoding", "gzip")
                .meet(filter())
                .respond(served)
                .end();
    }

    /** The body as a client reads it. */
    private static byte[] decoded(FakeExchange exchange) {
        String coding = exchange.hasResponse() ? exchange.got().fields().get("Content-Encoding") : null;
        byte[] bytes = exchange.receivedBytes();
        if (coding == null || bytes.length == 0) {
            return bytes;
        }
        try (InputStream in = coding.equals("gzip")
                ? new GZIPInputStream(new ByteArrayInputStream(bytes))
                : new InflaterInputStream(new ByteArrayInputStream(bytes))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "gzip, gzip",
        "deflate, deflate",
        "'gzip, deflate, br', gzip",
        "'deflate, gzip;q=0.9', deflate",
        "'GZIP;Q=0.5', gzip",
        "x-gzip, gzip",
        "*, gzip",
        "'*;q=0.5, gzip;q=0', deflate",
        "'gzip;q=1.000', gzip",
        "'gzip;q=0.5, identity;q=0.5', gzip",
    })
    void shouldCompressAsTheClientWants(String accept, String coding) {
        FakeExchange exchange = FakeExchange.get("/")
                .with("Accept-Encoding", accept)
                .meet(filter())
                .respond(served())
                .end();
        assertThat(exchange.got().fields().all("Content-Encoding")).containsExactly(coding);
        assertThat(exchange.got().fields().all("Vary")).containsExactly("Accept-Encoding");
        assertThat(exchange.got().fields().contains("Content-Length")).isFalse();
        assertThat(exchange.receivedBytes()).hasSizeLessThan(TEXT.length() / 10);
        assertThat(new String(decoded(exchange), StandardCharsets.UTF_8)).isEqualTo(TEXT);
    }

    @ParameterizedTest
    @CsvSource({
        "''",
        "br",
        "identity",
        "gzip;q=0",
        "'gzip;q=0.0, deflate;q=0'",
        "'*;q=0'",
        "'gzip;q=0.5, deflate;q=0.5, identity'",
        "gzip;q=2",
        "gzip;q=",
        "gzip;level=1",
        "gzipped"
    })
    void shouldLeaveItToClientsThatDoNotWantIt(String accept) {
        FakeExchange exchange = FakeExchange.get("/")
                .with("Accept-Encoding", accept)
                .meet(filter())
                .respond(served())
                .end();
        assertThat(exchange.got().fields().contains("Content-Encoding")).isFalse();
        assertThat(exchange.got().fields().all("Vary")).containsExactly("Accept-Encoding");
        assertThat(exchange.received()).isEqualTo(TEXT);
        assertThat(exchange.got().contentLength()).isEqualTo(TEXT.length());
    }

    @Test
    void shouldMakeAStrongTagWeak() {
        FakeExchange strong = exchange(served().with("ETag", "\"1\"").with("Accept-Ranges", "bytes"));
        assertThat(strong.got().fields().get("ETag")).isEqualTo("W/\"1\"");
        assertThat(strong.got().fields().contains("Accept-Ranges")).isFalse();
        assertThat(exchange(served().with("ETag", "W/\"1\"")).got().fields().get("ETag"))
                .isEqualTo("W/\"1\"");
    }

    private static void isLeftAlone(HttpAnswer served) {
        FakeExchange exchange = exchange(served);
        assertThat(exchange.received()).isEqualTo(new String(bytes(served), StandardCharsets.UTF_8));
        assertThat(exchange.got().fields().contains("Vary")).isFalse();
        assertThat(exchange.got().fields().all("Content-Encoding"))
                .isEqualTo(served.fields().stream()
                        .filter(field -> field.name().equals("Content-Encoding"))
                        .map(HttpAnswer.Field::value)
                        .toList());
    }

    private static byte[] bytes(HttpAnswer answer) {
        byte[] bytes = new byte[answer.body().remaining()];
        answer.body().get(bytes);
        return bytes;
    }

    @Test
    void shouldLeaveAloneWhatMustNotBeChanged() {
        isLeftAlone(served().with("Content-Encoding", "br"));
        isLeftAlone(served().with("Content-Encoding", "identity"));
        isLeftAlone(served().with("Cache-Control", "max-age=1, No-Transform"));
        isLeftAlone(HttpAnswer.of(206).text(TEXT).with("Content-Range", "bytes 0-1/2"));
        isLeftAlone(HttpAnswer.of(200).body("image/png", TEXT.getBytes(StandardCharsets.UTF_8)));
        isLeftAlone(HttpAnswer.of(200).text("short"));
        isLeftAlone(HttpAnswer.of(204));
        isLeftAlone(HttpAnswer.of(304).with("ETag", "\"1\""));
    }

    @Test
    void shouldCompressWhatHasNoLengthPieceByPiece() {
        FakeExchange exchange = FakeExchange.get("/")
                .with("Accept-Encoding", "gzip")
                .pieces(10)
                .meet(filter())
                .respondChunked(HttpAnswer.of(200)
                        .body("TEXT/Event-Stream ; a=b", "data: 1\n\n".getBytes(StandardCharsets.UTF_8)))
                .end();
        assertThat(new String(decoded(exchange), StandardCharsets.UTF_8)).isEqualTo("data: 1\n\n");
    }

    @Test
    void shouldSayWhatIsWrong() {
        assertThatThrownBy(() -> new Compress.Settings(List.of("text"), new ByteSize(1), 5))
                .hasMessageContaining("'text' is no content type");
        assertThatThrownBy(() -> new Compress.Settings(List.of("*/*"), new ByteSize(1), 5))
                .hasMessageContaining("'*/*' is no content type");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return CompressTest.filter();
        }

        @Override
        protected FakeExchange passing() {
            return super.passing().with("Accept-Encoding", "gzip");
        }

        @Override
        protected byte[] read(FakeExchange exchange) {
            return decoded(exchange);
        }
    }

    @Test
    void shouldReleaseWhatItHasEncodedIfItFails() {
        UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false);
        Encoder encoder = new Encoder(Coding.GZIP, 5);
        encoder.close();
        assertThatThrownBy(
                        () -> encoder.encode(Unpooled.copiedBuffer(TEXT, StandardCharsets.US_ASCII), true, allocator))
                .hasMessageContaining("closed");
        assertThat(allocator.metric().usedHeapMemory()).isZero();
    }
}
