package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import dev.baton.testkit.TestCertificates;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where the folder for temporary files cannot be used: read-only or without the right to execute, as in many a
 * container.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TemporaryFilesIT {
    private static final String YAML = """
            version: 1
            loops: 1
            grace: 1s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: demo }
              secure:
                bind: "127.0.0.1:0"
                service: demo
                tls: { certificates: [ { certificate: web.crt, key: web.key } ] }
            services:
              demo: { type: http, routes: [ { handler: demo-origin } ] }
            """;

    /** Not even root can make a file there. */
    private static final String NOWHERE = "-Djava.io.tmpdir=/proc";

    @TempDir
    Path folder;

    private BatonProcess run(String options, Map<String, String> environment, String command) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), YAML);
        TestCertificates.selfSigned(folder, "web", "localhost");
        Map<String, String> all = new HashMap<>(environment);
        all.put("BATON_JAVA_OPTS", System.getProperty("baton.java.opts", "") + " " + options);
        return BatonProcess.launch(BatonProcess.distribution().resolve("bin/baton"), folder, all, command);
    }

    @Test
    void shouldStartAndUpgradeWithoutOne() throws Exception {
        Map<String, String> environment = Map.of("XDG_RUNTIME_DIR", folder.toString());
        try (BatonProcess baton = run(NOWHERE, environment, "run")) {
            baton.await(line -> line.startsWith("ready in "));
            assertThat(baton.text())
                    .as("its native library is of the distribution")
                    .contains("TLS by BoringSSL\n");
            String admin = baton.admin();
            JsonObject report = new JsonObject(HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://" + admin + "/v1/upgrade"))
                                    .timeout(Duration.ofSeconds(60))
                                    .POST(HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            BodyHandlers.ofString())
                    .body());
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
            ProcessHandle next = ProcessHandle.of(report.getLong("pid")).orElseThrow();
            try {
                assertThat(baton.exitCode()).isZero();
            } finally {
                next.destroyForcibly();
            }
        }
    }

    /** Where even the last folder that jffi tries, the current one, cannot be written. */
    @Test
    void shouldSayInOneLineWhatIsMissing() throws Exception {
        Path file = folder.resolve("baton.yaml");
        Files.writeString(file, YAML);
        Path launcher = BatonProcess.distribution().resolve("bin/baton");
        Map<String, String> options = Map.of("BATON_JAVA_OPTS", NOWHERE + " -Djffi.boot.library.path=/proc/none");
        try (BatonProcess baton =
                BatonProcess.launch(launcher, Path.of("/proc"), options, "check", "-c", file.toString())) {
            Outcome outcome = baton.outcome();
            assertThat(outcome.code()).as(outcome.text()).isEqualTo(1);
            assertThat(outcome.text().lines())
                    .as(outcome.text())
                    .singleElement()
                    .asString()
                    .startsWith("cannot load the native library of jnr")
                    .contains(" unpacked into /proc ", "-Djffi.extract.dir=DIR");
        }
    }
}
