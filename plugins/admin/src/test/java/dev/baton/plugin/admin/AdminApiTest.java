package dev.baton.plugin.admin;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.PluginReload;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What the API shows and refuses, as a client meets it. */
class AdminApiTest extends AdminFixture {
    // ---- GET ------------------------------------------------------------------------------------------------------

    @Test
    void eachTableHasTheKeysOfItsPage() throws Exception {
        assertThat(get("/v1/status").body())
                .isEqualTo(
                        "{\"version\":\"0.1.0\",\"pid\":4711,\"state\":\"ready\",\"uptime-ms\":12,\"poller\":\"epoll\","
                                + "\"loops\":2,\"loops-blocked\":0,\"fds-open\":9,\"fds-limit\":1024,\"grace-ms\":30000,"
                                + "\"sockets-kept-by\":\"systemd\"}");
        assertThat(get("/v1/loops").body())
                .isEqualTo("[{\"id\":0,\"thread\":\"baton-loop-0\",\"fds\":4,\"turns\":100,\"tasks-queued\":0,"
                        + "\"last-turn-age-ms\":1,\"current\":{\"fd\":17,\"generation\":3,\"plugin\":\"http\"},"
                        + "\"accepted\":12,\"connections\":2,\"blocked\":false,\"spare\":false,\"cpu-ms\":40,\"lane\":null},"
                        + "{\"id\":1,\"thread\":\"baton-loop-1\",\"fds\":5,\"turns\":90,\"tasks-queued\":2,"
                        + "\"last-turn-age-ms\":7,\"current\":null,\"accepted\":10,\"connections\":3,\"blocked\":true,"
                        + "\"spare\":true,\"cpu-ms\":50,\"lane\":\"shop\"}]");
        assertThat(get("/v1/fds").body())
                .isEqualTo(
                        "[{\"fd\":0,\"generation\":4294967295,\"kind\":\"downstream\",\"owner\":\"shared\",\"running\":1,"
                                + "\"orphaned\":false,\"age-ms\":5,\"takeovers\":2,\"plugin\":\"http\"}]");
        assertThat(get("/v1/orphans").body())
                .isEqualTo("[{\"fd\":8,\"generation\":1,\"orphaned-for-ms\":20,\"running\":2,\"loops\":[0,1],"
                        + "\"plugin\":\"tcp-proxy\"}]");
        assertThat(get("/v1/listeners").body())
                .isEqualTo("[{\"name\":\"web\",\"address\":\"127.0.0.1:8080\",\"service\":\"shop\",\"state\":\"ready\","
                        + "\"accepted\":3,\"connections\":1,\"protocols\":[\"http/1.1\"],\"filters\":[\"tls\"]}]");
        assertThat(get("/v1/pools").body())
                .isEqualTo(
                        "[{\"upstream\":\"app\",\"server\":\"127.0.0.1:9001\",\"idle\":1,\"in-use\":2,\"connects\":3,"
                                + "\"reuses-local\":4,\"reuses-takeover\":5,\"takeovers-refused\":6,\"waiting\":7,\"streams\":8}]");
        assertThat(get("/v1/plugins").body())
                .isEqualTo(
                        "[{\"id\":\"admin\",\"version\":\"0.1.0\",\"spi\":\"1.0\",\"contributes\":[\"component admin\"],"
                                + "\"from\":\"plugins/admin\",\"problem\":null,\"generation\":1,\"retired\":0}]");
        assertThat(header(get("/v1/status"), "content-type")).isEqualTo("application/json");
        assertThat(header(get("/v1/status"), "cache-control")).isEqualTo("no-store");
        assertThat(header(get("/v1/status"), "date")).endsWith(" GMT");
        assertThat(header(get("/nowhere"), "date")).endsWith(" GMT");
    }

    @Test
    void aLongTableArrivesWhole() throws Exception {
        runtime.fdCount = 12_345;
        HttpResponse<String> response = get("/v1/fds");
        assertThat(header(response, "transfer-encoding")).isEqualTo("chunked");
        JsonArray rows = new JsonArray(response.body());
        assertThat(rows.size()).isEqualTo(12_345);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(rows.getJsonObject(i).getInteger("fd")).isEqualTo(i);
        }
        runtime.fdCount = 2_000;
        assertThat(new JsonArray(get("/v1/fds").body()).size()).isEqualTo(2_000);
        runtime.fdCount = 0;
        assertThat(get("/v1/fds").body()).isEqualTo("[]");
    }

    @Test
    void metricsAreThePrometheusText() throws Exception {
        HttpResponse<String> response = get("/metrics");
        assertThat(response.body()).isEqualTo(runtime.scrape());
        assertThat(header(response, "content-type")).startsWith("text/plain; version=0.0.4");
    }

    @Test
    void readyTellsTheStateAndLiveDoesNotCare() throws Exception {
        assertThat(get("/ready").statusCode()).isEqualTo(200);
        for (String state : List.of("starting", "draining")) {
            runtime.state = state;
            HttpResponse<String> response = get("/ready");
            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body()).isEqualTo(state + "\n");
            assertThat(get("/live").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void headHasTheLengthAndNoBody() throws Exception {
        String body = get("/v1/status").body();
        HttpResponse<String> response = send(request("/v1/status").method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "content-length")).isEqualTo(Integer.toString(body.length()));
        assertThat(response.body()).isEmpty();
    }

    private record Row(String someKey, Duration age) {}

    @Test
    void aPluginsViewIsATable() throws Exception {
        runtime.views = Map.of("rows", () -> List.of(new Row("ü \"\n", Duration.ofMillis(5))), "fds", List::of);
        restart();
        assertThat(get("/v1/rows").body()).isEqualTo("[{\"some-key\":\"ü \\\"\\n\",\"age\":\"PT0.005S\"}]");
        // A built-in table cannot be replaced.
        assertThat(new JsonArray(get("/v1/fds").body()).size()).isEqualTo(1);
    }

    @Test
    void aViewThatThrowsIsA500AndNothingElse() throws Exception {
        runtime.views = Map.of("broken", () -> {
            throw new IllegalStateException("no rows today");
        });
        restart();
        HttpResponse<String> response = get("/v1/broken");
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).isEqualTo("{\"error\":\"no rows today\"}");
        assertThat(get("/v1/status").statusCode()).isEqualTo(200);
    }

    @Test
    void liveSaysThatEveryLoopIsBlocked() throws Exception {
        runtime.loopsBlocked = 1;
        assertThat(get("/live").statusCode()).isEqualTo(200);
        runtime.loopsBlocked = 2;
        assertThat(get("/live").statusCode()).isEqualTo(503);
        assertThat(get("/live").body()).isEqualTo("all 2 loops are blocked\n");
        runtime.loopsBlocked = 0;
        assertThat(get("/live").body()).isEqualTo("live\n");
    }

    // ---- what is refused ------------------------------------------------------------------------------------------

    @Test
    void getChangesNothing() throws Exception {
        for (String path : List.of(
                "/v1/stop",
                "/v1/listeners/web/suspend",
                "/v1/listeners/web/resume",
                "/v1/listeners/web/unbind",
                "/v1/listeners/nobody/unbind")) {
            HttpResponse<String> response = get(path);
            assertThat(response.statusCode()).isEqualTo(405);
            assertThat(header(response, "allow")).isEqualTo("POST");
        }
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void otherMethodsOnATableAreRefused() throws Exception {
        HttpResponse<String> response = post("/v1/status");
        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(header(response, "allow")).isEqualTo("GET, HEAD");
        assertThat(send(request("/v1/stop").DELETE()).statusCode()).isEqualTo(405);
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void aWrongPathGetsAHint() throws Exception {
        HttpResponse<String> response = get("/v1/lopps");
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body())
                .isEqualTo("{\"error\":\"nothing at /v1/lopps\",\"hint\":\"did you mean /v1/loops?\"}");
        assertThat(get("/completely/elsewhere").body()).contains("GET / lists the paths");
        assertThat(post("/v1/listeners/web/pause").body()).contains("a listener has suspend, resume, unbind");
        assertThat(rawStatusLine("/v1/%zz")).isEqualTo("HTTP/1.1 400 Bad Request");
        assertThat(new JsonObject(get("/").body()).getJsonArray("paths"))
                .contains(
                        "/v1/status", "/v1/pools", "/metrics", "/v1/stop", "/v1/upgrade", "/v1/listeners/NAME/unbind");
        assertThat(get("/v1/status/").statusCode()).isEqualTo(200);
    }

    /** For paths that a proper client refuses to send. */
    private String rawStatusLine(String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(US_ASCII));
            BufferedReader reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            return String.valueOf(reader.readLine());
        }
    }

    @Test
    void aWrongListenerGetsAHint() throws Exception {
        HttpResponse<String> response = post("/v1/listeners/wbe/suspend");
        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(post("/v1/listeners/webb/suspend").body()).contains("did you mean web?");
        assertThat(post("/v1/listeners/something/suspend").body()).contains("there are a/b c, web");
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void aReloadIsAnsweredByWhatCameOfIt() throws Exception {
        HttpResponse<String> done = post("/v1/plugins/auth/reload");
        assertThat(done.statusCode()).isEqualTo(200);
        assertThat(done.body()).contains("\"outcome\":\"reloaded\"", "\"users\":[\"2 connections of listener web\"]");
        for (PluginReload.Outcome outcome : PluginReload.Outcome.values()) {
            runtime.reload = outcome;
            assertThat(post("/v1/plugins/auth/reload").statusCode())
                    .isEqualTo(
                            switch (outcome) {
                                case RELOADED -> 200;
                                case WRONG -> 422;
                                case IRREPLACEABLE, REFUSED -> 409;
                            });
        }
        assertThat(post("/v1/plugins/auht/reload").statusCode()).isEqualTo(404);
        assertThat(post("/v1/retired-plugins").body()).contains("\"holders\":[]");
        assertThat(post("/v1/retired-plugins?collect=true").body()).contains("\"holders\":[\"thread pump\"]");
        assertThat(post("/v1/retired-plugins?collect=perhaps").statusCode()).isEqualTo(400);
    }

    @Test
    void aWrongGraceIsRefusedBeforeAnythingHappens() throws Exception {
        for (String grace : List.of("30", "-1s", "1d", "s")) {
            HttpResponse<String> response = post("/v1/stop?grace=" + grace);
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("stop.grace: ", "250ms, 30s, 5m or 1h");
        }
        assertThat(post("/v1/stop?grace=").body()).contains("stop.grace: expected a value");
        // Times that no deadline can be counted with.
        for (String grace : List.of("99999999999s", "999999999h")) {
            HttpResponse<String> eternal = post("/v1/stop?grace=" + grace);
            assertThat(eternal.statusCode()).isEqualTo(400);
            assertThat(eternal.body()).contains("is outside 0s to 24h");
        }
        assertThat(post("/v1/upgrade?timeout=25h").body()).contains("upgrade.timeout: 25h is outside 1ms to 24h");
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void shouldRefuseAParameterThatItDoesNotKnow() throws Exception {
        for (String path :
                List.of("/v1/stop?grase=0", "/v1/stop?grace=0&timeout=1s", "/v1/listeners/web/unbind?gr%61ze=1s")) {
            HttpResponse<String> response = post(path);
            assertThat(response.statusCode()).as(path).isEqualTo(400);
            assertThat(response.body()).as(path).contains("unknown key", "grace");
        }
        assertThat(post("/v1/stop?grase=0").body()).contains("did you mean 'grace'?");
        assertThat(post("/v1/listeners/web/suspend?grace=1s").body()).contains("it has no keys");
        assertThat(post("/v1/loops?count=3").body()).contains("it has no keys");
        assertThat(runtime.asked).isEmpty();
    }

    /** As no client of the JDK's would send it. */
    @Test
    void shouldRefuseAQueryThatCannotBeRead() throws Exception {
        for (String path : List.of("/v1/stop", "/v1/listeners/web/unbind", "/v1/loops")) {
            try (Socket client = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                client.getOutputStream()
                        .write(("POST " + path + "?grace=%GG HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                                .getBytes(US_ASCII));
                String answer = new String(client.getInputStream().readAllBytes(), US_ASCII);
                assertThat(answer).as(path).startsWith("HTTP/1.1 400 ").contains("the query is not valid: grace=%GG");
            }
        }
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void aWebPageCannotSteer() throws Exception {
        HttpResponse<String> response = send(
                request("/v1/stop").header("Origin", "http://evil.example").POST(HttpRequest.BodyPublishers.noBody()));
        assertThat(response.statusCode()).isEqualTo(403);
        assertThat(runtime.asked).isEmpty();
    }

    // ---- starting -------------------------------------------------------------------------------------------------

    @Test
    void anAddressInUseIsABindException() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            AdminServer second = server("127.0.0.1:" + taken.getLocalPort());
            Throwable failure = null;
            try {
                start(second);
            } catch (ExecutionException failed) {
                failure = failed.getCause();
            }
            assertThat(failure)
                    .isInstanceOf(BindException.class)
                    .hasMessageStartingWith("cannot bind admin 127.0.0.1:" + taken.getLocalPort() + ": ");
        }
    }

    @Test
    void theAddressIsFreeAfterTheStop() throws Exception {
        int port = server.port();
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        // The JDK's selector, which this test's Vert.x is on, closes a socket when it looks next.
        Awaitility.await().until(() -> isFree(port));
        server = server("127.0.0.1:" + port);
        assertThat(start(server)).isEqualTo("admin on 127.0.0.1:" + port);
        assertThat(get("/live").statusCode()).isEqualTo(200);
    }

    private static boolean isFree(int port) {
        try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return taken.isBound();
        } catch (IOException busy) {
            return false;
        }
    }
}
