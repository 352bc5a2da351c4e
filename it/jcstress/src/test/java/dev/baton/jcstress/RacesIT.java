package dev.baton.jcstress;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.openjdk.jcstress.infra.Status;
import org.openjdk.jcstress.infra.collectors.DiskReadCollector;
import org.openjdk.jcstress.infra.collectors.InProcessCollector;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.runners.TestList;

/**
 * Starts {@code target/jcstress.jar} in the JDK of the build and reads what it has written: every test ran, nothing
 * forbidden was seen, and what must be found was found. The sizes come from the build. The output and the report in
 * HTML are under {@code target/jcstress}.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class RacesIT {
    private static final Path TARGET = Path.of(System.getProperty("jcstress.target", "target"));

    @Test
    void theFdTableShowsNothingForbidden() throws Exception {
        Collection<TestResult> results = run("fd", 1);
        assertThat(results)
                .allSatisfy(result -> assertThat(result.grading().failureMessages)
                        .as(result.getName())
                        .isEmpty());
        assertThat(results).allMatch(result -> result.grading().isPassed);
    }

    /** Finding nothing above means something because the error of the two-mask deletion is found here (R02). */
    @Test
    void theDoubleCloseOfTheTwoMasksIsFound() throws Exception {
        Collection<TestResult> results = run("negative", 5);
        long found = results.stream().mapToLong(result -> result.getCount("2")).sum();
        assertThat(found)
                .as("double closes of the two-mask deletion in "
                        + results.stream().mapToLong(TestResult::getTotalCount).sum() + " tries")
                .isPositive();
    }

    /**
     * Runs the tests of a package.
     *
     * @param times as many iterations as the build says: more for what must be found also on a machine that is busy
     */
    private static Collection<TestResult> run(String part, int times) throws Exception {
        String tests = "dev.baton.jcstress." + part + ".";
        Path folder = TARGET.resolve("jcstress").resolve(part);
        Files.createDirectories(folder);
        for (Path old : results(folder)) {
            Files.delete(old);
        }
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-jar",
                        TARGET.resolve("jcstress.jar").toAbsolutePath().toString(),
                        "-t",
                        tests.replace(".", "\\."),
                        "-m",
                        System.getProperty("jcstress.mode", "sanity"),
                        "-f",
                        "1",
                        "-iters",
                        Integer.toString(times * Integer.getInteger("jcstress.iterations", 5)),
                        "-time",
                        System.getProperty("jcstress.time.ms", "100"),
                        "-sc",
                        "false",
                        "-jvmArgs",
                        // The table's own assertions, too.
                        "-Xmx256m -ea",
                        "-r",
                        "report")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(29, TimeUnit.MINUTES))
                    .as("jcstress ends; see " + output)
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        Collection<TestResult> results = read(folder, output);
        print(results);
        assertThat(results.stream().map(TestResult::getName).collect(Collectors.toSet()))
                .as("every test ran; see " + output)
                .isEqualTo(listed(tests));
        assertThat(results).allSatisfy(result -> {
            assertThat(result.status()).as(result.getName()).isEqualTo(Status.NORMAL);
            assertThat(result.getTotalCount()).as(result.getName()).isPositive();
        });
        return results;
    }

    private static Set<String> listed(String tests) {
        Set<String> names = TestList.tests().stream()
                .filter(name -> name.startsWith(tests))
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(names).isNotEmpty();
        return names;
    }

    private static List<Path> results(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(each -> each.getFileName().toString().endsWith(".bin.gz"))
                    .toList();
        }
    }

    private static Collection<TestResult> read(Path folder, Path output) throws Exception {
        List<Path> files = results(folder);
        assertThat(files).as("one file of results; see " + output).hasSize(1);
        InProcessCollector collector = new InProcessCollector();
        DiskReadCollector reader = new DiskReadCollector(files.get(0).toString(), collector);
        try {
            reader.dump();
        } finally {
            reader.close();
        }
        return collector.getTestResults();
    }

    private static void print(Collection<TestResult> results) {
        for (TestResult result : results) {
            TreeMap<String, Long> counts = new TreeMap<>();
            for (String state : result.getStateKeys()) {
                counts.put(state, result.getCount(state));
            }
            System.out.println(result.getName() + " " + counts);
        }
    }
}
