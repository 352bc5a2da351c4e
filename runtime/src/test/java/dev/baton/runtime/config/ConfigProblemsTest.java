package dev.baton.runtime.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every kind of error that a configuration can have, with its exact text and place: these lines are what a person gets
 * to see, so a change of one of them is a change of the product.
 */
class ConfigProblemsTest {

    /**
     * The cases: a title after {@code ###}, the file, a line {@code ---}, the expected lines. {@code ¶} in a file is a
     * tab, {@code ¤} a character that YAML forbids.
     */
    @TestFactory
    Stream<DynamicTest> tellsEveryErrorWithItsPlace() throws Exception {
        String cases;
        try (var in = ConfigProblemsTest.class.getResourceAsStream("problems.txt")) {
            assertThat(in).isNotNull();
            cases = new String(in.readAllBytes(), UTF_8);
        }
        return Stream.of(cases.split("(?m)^### ", -1)).skip(1).map(text -> {
            int title = text.indexOf('\n');
            int middle = text.indexOf("\n====\n");
            String file =
                    text.substring(title + 1, middle + 1).replace('¶', '\t').replace('¤', '\u0007');
            String expected = text.substring(middle + 6).strip();
            return DynamicTest.dynamicTest(
                    text.substring(0, title), () -> assertThat(problems(file)).isEqualTo(expected));
        });
    }

    private static String problems(String file) {
        try {
            return "accepted: "
                    + ConfigReader.parse("f", file, Path.of("/nowhere")).read(new TestVocabulary());
        } catch (ConfigException e) {
            return e.problems().stream().map(Problem::toString).collect(Collectors.joining("\n"));
        }
    }
}
