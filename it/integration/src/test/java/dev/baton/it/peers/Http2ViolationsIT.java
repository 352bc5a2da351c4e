package dev.baton.it.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.baton.testkit.BatonProcess;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What RFC 9113 forbids, sent by a client made with python3-h2 that does all of it, and attacks that others know. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class Http2ViolationsIT {
    private static final String PYTHON = "/usr/bin/python3"; // which has Debian's packages
    private static final String SCRIPT = "http2_violations.py";
    private static final int TRIALS_MIN = 100;

    private static final int CONNECTIONS = 10;
    /** Of {@code http2.max-resets}. */
    private static final int RESETS_MAX = 200;

    private static final int GOOD_REQUESTS = 500;

    @TempDir
    static Path folder;

    private static final CountDownLatch OVER = new CountDownLatch(1);
    private static final ExecutorService THREADS = Executors.newCachedThreadPool();
    private static final Queue<String> ASKED = new ConcurrentLinkedQueue<>();
    private static HttpServer origin;
    private static BatonProcess baton;

    @BeforeAll
    static void start() throws Exception {
        PeerProcess.assumeInstalled("h2load");
        assumeTrue(
                Files.isExecutable(Path.of(PYTHON))
                        && !run(PYTHON, "-c", "import h2").contains("Error"),
                "python3-h2 is not there: it/integration/install, as root, installs it");
        try (InputStream script = Http2ViolationsIT.class.getResourceAsStream(SCRIPT)) {
            Files.copy(Objects.requireNonNull(script, SCRIPT), folder.resolve(SCRIPT));
        }
        origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
        origin.setExecutor(THREADS);
        origin.createContext("/", Http2ViolationsIT::answer);
        origin.start();
        baton = BatonProcess.serve(Files.createDirectory(folder.resolve("baton")), """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                services:
                  shop: { type: http, upstream: app }
                upstreams:
                  app: { servers: ["127.0.0.1:PORT"], eject: off }
                """.replace(
                        "PORT", Integer.toString(origin.getAddress().getPort())));
    }

    private static void answer(HttpExchange exchange) throws IOException {
        ASKED.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
        if (exchange.getRequestURI().getPath().equals("/wait")) {
            try {
                OVER.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        byte[] body = exchange.getRequestMethod().equals("POST")
                ? exchange.getRequestBody().readAllBytes()
                : "page".getBytes(StandardCharsets.US_ASCII);
        exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @AfterAll
    static void stop() {
        OVER.countDown();
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        if (origin != null) {
            origin.stop(0);
        }
        THREADS.shutdownNow();
    }

    @BeforeEach
    void forget() {
        ASKED.clear();
    }

    private static Process begin(String... command) throws IOException {
        return new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
    }

    private static String rest(Process process) throws Exception {
        try {
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return text;
        } finally {
            process.destroyForcibly();
        }
    }

    private static String run(String... command) throws Exception {
        return rest(begin(command));
    }

    private static Process violations(String... more) throws Exception {
        String[] address = baton.listener("web").split(":", 2);
        List<String> command = new ArrayList<>(List.of(PYTHON, SCRIPT, address[0], address[1]));
        command.addAll(List.of(more));
        return begin(command.toArray(String[]::new));
    }

    /** Each trial is a line of the script, with the section of the RFC. */
    @Test
    void shouldReactAsTheRfcSays() throws Exception {
        List<String> said = rest(violations()).lines().toList();
        System.out.println(String.join("\n", said));
        assertThat(said).allMatch(line -> line.startsWith("ok ")).hasSizeGreaterThan(TRIALS_MIN);
        assertThat(ASKED)
                .as("what is malformed reaches no server")
                .containsOnly("GET /page", "POST /echo", "GET /wait", "POST /wait");
    }

    /** Ten connections that do what is too much; all others are served as ever. */
    private static void shouldSurvive(String attack, String reaction) throws Exception {
        Process attackers = violations(attack, Integer.toString(CONNECTIONS));
        String good = run(
                "h2load",
                "--requests=" + GOOD_REQUESTS,
                "--clients=5",
                "--max-concurrent-streams=10",
                "http://" + baton.listener("web") + "/good");
        assertThat(good).contains(GOOD_REQUESTS + " succeeded, 0 failed, 0 errored, 0 timeout");
        assertThat(rest(attackers).lines()).hasSize(CONNECTIONS).containsOnly(reaction);
        assertThat(ASKED.stream().filter("GET /good"::equals)).hasSize(GOOD_REQUESTS);
    }

    @Tag("long")
    @Test
    void shouldSurviveRapidResets() throws Exception {
        shouldSurvive("rapid-reset", "GOAWAY ENHANCE_YOUR_CALM");
        assertThat(ASKED.stream().filter("GET /page"::equals).count())
                .as("requests of those who reset them")
                .isLessThanOrEqualTo(CONNECTIONS * (RESETS_MAX + 1));
    }

    @Tag("long")
    @Test
    void shouldSurviveHeadsWithoutEnd() throws Exception {
        shouldSurvive("endless-head", "GOAWAY PROTOCOL_ERROR");
        assertThat(ASKED).containsOnly("GET /good");
    }
}
