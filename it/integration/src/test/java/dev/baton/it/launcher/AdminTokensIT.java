package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who may use the admin API where it asks for tokens, from the command line and from a browser. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AdminTokensIT {
    private static final String DEPLOY = "token-of-those-who-deploy";
    private static final String SCRAPER = "token-of-the-scraper";

    @TempDir
    Path folder;

    private Path tokens(String rights) throws Exception {
        Path file = folder.resolve("tokens");
        Files.writeString(file, "deploy act " + DEPLOY + "\nscraper read " + SCRAPER + "\n");
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(rights));
    }

    private static String yaml(String listen) {
        return """
                version: 1
                loops: 1
                admin: { listen: "LISTEN", tokens: tokens }
                listeners: { web: { bind: "127.0.0.1:0", service: page } }
                services: { page: { type: http, routes: [ { respond: { status: 200 } } ] } }
                """.replace("LISTEN", listen);
    }

    private Outcome run(Map<String, String> environment, String... arguments) throws Exception {
        try (BatonProcess process =
                BatonProcess.launch(BatonProcess.distribution().resolve("bin/baton"), folder, environment, arguments)) {
            return process.outcome();
        }
    }

    @Test
    void shouldLetInWhoHasATokenAndWriteDownWhatTheyDo() throws Exception {
        tokens("rw-r-----");
        try (BatonProcess baton = BatonProcess.serve(folder, yaml("127.0.0.1:0"))) {
            String admin = baton.admin();
            Outcome nobody = run(Map.of(), "status", "--admin", admin);
            assertThat(nobody.code()).isEqualTo(1);
            assertThat(nobody.text()).contains("this needs a token", "BATON_ADMIN_TOKEN", "baton dashboard");

            Path file = Files.writeString(folder.resolve("mine"), SCRAPER + "\n");
            Map<String, String> reader = Map.of("BATON_ADMIN_TOKEN_FILE", file.toString());
            assertThat(run(reader, "status", "--admin", admin).code()).isZero();
            Outcome refused = run(reader, "listener", "suspend", "web", "--admin", admin);
            assertThat(refused.code()).isEqualTo(1);
            assertThat(refused.text()).contains("scraper may only read", "a token with the role act may");

            Map<String, String> actor = Map.of("BATON_ADMIN_TOKEN", DEPLOY);
            assertThat(run(actor, "listener", "suspend", "web", "--admin", admin)
                            .code())
                    .isZero();
            baton.await(line -> line.contains("scraper at 127.0.0.1 (read) 403 after ")
                    && line.endsWith(" ms: \"POST /v1/listeners/web/suspend\""));
            baton.await(line -> line.contains("deploy at 127.0.0.1 (act) 200 after ")
                    && line.endsWith(" ms: \"POST /v1/listeners/web/suspend\""));

            Outcome dashboard = run(actor, "dashboard", "--admin", admin);
            assertThat(dashboard.code()).isZero();
            assertThat(dashboard.text().strip()).matches("http://" + admin + "/\\?token=[A-Za-z0-9_-]{43}");
            HttpClient browser = HttpClient.newHttpClient();
            HttpRequest page = HttpRequest.newBuilder(
                            URI.create(dashboard.text().strip()))
                    .header("Accept", "text/html")
                    .build();
            assertThat(browser.send(page, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(303);
            assertThat(browser.send(page, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .as("once more")
                    .isEqualTo(401);
            baton.await(
                    line -> line.contains("deploy at 127.0.0.1 (act) 303 after ") && line.endsWith("\"GET /?...\""));
            assertThat(baton.text()).doesNotContain(DEPLOY).doesNotContain(SCRAPER);
            assertThat(baton.text()).doesNotContain(dashboard.text().strip().replaceFirst(".*=", ""));
        }
    }

    @Test
    void shouldNotStartWithTokensThatEverybodyCanRead() throws Exception {
        Path file = tokens("rw-r--r--");
        Files.writeString(folder.resolve("baton.yaml"), yaml("127.0.0.1:0"));
        Outcome outcome = run(Map.of(), "run");
        assertThat(outcome.code()).isEqualTo(78);
        assertThat(outcome.text()).contains("every user can read it", "chmod o-r " + file);
    }

    @Tag("long")
    @Test
    void shouldAskForTokensOnAUnixSocketTooAndSayHowABrowserGetsThere() throws Exception {
        tokens("rw-------");
        String address = "unix:" + folder.resolve("admin.sock");
        try (BatonProcess baton = BatonProcess.serve(folder, yaml(address))) {
            assertThat(run(Map.of(), "status").text()).contains("this needs a token");
            Outcome dashboard = run(Map.of("BATON_ADMIN_TOKEN", SCRAPER), "dashboard");
            assertThat(dashboard.code()).isZero();
            assertThat(dashboard.text())
                    .contains("ssh -N -L 9901:" + folder.resolve("admin.sock"), "http://localhost:9901/?token=");
            assertThat(baton.isAlive()).isTrue();
        }
    }
}
