package dev.baton.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ResultsTest {
    private final Results results = Results.of("""
            # Measured

            Machine: one.

            ## CPU time a request, HTTP proxy, one loop

            At commit 23128de, on 2026-11-28.

            | proxy | median | ratio to HAProxy |
            |---|---|---|
            | baton | 19.1 | 0.90 |
            | haproxy | 21.2 | 1.00 |
            | nginx | 17.0 | 0.80 |

            ## Live heap

            1.5 KiB
            """.lines().toList());

    private static Results run(String ratio) {
        return Results.of("""
                # Measured

                Machine: another.

                ## CPU time a request, HTTP proxy, one loop

                | proxy | median | ratio to HAProxy |
                |---|---|---|
                | baton | 18.0 | RATIO |
                | haproxy | 21.2 | 1.00 |
                | nginx | 17.0 | 0.80 |
                """.replace("RATIO", ratio).lines().toList());
    }

    private List<String> rows() {
        return Summary.of(results).lines().stream()
                .filter(line -> line.startsWith("| CPU"))
                .toList();
    }

    @Test
    void shouldPutWhatIsWorseThanThePeerFirst() {
        assertThat(rows())
                .containsExactly(
                        "| CPU a request, kept connections | nginx | **1.13** | 0.93, missed | 2026-11-28 |",
                        "| CPU a request, kept connections | HAProxy | 0.90 | 0.85, missed | 2026-11-28 |");
    }

    @Test
    void shouldReplaceThePartsOfARunAndLeaveTheOthers() {
        results.replace(run("0.84"), "abc1234", "2026-12-01");
        assertThat(results.lines(Summary.of(results)))
                .contains("Machine: another.", "At commit abc1234, on 2026-12-01.", "## Live heap", "1.5 KiB")
                .doesNotContain("At commit 23128de, on 2026-11-28.");
        assertThat(rows())
                .containsExactly(
                        "| CPU a request, kept connections | nginx | **1.05** | 0.93, missed | 2026-12-01 |",
                        "| CPU a request, kept connections | HAProxy | 0.84 | 0.85 | 2026-12-01 |");
    }

    @Test
    void shouldReadWhatItHasWrittenAndSayTheSame() {
        List<String> written = results.lines(Summary.of(results));
        Results again = Results.of(written);
        assertThat(again.lines(Summary.of(again))).isEqualTo(written);
    }

    @Test
    void shouldDrawABarForEachLine() {
        String picture = Summary.of(results).picture();
        assertThat(picture.split("<rect", -1)).hasSize(3);
        assertThat(picture).contains("class=\"worse\"", "class=\"better\"").endsWith("</svg>\n");
    }
}
