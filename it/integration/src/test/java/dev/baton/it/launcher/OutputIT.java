package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log reader that stands still: the pipe of standard error is full, and every line that is logged would block whoever
 * logs it, on a loop, in the watchdog, in a signal's handler. The process goes on serving and tells the truth about
 * itself.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OutputIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** More than the pipe and the queue together, in lines of so many bytes. */
    private static final int LINES = 800;

    private static final String LONG = "x".repeat(4_000);

    private static final String YAML = """
            version: 1
            loops: 2
            grace: 1s
            rescue: { spares: 0 }
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: rehearsal }
            services:
              rehearsal: { type: http, routes: [ { handler: chaos } ] }
            plugins: { enable: [chaos] }
            """;

    @TempDir
    Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private HttpResponse<String> get(String address, String path) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://" + address + path))
                        .timeout(PATIENCE)
                        .build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String address, String path, String body) throws Exception {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://" + address + path))
                        .timeout(PATIENCE)
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    private static String within(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return matcher.group(1);
    }

    private Process start(String options) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), YAML);
        ProcessBuilder builder = new ProcessBuilder(
                        BatonProcess.distribution().resolve("bin/baton").toString(), "run")
                .directory(folder.toFile())
                .redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("BATON_JAVA_OPTS", System.getProperty("baton.java.opts", "") + " " + options);
        return builder.start();
    }

    /** Its first lines; nothing is read after them. */
    private static String started(BufferedReader output) throws Exception {
        StringBuilder lines = new StringBuilder();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            lines.append(line).append('\n');
            if (line.startsWith("ready in ")) {
                assertThat(lines.toString()).startsWith("baton "); // and with no line of a library's
                return lines.toString();
            }
        }
        throw new AssertionError("it has ended:\n" + lines);
    }

    private static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    @Test
    void shouldServeAndTellTheTruthWhileNobodyReadsTheLog() throws Exception {
        Process process = start("");
        try (BufferedReader output = output(process)) {
            String lines = started(output);
            String admin = within(lines, "admin on (\\S+)");
            String web = within(lines, "listener web on (\\S+)");
            for (int i = 0; i < LINES; i++) {
                post(admin, "/v1/listeners", LONG);
            }
            Pattern metric = Pattern.compile("baton_output_lines_dropped_total ([1-9][0-9]*)");
            String metrics = get(admin, "/metrics").body();
            assertThat(metrics).containsPattern(metric);
            // Both loops log now; whoever cannot would serve nothing more.
            for (int loop = 0; loop < 2; loop++) {
                for (int i = 0; i < 5; i++) {
                    post(admin, "/v1/chaos/throw?loop=" + loop + "&kind=runtime-exception", "");
                }
            }
            assertThat(get(web, "/block/0").statusCode()).isEqualTo(200);
            assertThat(get(admin, "/live").statusCode()).isEqualTo(200);
            // The watchdog logs that both are blocked, and is there to see it.
            for (int loop = 0; loop < 2; loop++) {
                client.sendAsync(
                        HttpRequest.newBuilder(URI.create("http://" + admin + "/v1/chaos/block?ms=3000&loop=" + loop))
                                .POST(BodyPublishers.noBody())
                                .build(),
                        BodyHandlers.ofString());
            }
            await().atMost(PATIENCE).until(() -> get(admin, "/live").statusCode() == 503);
            await().atMost(PATIENCE).until(() -> get(admin, "/live").statusCode() == 200);
            assertThat(get(web, "/block/0").statusCode()).isEqualTo(200);

            List<String> read = new ArrayList<>();
            Thread reader = new Thread(() -> output.lines().forEach(read::add));
            process.toHandle().destroy(); // TERM: its handler prints as well
            reader.start();
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            reader.join(PATIENCE.toMillis());
            assertThat(read).anyMatch(line -> line.matches("baton: [1-9][0-9]* lines? of output dropped here: .*"));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void shouldEndWhileNobodyReadsTheLog() throws Exception {
        Process process = start("");
        try (BufferedReader output = output(process)) {
            String lines = started(output);
            String admin = within(lines, "admin on (\\S+)");
            for (int i = 0; i < LINES; i++) {
                post(admin, "/v1/listeners", LONG);
            }
            process.toHandle().destroy(); // TERM
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    /**
     * What is left of a process that has run out of memory holds its port and serves nothing: it ends, to be started
     * again.
     */
    @Test
    void shouldEndWhenItRunsOutOfMemory() throws Exception {
        Process process = start("-Xmx64m");
        try (BufferedReader output = output(process)) {
            String lines = started(output);
            String admin = within(lines, "admin on (\\S+)");
            client.sendAsync(
                    HttpRequest.newBuilder(URI.create("http://" + admin + "/v1/chaos/leak?mib=1000"))
                            .POST(BodyPublishers.noBody())
                            .build(),
                    BodyHandlers.ofString());
            assertThat(output.lines().toList())
                    .anyMatch(line -> line.startsWith("Terminating due to java.lang.OutOfMemoryError"));
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(3);
        } finally {
            process.destroyForcibly();
        }
    }
}
