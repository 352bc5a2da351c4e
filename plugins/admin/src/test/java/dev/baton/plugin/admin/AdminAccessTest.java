package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.plugin.admin.access.Audit;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
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

    private final ListAppender<ILoggingEvent> audit = new ListAppender<>();

    @BeforeEach
    void guard() throws Exception {
        Path tokens = folder.resolve("tokens");
        Files.writeString(tokens, "deploy act " + DEPLOY + "\nscraper read " + SCRAPER + "\n");
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rw-------"));
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

    @AfterEach
    void detach() {
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
        assertThat(audited()).hasSize(changing.size()).allMatch(line -> line.contains(" by scraper: 403 after "));
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
        send(posting(as(DEPLOY, "/v1/stop?grace=none%0AINFO%20audit%20POST%20/v1/stop%20by%20scraper%1b")));
        assertThat(audited().get(3))
                .contains("{grace=none\\u000aINFO audit POST /v1/stop by scraper\\u001b} by deploy: 400");
        assertThat(audited().get(2)).contains("POST /v1/listeners {\"name\": \"more\"} by deploy: ");
        assertThat(audited().get(0))
                .matches("POST /v1/listeners/none/unbind \\{grace=1s} by deploy: 404 after \\d+ ms");
        assertThat(audited().get(1)).matches("POST /v1/stop by nobody who is known: 401 after \\d+ ms");
    }

    @Test
    void shouldLetABrowserInOnceWithTheAddressThatIsPrinted() throws Exception {
        String once = new JsonObject(send(posting(as(SCRAPER, "/v1/sessions"))).body()).getString("token");
        HttpResponse<String> page = send(request("/?token=" + once).header("Accept", "text/html"));
        assertThat(page.statusCode()).isEqualTo(303);
        assertThat(header(page, "Location")).isEqualTo("/");
        String cookie = header(page, "Set-Cookie");
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
        assertThat(audited()).as("to sign in changes nothing").hasSize(1);
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
        String once = new JsonObject(send(posting(as(DEPLOY, "/v1/sessions"))).body()).getString("token");
        HttpResponse<String> page = send(request("/?token=" + once).header("Accept", "text/html"));
        String session = header(page, "Set-Cookie").replaceFirst(";.*", "");
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
