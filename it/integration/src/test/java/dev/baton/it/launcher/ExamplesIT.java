package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.it.peers.PeerProcess;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.LoopbackAddress;
import dev.baton.testkit.PostgresProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages of the examples have the code that is tested, and whoever follows them gets a plugin that works. */
@Timeout(300)
class ExamplesIT {
    private static final String EXAMPLES = "plugins/examples";
    /** The one whose steps take least is followed in each build. */
    private static final String FASTEST = "line-protocol";

    private static final int LINES_MAX = 149;
    private static final Pattern VERSION =
            Pattern.compile("<artifactId>([\\w-]+)</artifactId>\\s*<version>([^<]+)</version>");

    @TempDir
    Path folder;

    static List<String> examples() throws IOException {
        try (Stream<Path> files = Files.list(Page.checkout().resolve(EXAMPLES))) {
            return files.filter(each -> Files.exists(each.resolve("README.md")))
                    .map(each -> each.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    static List<String> others() throws IOException {
        return examples().stream().filter(each -> !each.equals(FASTEST)).toList();
    }

    private static Page page(String example) {
        return Page.read(EXAMPLES + "/" + example + "/README.md");
    }

    /** The text of each class, by its path; not what {@code baton plugin new} writes. */
    private static Map<String, String> sources(String example) throws IOException {
        Path root = Page.checkout().resolve(EXAMPLES).resolve(example);
        Map<String, String> sources = new TreeMap<>();
        try (Stream<Path> files = Files.walk(root.resolve("src"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith("package-info.java")) {
                    sources.put(root.relativize(file).toString(), Files.readString(file));
                }
            }
        }
        return sources;
    }

    @ParameterizedTest
    @MethodSource("examples")
    void shouldShowTheCodeThatIsTested(String example) throws Exception {
        Map<String, String> shown = page(example).blocks().stream()
                .filter(block -> block.language().equals("java"))
                .collect(Collectors.toMap(Page.Block::file, Page.Block::text));
        Map<String, String> sources = sources(example);
        assertThat(shown).isEqualTo(sources);
        assertThat(sources.entrySet().stream()
                        .filter(each -> each.getKey().startsWith("src/main/"))
                        .flatMap(each -> each.getValue().lines()))
                .as("lines, so that it is read in minutes")
                .hasSizeLessThanOrEqualTo(LINES_MAX);
    }

    @Test
    void shouldNeedTheVersionsThatAreTested() throws Exception {
        String versions = Files.readString(Page.checkout().resolve("pom.xml"));
        List<MatchResult> needed = examples().stream()
                .flatMap(example -> page(example).blocks("xml").stream())
                .flatMap(xml -> VERSION.matcher(xml).results())
                .toList();
        assertThat(needed)
                .isNotEmpty()
                .allSatisfy(each ->
                        assertThat(versions).contains("<" + each.group(1) + ".version>" + each.group(2) + "</"));
    }

    @Test
    void shouldBeListedBuiltAndNotShipped() throws Exception {
        String build = Files.readString(Page.checkout().resolve(EXAMPLES).resolve("pom.xml"));
        assertThat(examples()).hasSize(6).allSatisfy(example -> {
            assertThat(Page.read("spi/README.md").links()).contains("../plugins/examples/" + example + "/README.md");
            assertThat(Page.read("plugins/README.md").links()).contains("examples/" + example + "/README.md");
            assertThat(build)
                    .contains("<source>" + example + "/src/main/java</source>")
                    .contains("<source>" + example + "/src/test/java</source>");
            assertThat(BatonProcess.distribution().resolve("plugins").resolve(example))
                    .doesNotExist();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = FASTEST)
    void shouldBeMadeByTheStepsOfItsPage(String example) throws Exception {
        follow(example);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("others")
    void shouldEachBeMadeByTheStepsOfItsPage(String example) throws Exception {
        if (!example.equals("vertx-jdbc")) {
            follow(example);
            return;
        }
        PeerProcess.assumeInstalled("psql");
        try (PostgresProcess postgres = PostgresProcess.start()) {
            Shell shell = new AuthorProjects(folder)
                    .shell(folder)
                    .with("PGHOST", postgres.host())
                    .with("PGUSER", PostgresProcess.ADMINISTRATOR);
            follow(example, shell, postgres.host());
        }
    }

    private void follow(String example) throws Exception {
        PeerProcess.assumeInstalled("curl");
        PeerProcess.assumeInstalled("nc");
        follow(example, new AuthorProjects(folder).shell(folder), LoopbackAddress.draw());
    }

    private static void follow(String example, Shell shell, String address) throws Exception {
        try (PageSteps steps = new PageSteps(page(example), shell, address)) {
            steps.follow();
        }
    }
}
