package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.plugin.admin.access.Audit;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Who may ask, where tokens are configured. */
@Timeout(60)
class AdminAccessTest extends AdminFixture {
    private static final String DEPLOY = "token-of-those-who-deploy";
    private static final String SCRAPER = "token-of-the-scraper";

    @TempDir
    Path folder;

    private final HttpClient streams =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ExecutorService readers = Executors.newCachedThreadPool();
    private final ListAppender<ILoggingEvent> audit = new ListAppender<>();

    @BeforeEach
    void guard() throws Exception {
        Path tokens = tokens("deploy act " + DEPLOY, "scraper read " + SCRAPER);
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        server = server(new AdminConfig(
                "127.0.0.1:0",
                List.of(),
                Optional.of(tokens),
                Optional.empty(),
                List.of(),
                64,
                Duration.ofSeconds(30)));
        start(server);
        audit.start();
        logger().setLevel(Level.INFO);
        logger().addAppender(audit);
    }

    private Path tokens(String... lines) throws Exception {
        Path made = Files.write(folder.resolve("made"), List.of(lines));
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
        return Files.move(made, folder.resolve("tokens"), StandardCopyOption.REPLACE_EXISTING);
    }

    @AfterEach
    void detach() {
        readers.shutdown();
        logger().detachAppender(audit);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(Audit.LOGGER);
    }

    private List<String> audited() {
        return audit.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    private HttpRequest.Builder as(String token, String path) {
        return request(path).header("Authorization", "Bearer " + token);
    }

    private static HttpRequest.Builder posting(HttpRequest.Builder request) {
        return request.POST(HttpRequest.BodyPublishers.noBody());
    }

    @Test
    void shouldTellNobodyWithoutAToken() throws Exception {
        for (String path : List.of("/", "/v1/status", "/metrics", "/v1/events", "/dashboard/main.js", "/v1/session")) {
            HttpResponse<String> answer = get(path);
            assertThat(answer.statusCode()).as(path).isEqualTo(401);
            assertThat(header(answer, "WWW-Authenticate")).isEqualTo("Bearer realm=\"baton\"");
        }
        assertThat(send(as("another-token-of-16", "/v1/status")).statusCode()).isEqualTo(401);
        assertThat(send(request("/v1/status").header("Authorization", "Basic " + DEPLOY))
                        .statusCode())
                .isEqualTo(401);
        assertThat(get("/live").statusCode()).isEqualTo(200);
        assertThat(get("/ready").statusCode()).isEqualTo(200);
    }

    @Test
    void shouldNotTellStrangersWhatThereIs() throws Exception {
        for (String path : List.of("/v1/none", "/v1/listeners/web", "/v1/status/")) {
            assertThat(get(path).statusCode()).as(path).isEqualTo(401);
            assertThat(post(path).statusCode()).as(path).isEqualTo(401);
        }
        assertThat(get("/v1/none").body()).isEqualTo(get("/v1/status").body());
        assertThat(post("/live").statusCode()).isEqualTo(405);
        assertThat(send(as(SCRAPER, "/v1/none")).statusCode()).isEqualTo(404);
        assertThat(send(posting(as(SCRAPER, "/v1/status"))).statusCode()).isEqualTo(405);
    }

    @Test
    void shouldShowEverythingToAReaderAndLetItChangeNothing() throws Exception {
        assertThat(send(as(SCRAPER, "/v1/status")).statusCode()).isEqualTo(200);
        JsonObject api = new JsonObject(send(as(SCRAPER, "/v1/openapi.json")).body());
        List<String> changing = new ArrayList<>();
        for (String path : api.getJsonObject("paths").fieldNames()) {
            for (String method : api.getJsonObject("paths").getJsonObject(path).fieldNames()) {
                if (!method.equals("get") && !path.equals("/v1/sessions")) {
                    changing.add(method.toUpperCase(Locale.ROOT) + " "
                            + path.replaceAll("\\{[a-z]+}", path.contains("/loops/") ? "0" : "web"));
                }
            }
        }
        assertThat(changing).hasSizeGreaterThan(15);
        for (String each : changing) {
            String[] words = each.split(" ", -1);
            HttpResponse<String> answer =
                    send(as(SCRAPER, words[1]).method(words[0], HttpRequest.BodyPublishers.noBody()));
            assertThat(answer.statusCode()).as(each).isEqualTo(403);
            assertThat(answer.body()).contains("scraper may only read");
        }
        assertThat(audited())
                .hasSize(changing.size())
                .allMatch(line -> line.startsWith("scraper at 127.0.0.1 (read) 403 after "));
    }

    @Test
    void shouldWriteALineOfEachActionAndNoTokenInIt() throws Exception {
        assertThat(send(posting(as(DEPLOY, "/v1/listeners/none/unbind?grace=1s")))
                        .statusCode())
                .isEqualTo(404);
        assertThat(send(posting(request("/v1/stop"))).statusCode()).isEqualTo(401);
        assertThat(send(as(DEPLOY, "/v1/listeners").POST(HttpRequest.BodyPublishers.ofString("{\"name\": \"more\"}"))))
                .isNotNull();
        assertThat(audited()).hasSize(3);
        assertThat(audited().get(0))
                .matches("deploy at 127\\.0\\.0\\.1 \\(act\\) 404 after \\d+ ms: \"POST"
                        + " /v1/listeners/none/unbind\\?grace=1s\"");
        assertThat(audited().get(1))
                .matches("nobody at 127\\.0\\.0\\.1 \\(none\\) 401 after \\d+ ms: \"POST /v1/stop\"");
        assertThat(audited().get(2)).endsWith(" ms: \"POST /v1/listeners\" with \"{\\\"name\\\": \\\"more\\\"}\"");
    }

    /** What a client wrote could be read as a line of the log, or as the end of its own. */
    @Test
    void shouldNotLetAClientWriteInAnothersName() throws Exception {
        send(posting(as(DEPLOY, "/v1/stop?grace=none%0AINFO%20audit%22%20by%20scraper%1b")));
        assertThat(audited().get(0)).endsWith(": \"POST /v1/stop?grace=none%0AINFO%20audit%22%20by%20scraper%1b\"");
        send(as(DEPLOY, "/v1/listeners")
                .POST(HttpRequest.BodyPublishers.ofString("a\"\nscraper at \\ \u202e\u2028\u200b\u001b[2J")));
        assertThat(audited().get(1)).endsWith(" with \"a\\\"\\u000ascraper at \\\\ \\u202e\\u2028\\u200b\\u001b[2J\"");
        send(as(DEPLOY, "/v1/listeners").POST(HttpRequest.BodyPublishers.ofString("x".repeat(60_000))));
        assertThat(audited().get(2)).hasSizeLessThan(5_000).endsWith("x\" and 55904 more characters");
    }

    @Test
    void shouldNotWriteDownParametersThatAreNone() throws Exception {
        send(posting(as(DEPLOY, "/v1/stop?token=" + DEPLOY + "&grace=none&" + DEPLOY + ";%74oken=" + DEPLOY)));
        send(posting(request("/v1/upgrade?token=" + SCRAPER)));
        assertThat(audited().get(0)).endsWith(": \"POST /v1/stop?...&grace=none&...&...\"");
        assertThat(audited().get(1)).endsWith(": \"POST /v1/upgrade?...\"");
    }

    @Test
    void shouldLetABrowserInOnceWithTheAddressThatIsPrinted() throws Exception {
        String once = once(as(SCRAPER, "/v1/sessions"));
        HttpResponse<String> page = send(request("/?token=" + once).header("Accept", "text/html"));
        assertThat(page.statusCode()).isEqualTo(303);
        assertThat(header(page, "Location")).isEqualTo("/");
        String cookie = header(page, "Set-Cookie");
        assertThat(cookie)
                .as("a browser sends it to every port of the host")
                .startsWith("baton-session-" + server.port() + "=");
        assertThat(cookie).contains("HTTPOnly", "SameSite=Strict", "Path=/").doesNotContain(once);
        String session = cookie.substring(0, cookie.indexOf(';'));
        HttpResponse<String> root =
                send(request("/").header("Accept", "text/html").header("Cookie", session));
        assertThat(root.statusCode()).isEqualTo(200);
        assertThat(root.body()).contains("<html");
        assertThat(new JsonObject(
                        send(request("/v1/session").header("Cookie", session)).body()))
                .isEqualTo(new JsonObject()
                        .put("name", "scraper")
                        .put("role", "read")
                        .put("guarded", true));
        assertThat(send(posting(request("/v1/loops").header("Cookie", session))).statusCode())
                .as("the role of who asked for it")
                .isEqualTo(403);
        assertThat(send(request("/?token=" + once).header("Accept", "text/html"))
                        .statusCode())
                .as("again")
                .isEqualTo(401);
        assertThat(audited())
                .hasSize(4)
                .noneMatch(line -> line.contains(once))
                .anyMatch(line -> line.matches("scraper at \\S+ \\(read\\) 200 after \\d+ ms: \"POST /v1/sessions\""))
                .anyMatch(line -> line.matches("scraper at \\S+ \\(read\\) 303 after \\d+ ms: \"GET /\\?...\""))
                .anyMatch(line -> line.matches("nobody at \\S+ \\(none\\) 401 after \\d+ ms: \"GET /\\?...\""));
    }

    /** A token that lets a browser in. */
    private String once(HttpRequest.Builder request) throws Exception {
        return new JsonObject(send(posting(request)).body()).getString("token");
    }

    /** The cookie of a session. */
    private String session(String once) throws Exception {
        HttpResponse<String> page = send(request("/?token=" + once).header("Accept", "text/html"));
        assertThat(page.statusCode()).isEqualTo(303);
        return header(page, "Set-Cookie").replaceFirst(";.*", "");
    }

    private HttpRequest.Builder with(String session, String path) {
        return request(path).header("Cookie", session);
    }

    private void awaitStatus(int status, HttpRequest.Builder request) {
        await().atMost(Duration.ofSeconds(20)).until(() -> send(request).statusCode() == status);
    }

    /** A session kept what its token had been worth when it began. */
    @Test
    void shouldLetASessionDoWhatItsTokenMayNow() throws Exception {
        String deploy = session(once(as(DEPLOY, "/v1/sessions")));
        String ofIt = session(once(with(deploy, "/v1/sessions")));
        String scraper = session(once(as(SCRAPER, "/v1/sessions")));
        String unused = once(as(SCRAPER, "/v1/sessions"));
        assertThat(send(posting(with(ofIt, "/v1/loops"))).statusCode()).isEqualTo(200);
        tokens("deploy read " + DEPLOY);
        awaitStatus(401, with(scraper, "/v1/status"));
        assertThat(send(request("/?token=" + unused).header("Accept", "text/html"))
                        .statusCode())
                .isEqualTo(401);
        for (String session : List.of(deploy, ofIt)) {
            assertThat(send(with(session, "/v1/status")).statusCode()).isEqualTo(200);
            assertThat(send(posting(with(session, "/v1/loops"))).statusCode()).isEqualTo(403);
        }
        tokens("deploy act another-" + DEPLOY);
        awaitStatus(401, with(ofIt, "/v1/status"));
        assertThat(send(with(deploy, "/v1/status")).statusCode()).isEqualTo(401);
    }

    /** Who had no right any more went on seeing everything, until the connection ended. */
    @Test
    void shouldEndStreamsWithTheRightToThem() throws Exception {
        String session = session(once(as(SCRAPER, "/v1/sessions")));
        List<InputStream> streams = new ArrayList<>();
        for (HttpRequest.Builder each : List.of(
                as(SCRAPER, "/v1/tail"),
                as(SCRAPER, "/v1/events"),
                with(session, "/v1/tail"),
                with(session, "/v1/events"))) {
            streams.add(stream(each));
        }
        InputStream other = stream(as(DEPLOY, "/v1/events"));
        tokens("deploy act " + DEPLOY);
        for (InputStream each : streams) {
            CompletableFuture.supplyAsync(() -> readToItsEnd(each), readers).get(20, TimeUnit.SECONDS);
        }
        assertThat(traffic.isWatched()).isFalse();
        long now = System.currentTimeMillis();
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(other, StandardCharsets.UTF_8))) {
            String line;
            do {
                line = lines.readLine(); // that of another goes on
            } while (!line.startsWith("data: {\"at\"")
                    || new JsonObject(line.substring("data: ".length())).getLong("at") <= now);
        }
    }

    /** One reader could keep all others from watching. */
    @Test
    void shouldGiveThePlaceOfOneWhoHasManyStreamsToAnother() throws Exception {
        for (Map.Entry<String, Integer> each : Map.of("/v1/tail", Tails.CLIENTS_MAX, "/v1/events", Dashboard.PAGES_MAX)
                .entrySet()) {
            List<CompletableFuture<Long>> ends = new ArrayList<>();
            for (int i = 0; i < each.getValue(); i++) {
                InputStream stream = stream(as(SCRAPER, each.getKey()));
                ends.add(CompletableFuture.supplyAsync(() -> readToItsEnd(stream), readers));
            }
            assertThat(send(as(SCRAPER, each.getKey())).statusCode()).isEqualTo(503);
            assertThat(send(as(DEPLOY, each.getKey()).method("HEAD", HttpRequest.BodyPublishers.noBody()))
                            .statusCode())
                    .as("to look ends none")
                    .isEqualTo(503);
            InputStream other = stream(as(DEPLOY, each.getKey()));
            CompletableFuture.anyOf(ends.toArray(new CompletableFuture<?>[0])).get(20, TimeUnit.SECONDS);
            assertThat(ends.stream().filter(CompletableFuture::isDone)).hasSize(1);
            assertThat(send(as(SCRAPER, each.getKey())).statusCode()).isEqualTo(503);
            other.close();
        }
    }

    private static long readToItsEnd(InputStream stream) {
        try {
            return stream.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private InputStream stream(HttpRequest.Builder request) throws Exception {
        HttpResponse<InputStream> answer = streams.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer.body();
    }

    @Test
    void shouldAnswerAQueryThatIsNotValid() throws Exception {
        assertThat(send(as(SCRAPER, "/v1/status")).statusCode()).isEqualTo(200);
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            client.setSoTimeout(10_000);
            client.getOutputStream()
                    .write("GET /?token=%zz HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(client.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 400");
        }
    }

    @Test
    void shouldNotBelieveACookieFromAnotherSite() throws Exception {
        String session = session(once(as(DEPLOY, "/v1/sessions")));
        assertThat(send(posting(request("/v1/loops").header("Cookie", session).header("Origin", "http://evil.example")))
                        .statusCode())
                .isEqualTo(403);
        assertThat(send(posting(request("/v1/loops")
                                .header("Cookie", session)
                                .header("Origin", "http://127.0.0.1:" + server.port())))
                        .statusCode())
                .isNotEqualTo(403);
    }

    @Test
    void shouldListThePathsToThoseWhoAreKnown() throws Exception {
        JsonArray paths = new JsonObject(send(as(SCRAPER, "/")).body()).getJsonArray("paths");
        assertThat(paths).contains("/v1/session", "/v1/sessions");
    }
}
