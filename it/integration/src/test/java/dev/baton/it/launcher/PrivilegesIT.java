package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code user:} and {@code group:}: what root has started binds, and is somebody else from there on, all threads of it.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PrivilegesIT {
    private static final String YAML = """
            version: 1
            loops: 2
            grace: 1s
            user: %s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: demo }
            services:
              demo: { type: http, routes: [ { handler: demo-origin } ] }
            """;

    @TempDir
    Path folder;

    private static boolean isRoot() throws Exception {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    }

    private static void assertNobody(long pid) throws Exception {
        int threads = 0;
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : all) {
                String status;
                try {
                    status = Files.readString(thread.resolve("status"));
                } catch (NoSuchFileException ended) {
                    continue;
                }
                assertThat(status)
                        .containsPattern("Uid:\\t65534\\t65534\\t65534\\t65534\\n")
                        .containsPattern("Gid:\\t65534\\t65534\\t65534\\t65534\\n")
                        .containsPattern("CapPrm:\\t0+\\n")
                        .containsPattern("CapEff:\\t0+\\n")
                        .doesNotContainPattern("Groups:\\t(.* )?0 ");
                threads++;
            }
        }
        assertThat(threads).isGreaterThan(4);
    }

    private static boolean nobodyReads(Path path) throws Exception {
        return new ProcessBuilder(
                                "setpriv",
                                "--reuid=65534",
                                "--regid=65534",
                                "--clear-groups",
                                "test",
                                "-r",
                                path.resolve("bin/baton").toString())
                        .start()
                        .waitFor()
                == 0;
    }

    private static String get(String address) throws Exception {
        return Client.get(address, "/").body();
    }

    @Test
    void shouldBecomeThatUserForGood() throws Exception {
        assumeTrue(isRoot(), "only root can become another user");
        Process nobody = new ProcessBuilder("getent", "passwd", "nobody").start();
        assumeTrue(
                new String(nobody.getInputStream().readAllBytes(), StandardCharsets.UTF_8).contains(":65534:65534:"),
                "nobody has the usual number");
        try (BatonProcess baton = BatonProcess.serve(folder, YAML.formatted("nobody"))) {
            assertNobody(baton.pid());
            String web = baton.listener("web");
            assertThat(get(web)).isNotEmpty();

            assumeTrue(nobodyReads(BatonProcess.distribution()), "the distribution is not in a folder of root's own");
            // The next process is that user from its first line, and has the sockets.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            JsonObject report = new JsonObject(HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://" + baton.admin() + "/v1/upgrade"))
                                    .timeout(Duration.ofSeconds(60))
                                    .POST(HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            BodyHandlers.ofString())
                    .body());
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
            long next = report.getLong("pid");
            try {
                assertNobody(next);
                assertThat(get(web)).isNotEmpty();

                // It cannot become root again, nor anybody else: it says so, and the one that serves goes on.
                Files.writeString(folder.resolve("baton.yaml"), YAML.formatted("root"));
                Outcome refused = BatonProcess.run(folder, "upgrade", "--admin", baton.admin());
                assertThat(refused.code()).isEqualTo(1);
                assertThat(refused.text()).contains("cannot become user root", "this process is user 65534");
                assertThat(get(web)).isNotEmpty();
            } finally {
                ProcessHandle.of(next).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    @Test
    void shouldRefuseAUserThatThereIsNot() throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), YAML.formatted("no-such-user"));
        Outcome outcome = BatonProcess.run(folder, "check");
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(78);
        assertThat(outcome.text()).contains("baton.yaml:4:7: user: there is no user 'no-such-user' on this machine");
    }
}
