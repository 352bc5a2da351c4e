package dev.baton.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Reads a text as the launcher reads a file, and checks what holds for every text there is. */
final class FuzzConfig {
    /** What YAML takes for the end of a line. */
    private static final String LINE_END = "\r\n|[\n\r\u0085\u2028\u2029]";

    /** Far above the longest message that says something; far below what a file could be blown up to. */
    private static final int MESSAGE_CHARS_MAX = 20_000;

    private static final int ALL_MESSAGES_CHARS_MAX = 4 << 20;

    /** The configuration, or its problems: exactly one of the two. */
    record Outcome(Optional<RootConfig> config, List<Problem> problems) {}

    private FuzzConfig() {}

    /**
     * Reads; whatever else than a {@link ConfigException} comes out goes on to the test, which it fails.
     *
     * <p>Bounds what a file can make the reader write, because that is what its work and memory grow with. No clock.
     */
    static Outcome read(String text) {
        Outcome outcome = parse(text);
        String[] lines = text.split(LINE_END, -1);
        int chars = 0;
        for (Problem problem : outcome.problems()) {
            assertPlace(lines, problem);
            assertThat(problem.file()).isEqualTo("f");
            assertThat(problem.message()).isNotBlank();
            assertThat(problem.message().codePoints().filter(Character::isISOControl))
                    .as("control characters in: %s", problem.message())
                    .isEmpty();
            assertThat(problem.message().length()).isLessThanOrEqualTo(MESSAGE_CHARS_MAX);
            chars += problem.message().length();
        }
        assertThat(chars).as("characters in all messages").isLessThanOrEqualTo(ALL_MESSAGES_CHARS_MAX);
        return outcome;
    }

    private static Outcome parse(String text) {
        try {
            ConfigReader reader = ConfigReader.parse("f", text, Path.of("/nowhere"));
            assertThat(reader.pluginFolders()).isEmpty();
            return new Outcome(Optional.of(reader.read(new TestVocabulary())), List.of());
        } catch (ConfigException e) {
            assertThat(e.problems()).isNotEmpty().isSortedAccordingTo(Comparator.comparing(Problem::position));
            return new Outcome(Optional.empty(), e.problems());
        }
    }

    /**
     * The place is one where an editor can put its cursor: on a character of the file, or behind the last of a line.
     */
    private static void assertPlace(String[] lines, Problem problem) {
        Position position = problem.position();
        assertThat(position.line()).as("line of %s", problem).isBetween(1, lines.length);
        String line = lines[position.line() - 1];
        assertThat(position.column())
                .as("column of %s", problem)
                .isBetween(1, line.codePointCount(0, line.length()) + 1);
    }
}
