package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard of a busy process in Chromium: what {@code src/test/browser/dashboard.mjs} does with it. Its pictures
 * are under {@code target/dashboard}.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DashboardIT {
    private static final Path MODULE = Path.of("").toAbsolutePath();
    private static final Path LIBRARIES = MODULE.resolve("target/browser");
    private static final long PERIOD_NANOS = 25_000_000;
    private static final int CLIENTS = 24;
    private static final Duration PATIENCE = Duration.ofSeconds(150);

    private static final String YAML = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            rescue: { settle: 0s, spares: 0 }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop, balance: least-loaded }
              raw: { bind: "127.0.0.1:0", service: pass }
              rehearsal: { bind: "127.0.0.1:0", service: rehearsal }
            services:
              shop: { type: http, upstream: app }
              pass: { type: tcp-proxy, upstream: app }
              rehearsal: { type: http, routes: [ { handler: { type: chaos, max-time: 60s, budget: 1m } } ] }
            upstreams:
              app: { servers: ["ORIGIN"] }
            plugins: { enable: [chaos] }
            """;

    @TempDir
    Path folder;

    private static void assumeBrowser() throws Exception {
        PeerProcess.assumeInstalled("chromium");
        PeerProcess.assumeInstalled("node");
        assumeTrue(
                Files.isDirectory(LIBRARIES.resolve("node_modules/playwright-core")),
                "playwright-core is not in " + LIBRARIES + ": " + PeerProcess.INSTALL);
        Process node = new ProcessBuilder("node", "-p", "parseInt(process.versions.node)").start();
        int version =
                Integer.parseInt(new String(node.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip());
        assumeTrue(version >= 20, "playwright-core needs Node.js 20, this is " + version);
    }

    @Test
    void shouldBeSeenAndUsed() throws Exception {
        assumeBrowser();
        try (EchoOrigin origin = EchoOrigin.start();
                Crowd crowd = new Crowd(PERIOD_NANOS);
                BatonProcess baton = BatonProcess.serve(folder, YAML.replace("ORIGIN", origin.address()))) {
            crowd.join(Speech.HTTP, baton.listener("web"), CLIENTS);
            crowd.join(Speech.LINES, baton.listener("raw"), CLIENTS / 4);
            try (PeerProcess browser = PeerProcess.start(
                    folder,
                    "node",
                    MODULE.resolve("src/test/browser/dashboard.mjs").toString(),
                    LIBRARIES.toString(),
                    MODULE.resolve("target/dashboard").toString(),
                    baton.admin(),
                    baton.listener("rehearsal"))) {
                boolean used = browser.await(Pattern.compile("^(used|end .*)"), PATIENCE)
                        .equals("used");
                List<String> failures = crowd.failures();
                stop(baton.admin());
                assertThat(used).as(browser.text()).isTrue();
                assertThat(failures).isEmpty();
                assertThat(browser.await(Pattern.compile("^end (.*)"), PATIENCE))
                        .as(browser.text())
                        .isEqualTo("fine");
            } finally {
                stop(baton.admin());
            }
        }
    }

    /** The process that serves by now may be another one than the first. */
    private static void stop(String admin) throws Exception {
        try {
            askToStop(admin);
        } catch (IOException ended) {
            System.out.println("stopped: " + ended);
        }
    }

    private static void askToStop(String admin) throws IOException, InterruptedException {
        HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + "/v1/stop?grace=0s"))
                                .POST(HttpRequest.BodyPublishers.noBody())
                                .build(),
                        HttpResponse.BodyHandlers.discarding());
    }
}
