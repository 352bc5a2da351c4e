package dev.baton.plugin.http.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of the operator's guide has every reason that the metric counts, with the status that clients get. */
class RefusalTableTest {
    private static final Path PAGE = Path.of("../../runtime/dist/doc/http.md");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `([a-z_]+)` \\| (\\d{3}|none) \\| .+ \\|$");

    /** How an operator reads what becomes of the client. */
    private static String shown(Refusal refusal) {
        return switch (refusal) {
            case CLIENT_STALLED, TUNNEL_IDLE, UNSOLICITED_RESPONSE, BAD_FRAME, TOO_MANY_FRAMES ->
                "none"; // the client is told nothing
            default -> Integer.toString(refusal.status().code());
        };
    }

    @Test
    void shouldHaveARowForEachReason() throws IOException {
        Map<String, String> reasons = new TreeMap<>();
        for (Refusal refusal : Refusal.values()) {
            reasons.put(refusal.label(), shown(refusal));
        }
        Map<String, String> rows = new TreeMap<>();
        ROW.matcher(Files.readString(PAGE))
                .results()
                .forEach(row -> assertThat(rows.put(row.group(1), row.group(2)))
                        .as("rows of %s", row.group(1))
                        .isNull());
        assertThat(rows).isEqualTo(reasons);
    }
}
