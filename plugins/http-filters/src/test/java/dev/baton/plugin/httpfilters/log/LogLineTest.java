package dev.baton.plugin.httpfilters.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No client can end a line, or a quoted text in it, or make two fields of one. */
class LogLineTest {
    private static final String PLAIN = "[ -~]*";

    /** All characters, a thousand at a time. */
    private static Iterable<String> everything() {
        return () -> IntStream.range(0, 66)
                .mapToObj(block -> IntStream.range(block * 1_000, Math.min(65_536, block * 1_000 + 1_000))
                        .collect(StringBuilder::new, (text, c) -> text.append((char) c), StringBuilder::append)
                        .toString())
                .iterator();
    }

    @Test
    void shouldEscapeForJson() {
        for (String text : everything()) {
            String line = new LogLine()
                    .put(LogLine.ascii("{\"a\":\""))
                    .json(text)
                    .put(LogLine.ascii("\"}"))
                    .toString();
            assertThat(line).matches(PLAIN);
            assertThat(new JsonObject(line).getString("a")).isEqualTo(text);
        }
    }

    @Test
    void shouldEscapeForTheCombinedFormat() {
        StringBuilder bytes = new StringBuilder();
        for (char c = 0; c < 256; c++) {
            bytes.append(c);
        }
        String line = new LogLine().combined(bytes).toString();
        assertThat(line).matches("([ !#-\\[\\]-~]|\\\\x[0-9a-f]{2})*");
        StringBuilder back = new StringBuilder();
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) == '\\') {
                back.append((char) Integer.parseInt(line.substring(i + 2, i + 4), 16));
                i += 3;
            } else {
                back.append(line.charAt(i));
            }
        }
        assertThat(back.toString()).isEqualTo(bytes.toString());
    }

    @Test
    void shouldWriteADashForNothing() {
        assertThat(new LogLine()
                        .combined(null)
                        .put(' ')
                        .combined("")
                        .put(' ')
                        .word("a b")
                        .toString())
                .isEqualTo("- - a+b");
    }

    @Test
    void shouldCutWhatIsLong() {
        String long1 = "x".repeat(LogLine.TEXT_MAX);
        assertThat(new LogLine().json(long1).toString()).isEqualTo(long1);
        assertThat(new LogLine().json(long1 + "y").toString()).isEqualTo(long1 + "...");
        assertThat(new LogLine().combined(long1 + "y").toString()).isEqualTo(long1 + "...");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 9, 10, 99, 100, 1_234_567_890_123L, Long.MAX_VALUE, -1, -10, Long.MIN_VALUE + 1})
    void shouldWriteNumbers(long number) {
        assertThat(new LogLine().number(number).toString()).isEqualTo(Long.toString(number));
    }

    @Test
    void shouldPadNumbers() {
        assertThat(new LogLine().padded(7, 3).put('.').padded(0, 2).toString()).isEqualTo("007.00");
    }
}
