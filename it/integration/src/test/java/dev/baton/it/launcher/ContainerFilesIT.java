package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The examples for containers, as far as they can be tested where no container runs. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ContainerFilesIT {
    private static final Path CONTAINER = Page.checkout().resolve("runtime/dist/container");

    @TempDir
    Path folder = Path.of("");

    private static String text(String name) throws Exception {
        return Files.readString(CONTAINER.resolve(name));
    }

    @Test
    void shouldHaveAConfigurationThatIsRight() throws Exception {
        Outcome checked = BatonProcess.run(
                folder, "check", "-c", CONTAINER.resolve("baton.yaml").toString());
        assertThat(checked.code()).as("%s", checked).isZero();
    }

    /** The files are copied from one another: ports, the image, the grace time. */
    @Test
    void shouldAgreeWithEachOther() throws Exception {
        assertThat(text("baton.yaml")).contains(":8080\"", "app:80", ":9901\"", "grace: 30s");
        assertThat(text("Dockerfile")).contains("EXPOSE 8080 9901", "/etc/baton/baton.yaml");
        assertThat(text("compose.yaml"))
                .contains("image: baton:0.1.0", ":8080:8080", "./baton.yaml:/etc/baton/baton.yaml:ro");
        assertThat(text("kubernetes.yaml"))
                .contains(
                        "image: baton:0.1.0",
                        "containerPort: 8080",
                        "containerPort: 9901",
                        "path: /ready",
                        "path: /live");
        for (String each : List.of("stop_grace_period: 60s", "terminationGracePeriodSeconds: 60")) {
            assertThat(text("compose.yaml") + text("kubernetes.yaml"))
                    .as("longer than the 45 s of grace and hard-stop")
                    .contains(each);
        }
    }

    @Tag("long") // installs the linters
    @ParameterizedTest
    @CsvSource({"dockerfilelint@1.8.0, Dockerfile, ", "dclint@3.1.0, compose.yaml, --max-warnings=0"})
    void shouldPleaseTheLinters(String linter, String file, String option) throws Exception {
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder.toString(), linter);
        String command = folder.resolve("node_modules/.bin/" + linter.substring(0, linter.indexOf('@')))
                .toString();
        Path checked = CONTAINER.resolve(file);
        if (option == null) {
            run(command, checked.toString());
        } else {
            run(command, option, checked.toString());
        }
        Path wrong = folder.resolve(file);
        Files.writeString(wrong, text(file).replaceAll("(?m)^(FROM|services)", "wrong"));
        assertThat(code(command, wrong.toString()))
                .as("of a file that is wrong")
                .isNotZero();
    }

    private static void run(String... command) throws Exception {
        assertThat(code(command)).as("exit code of %s", List.of(command)).isZero();
    }

    private static int code(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        if (code != 0) {
            System.out.println(
                    Pattern.compile("\u001b\\[[0-9;]*m").matcher(said).replaceAll(""));
        }
        return code;
    }
}
