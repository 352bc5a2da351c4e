package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the README says is true: its commands are run, its configuration is checked. */
@Timeout(120)
class ReadmeIT {
    private static final Page README = Page.read("README.md");
    private static final Path LAUNCHER = Page.checkout().resolve("runtime/bin/baton");

    @TempDir
    Path folder;

    @Test
    void shouldHaveTwoCommandsToSetUp() throws Exception {
        assertThat(README.blocks("").subList(0, 2)).containsExactly("runtime/bin/baton run\n", "mvn verify\n");
        assertThat(Files.readString(Page.checkout().resolve(".ci/run"))).containsPattern("mvn [^\\n]*verify");
    }

    /**
     * The demo's addresses are fixed: where somebody else has them, nothing can be shown. No other test may use them,
     * for test classes run at the same time.
     */
    @Test
    void shouldRunEveryCommandWhileTheDemoRuns() throws Exception {
        try (BatonProcess demo = BatonProcess.launch(LAUNCHER, folder, "run")) {
            boolean ready;
            try {
                demo.await(line -> line.startsWith("ready in "));
                ready = true;
            } catch (AssertionError ended) {
                ready = false;
                assertThat(demo.outcome().text()).contains("EADDRINUSE");
            }
            assumeThat(ready).as("127.0.0.1:8080 and 9901 are free").isTrue();
            assertThat(demo.text()).contains("configuration built-in demo (no -c and no ./baton.yaml)");
            String first = Client.get("127.0.0.1:8080", "/").body();
            String second = Client.get("127.0.0.1:8080", "/").body();
            assertThat(first + second).as("in turn").contains("page-a").contains("page-b");
            List<String> commands = README.commands();
            for (String line : commands.subList(2, commands.size())) {
                run(line);
            }
            assertThat(demo.outcome().code()).as("the last command stops it").isZero();
        }
    }

    @Test
    void shouldMeasureWhatItSaysIsMeasured() throws Exception {
        String script = Files.readString(Page.checkout().resolve("it/bench/run"));
        List<String> lines = README.blocks("sh").stream().flatMap(String::lines).toList();
        assertThat(lines).isNotEmpty().allSatisfy(line -> {
            assertThat(line).startsWith("it/bench/run ");
            assertThat(script).contains("\npart_" + line.substring("it/bench/run ".length()) + "() {");
        });
    }

    private void run(String line) throws Exception {
        if (line.startsWith("curl ")) {
            URI uri = URI.create(line.substring("curl ".length()));
            assertThat(Client.get(uri.getAuthority(), uri.getPath()).statusCode())
                    .as(line)
                    .isEqualTo(200);
            return;
        }
        assertThat(line).startsWith("runtime/bin/baton ");
        String[] arguments = Stream.of(line.split("\\s+")).skip(1).toArray(String[]::new);
        try (BatonProcess command = BatonProcess.launch(LAUNCHER, folder, arguments)) {
            Outcome outcome = command.outcome();
            assertThat(outcome.code()).as("%s: %s", line, outcome.text()).isZero();
        }
    }

    @Test
    void shouldShowAConfigurationThatIsRight() throws Exception {
        assertThat(README.blocks("yaml")).hasSize(1);
        Files.writeString(folder.resolve("baton.yaml"), README.blocks("yaml").get(0));
        Outcome check = BatonProcess.run(folder, "check");
        assertThat(check.code()).as(check.text()).isZero();
    }
}
