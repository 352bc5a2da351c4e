package dev.baton.plugin.admin;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.Words;
import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The API as a client meets it, on plain Vert.x over a runtime that is worked by hand. */
@Timeout(30)
class AdminApiTest {
    private final FakeRuntime runtime = new FakeRuntime();
    private final Vertx vertx = Vertx.vertx();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private AdminServer server = server("127.0.0.1:0");

    private AdminServer server(String listen) {
        return new AdminServer(new AdminConfig(listen), vertx, runtime, runtime, runtime, runtime, Words::nearest);
    }

    @BeforeEach
    void start() throws Exception {
        assertThat(start(server)).isEqualTo("admin on 127.0.0.1:" + server.port());
        assertThat(server.port()).isPositive();
    }

    private static String start(AdminServer server) throws Exception {
        return server.start().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() throws Exception {
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path) throws Exception {
        return send(request(path));
    }

    private HttpResponse<String> post(String path) throws Exception {
        return send(request(path).POST(HttpRequest.BodyPublishers.noBody()));
    }

    private CompletableFuture<HttpResponse<String>> posting(String path) {
        return client.sendAsync(
                request(path).POST(HttpRequest.BodyPublishers.noBody()).build(), HttpResponse.BodyHandlers.ofString());
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    // ---- GET ------------------------------------------------------------------------------------------------------

    @Test
    void eachTableHasTheKeysOfItsPage() throws Exception {
        assertThat(get("/v1/status").body())
                .isEqualTo(
                        "{\"version\":\"0.1.0\",\"pid\":4711,\"state\":\"ready\",\"uptime-ms\":12,\"poller\":\"epoll\","
                                + "\"loops\":2,\"loops-blocked\":0,\"fds-open\":9,\"fds-limit\":1024,\"grace-ms\":30000}");
        assertThat(get("/v1/loops").body())
                .isEqualTo(
                        "[{\"id\":0,\"thread\":\"baton-loop-0\",\"fds\":4,\"turns\":100,\"tasks-queued\":0,"
                                + "\"last-turn-age-ms\":1,\"current\":{\"fd\":17,\"generation\":3,\"plugin\":\"http-proxy\"},"
                                + "\"accepted\":12,\"connections\":2,\"blocked\":false},"
                                + "{\"id\":1,\"thread\":\"baton-loop-1\",\"fds\":5,\"turns\":90,\"tasks-queued\":2,"
                                + "\"last-turn-age-ms\":7,\"current\":null,\"accepted\":10,\"connections\":3,\"blocked\":true}]");
        assertThat(get("/v1/fds").body())
                .isEqualTo(
                        "[{\"fd\":0,\"generation\":4294967295,\"kind\":\"downstream\",\"owner\":\"shared\",\"running\":1,"
                                + "\"orphaned\":false,\"age-ms\":5,\"takeovers\":2,\"plugin\":\"http-proxy\"}]");
        assertThat(get("/v1/orphans").body())
                .isEqualTo("[{\"fd\":8,\"generation\":1,\"orphaned-for-ms\":20,\"running\":2,\"loops\":[0,1],"
                        + "\"plugin\":\"tcp-proxy\"}]");
        assertThat(get("/v1/listeners").body())
                .isEqualTo("[{\"name\":\"web\",\"address\":\"127.0.0.1:8080\",\"service\":\"shop\",\"state\":\"ready\","
                        + "\"accepted\":3,\"connections\":1}]");
        assertThat(get("/v1/pools").body())
                .isEqualTo(
                        "[{\"upstream\":\"app\",\"server\":\"127.0.0.1:9001\",\"idle\":1,\"in-use\":2,\"connects\":3,"
                                + "\"reuses-local\":4,\"reuses-takeover\":5,\"takeovers-refused\":6}]");
        assertThat(get("/v1/plugins").body())
                .isEqualTo(
                        "[{\"id\":\"admin\",\"version\":\"0.1.0\",\"spi\":\"1.0\",\"contributes\":[\"component admin\"],"
                                + "\"from\":\"plugins/admin\",\"problem\":null}]");
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

    private void restart() throws Exception {
        server.stop().toCompletableFuture().get(10, TimeUnit.SECONDS);
        server = server("127.0.0.1:0");
        start(server);
    }

    // ---- what plugins do --------------------------------------------------------------------------------------------

    record Shaken(String what, int howOften) {}

    private static OfferedAction action(Function<Map<String, String>, CompletionStage<? extends Record>> act) {
        return new OfferedAction() {
            @Override
            public List<Parameter> parameters() {
                return List.of(new Parameter("what", "text", false, Optional.of("none")));
            }

            @Override
            public CompletionStage<? extends Record> act(Map<String, String> parameters) {
                return act.apply(parameters);
            }
        };
    }

    @Test
    void aPluginsActionIsAPost() throws Exception {
        runtime.actions = Map.of(
                "tree/shake",
                action(given ->
                        CompletableFuture.completedStage(new Shaken(given.getOrDefault("what", "none"), given.size()))),
                "stop",
                action(given -> CompletableFuture.completedStage(new Shaken("taken", 0))),
                "loops",
                action(given -> CompletableFuture.completedStage(new Shaken("taken", 0))),
                "loops/0/retire",
                action(given -> CompletableFuture.completedStage(new Shaken("taken", 0))));
        restart();
        HttpResponse<String> shaken = post("/v1/tree/shake?what=plum&when=now");
        assertThat(shaken.statusCode()).isEqualTo(200);
        assertThat(shaken.body()).isEqualTo("{\"what\":\"plum\",\"how-often\":2}");
        assertThat(get("/v1/tree/shake").statusCode()).isEqualTo(405);
        assertThat(get("/").body()).contains("/v1/tree/shake");
        // A built-in one cannot be replaced.
        runtime.stopped.complete(new StopReport(0, 0));
        for (String own : List.of("/v1/stop", "/v1/loops", "/v1/loops/0/retire")) {
            assertThat(post(own).body()).as(own).doesNotContain("taken");
        }
    }

    @Test
    void whatIsWrongWithAnActionIsSaidToTheOneWhoAsked() throws Exception {
        runtime.actions = Map.of(
                "wrong",
                action(given -> {
                    throw new IllegalArgumentException("the parameter \"loop\" is missing");
                }),
                "broken",
                action(given -> {
                    throw new NoClassDefFoundError("acme/Missing");
                }),
                "failing",
                action(given -> CompletableFuture.failedStage(new IllegalStateException("not today"))));
        restart();
        assertThat(post("/v1/wrong").statusCode()).isEqualTo(400);
        assertThat(post("/v1/wrong").body()).contains("loop", "is missing");
        assertThat(post("/v1/broken").statusCode()).isEqualTo(500);
        assertThat(post("/v1/failing").body()).isEqualTo("{\"error\":\"not today\"}");
    }

    /** What {@code baton view} and {@code baton do} ask for before anything else. */
    @Test
    void shouldListWhatPluginsBring() throws Exception {
        runtime.views = Map.of("rows", List::of);
        runtime.actions = Map.of("tree/shake", action(given -> CompletableFuture.completedStage(new Shaken("", 0))));
        restart();
        assertThat(get("/v1/views").body()).isEqualTo("[{\"name\":\"rows\"}]");
        assertThat(get("/v1/actions").body())
                .isEqualTo("[{\"name\":\"tree/shake\",\"parameters\":[{\"name\":\"what\",\"type\":\"text\","
                        + "\"required\":false,\"otherwise\":\"none\"}]}]");
    }

    @Test
    void shouldDescribeItselfAsOpenApi() throws Exception {
        runtime.actions = Map.of("tree/shake", action(given -> CompletableFuture.completedStage(new Shaken("", 0))));
        restart();
        JsonObject document = new JsonObject(get("/v1/openapi.json").body());
        assertThat(document.getString("openapi")).isEqualTo("3.0.3");
        assertThat(document.getJsonObject("info").getString("version")).isEqualTo("0.1.0");
        JsonObject paths = document.getJsonObject("paths");
        assertThat(paths.fieldNames()).hasSameSizeAs(new JsonObject(get("/").body()).getJsonArray("paths"));
        assertThat(paths.getJsonObject("/v1/listeners").fieldNames()).containsExactly("get", "post");
        JsonObject unbind = paths.getJsonObject("/v1/listeners/{name}/unbind").getJsonObject("post");
        assertThat(parameters(unbind)).containsExactly("path name true", "query grace false", "query strategy false");
        assertThat(unbind.getJsonObject("responses").fieldNames()).contains("200", "404", "409");
        JsonObject shake = paths.getJsonObject("/v1/tree/shake").getJsonObject("post");
        assertThat(parameters(shake)).containsExactly("query what false");
        assertThat(shake.getJsonArray("parameters").getJsonObject(0).getJsonObject("schema"))
                .isEqualTo(new JsonObject().put("type", "string").put("default", "none"));
    }

    private static List<String> parameters(JsonObject operation) {
        return operation.getJsonArray("parameters").stream()
                .map(JsonObject.class::cast)
                .map(each -> each.getString("in") + " " + each.getString("name") + " " + each.getBoolean("required"))
                .toList();
    }

    // ---- POST -----------------------------------------------------------------------------------------------------

    @Test
    void suspendAndResumeTellWhatHappened() throws Exception {
        HttpResponse<String> suspended = post("/v1/listeners/web/suspend");
        assertThat(suspended.statusCode()).isEqualTo(200);
        assertThat(suspended.body())
                .isEqualTo(
                        "{\"listener\":\"web\",\"outcome\":\"paused\",\"detail\":\"it \\\"waits\\\"\",\"abandoned\":null}");
        assertThat(new JsonObject(post("/v1/listeners/web/resume").body()).getString("outcome"))
                .isEqualTo("resumed");
        assertThat(runtime.asked).containsExactly("suspend web", "resume web");
    }

    @Test
    void anActionThatFailedIsAConflict() throws Exception {
        runtime.suspendOutcome = Outcome.FAILED;
        HttpResponse<String> response = post("/v1/listeners/web/suspend");
        assertThat(response.statusCode()).isEqualTo(409);
        assertThat(new JsonObject(response.body()).getString("outcome")).isEqualTo("failed");
    }

    @Test
    void unbindAnswersWhenItIsDoneAndTheServerGoesOnMeanwhile() throws Exception {
        CompletableFuture<HttpResponse<String>> response = posting("/v1/listeners/web/unbind?grace=250ms");
        Awaitility.await().until(() -> !runtime.asked.isEmpty());
        assertThat(runtime.asked).containsExactly("unbind web PT0.25S");
        for (int i = 0; i < 4; i++) {
            assertThat(get("/v1/status").statusCode()).isEqualTo(200);
        }
        assertThat(response).isNotDone();
        runtime.unbound.complete(new ListenerResult("web", Outcome.UNBOUND, "127.0.0.1:8080 is free"));
        assertThat(response.get(10, TimeUnit.SECONDS).body())
                .isEqualTo(
                        "{\"listener\":\"web\",\"outcome\":\"unbound\",\"detail\":\"127.0.0.1:8080 is free\",\"abandoned\":null}");
    }

    @Test
    void unbindWithoutGraceTakesTheConfiguredOne() throws Exception {
        runtime.unbound.complete(new ListenerResult("web", Outcome.UNBOUND, ""));
        post("/v1/listeners/web/unbind");
        assertThat(runtime.asked).containsExactly("unbind web PT30S");
    }

    @Test
    void stopAnswersAlthoughTheServerStopsMeanwhile() throws Exception {
        CompletableFuture<HttpResponse<String>> response = posting("/v1/stop?grace=0");
        Awaitility.await().until(() -> !runtime.asked.isEmpty());
        assertThat(runtime.asked).containsExactly("stop PT0S");
        CompletableFuture<Void> stopped = server.stop().toCompletableFuture();
        runtime.stopped.complete(new StopReport(7, 2));
        assertThat(response.get(10, TimeUnit.SECONDS).body()).isEqualTo("{\"served\":7,\"cut\":2}");
        stopped.get(10, TimeUnit.SECONDS);
    }

    @Test
    void anUpgradeTellsTheNewProcess() throws Exception {
        HttpResponse<String> response = post("/v1/upgrade?timeout=5s");
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body())
                .isEqualTo("{\"upgraded\":true,\"pid\":4712,\"exit-code\":0,\"detail\":\"process 4712 serves,"
                        + " process 4711 drains\"}");
        assertThat(runtime.asked).containsExactly("upgrade PT5S");
    }

    @Test
    void anUpgradeThatFailsIsAConflictAndSaysWhy() throws Exception {
        runtime.upgraded = new UpgradeReport(false, 4712, 78, "baton.yaml:1:1: wrong");
        HttpResponse<String> response = post("/v1/upgrade");
        assertThat(response.statusCode()).isEqualTo(409);
        assertThat(response.body()).contains("\"exit-code\":78", "baton.yaml:1:1: wrong");
        assertThat(runtime.asked).containsExactly("upgrade null");
        assertThat(post("/v1/upgrade?timeout=soon").statusCode()).isEqualTo(400);
        assertThat(send(request("/v1/upgrade").GET()).statusCode()).isEqualTo(405);
    }

    @Test
    void stopWithoutGraceLeavesItToTheConfiguration() throws Exception {
        runtime.stopped.complete(new StopReport(0, 0));
        assertThat(post("/v1/stop").statusCode()).isEqualTo(200);
        assertThat(runtime.asked).containsExactly("stop null");
    }

    @Test
    void aStageThatFailsIsA500() throws Exception {
        runtime.stopped.completeExceptionally(new IllegalStateException("not now"));
        HttpResponse<String> response = post("/v1/stop");
        assertThat(response.statusCode()).isEqualTo(500);
        assertThat(response.body()).isEqualTo("{\"error\":\"not now\"}");
    }

    @Test
    void aListenersNameMayNeedEscapes() throws Exception {
        assertThat(post("/v1/listeners/a%2Fb%20c/suspend").statusCode()).isEqualTo(200);
        assertThat(runtime.asked).containsExactly("suspend a/b c");
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
    void aWrongGraceIsRefusedBeforeAnythingHappens() throws Exception {
        for (String grace : List.of("30", "-1s", "1d", "", "s", "99999999999s")) {
            HttpResponse<String> response = post("/v1/stop?grace=" + grace);
            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(response.body()).contains("such as 250ms, 30s, 5m or 1h");
        }
        // A time that no deadline can be counted with.
        HttpResponse<String> eternal = post("/v1/stop?grace=999999999h");
        assertThat(eternal.statusCode()).isEqualTo(400);
        assertThat(eternal.body()).contains("at most 24h");
        assertThat(post("/v1/upgrade?timeout=25h").body()).contains("timeout is", "at most 24h");
        assertThat(runtime.asked).isEmpty();
    }

    @Test
    void shouldRefuseAParameterThatItDoesNotKnow() throws Exception {
        for (String path :
                List.of("/v1/stop?grase=0", "/v1/stop?grace=0&timeout=1s", "/v1/listeners/web/unbind?gr%61ze=1s")) {
            HttpResponse<String> response = post(path);
            assertThat(response.statusCode()).as(path).isEqualTo(400);
            assertThat(response.body()).as(path).contains("has no parameter", "it has grace");
        }
        assertThat(post("/v1/listeners/web/suspend?grace=1s").body()).contains("it has none");
        assertThat(post("/v1/loops?count=3").body()).contains("it has none");
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
                    .hasMessage("cannot bind admin 127.0.0.1:" + taken.getLocalPort()
                            + ": EADDRINUSE (another process listens there; set admin: listen: to another address)");
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

    @Test
    void loopsAreAddedAndRetired() throws Exception {
        assertThat(post("/v1/loops").body())
                .isEqualTo("{\"loop\":2,\"outcome\":\"added\",\"detail\":\"there are 3 loops\"}");
        assertThat(post("/v1/loops/1/retire").body()).contains("\"outcome\":\"retired\"");
        assertThat(post("/v1/loops/0/retire").statusCode()).isEqualTo(409);
        assertThat(post("/v1/loops/9/retire").statusCode()).isEqualTo(400);
        assertThat(post("/v1/loops/x/retire").statusCode()).isEqualTo(404);
        assertThat(get("/v1/loops/1/retire").statusCode()).isEqualTo(405);
        assertThat(runtime.asked).containsExactly("add loop", "retire loop 1");
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

    @Test
    void shouldAddAListenerOfAJsonBodyAndSayWhatIsWrongWithIt() throws Exception {
        HttpResponse<String> added = adding("{\"name\": \"web2\"}");
        assertThat(added.statusCode()).isEqualTo(200);
        assertThat(new JsonObject(added.body()).getString("outcome")).isEqualTo("added");
        assertThat(runtime.asked).contains("add {\"name\": \"web2\"}");

        assertThat(adding("{\"name\": \"taken\"}").statusCode()).isEqualTo(409);
        HttpResponse<String> wrong = adding("{\"wrong\": 1}");
        assertThat(wrong.statusCode()).isEqualTo(400);
        assertThat(new JsonObject(wrong.body()).getString("error")).isEqualTo("there is something wrong");
        assertThat(post("/v1/listeners").statusCode()).isEqualTo(400);
        int asked = runtime.asked.size();
        assertThat(adding("{" + " ".repeat(70_000) + "}").statusCode()).isEqualTo(413);
        HttpRequest.Builder page = request("/v1/listeners")
                .header("Origin", "http://evil")
                .POST(HttpRequest.BodyPublishers.ofString("{}"));
        assertThat(send(page).statusCode()).isEqualTo(403);
        assertThat(runtime.asked).hasSize(asked);
    }

    private HttpResponse<String> adding(String body) throws Exception {
        return send(request("/v1/listeners").POST(HttpRequest.BodyPublishers.ofString(body)));
    }

    @Test
    void shouldRemoveAListenerAndUnbindByAnotherStrategy() throws Exception {
        runtime.unbound.complete(new ListenerResult("web", Outcome.UNBOUND, "free", java.util.Optional.of(3)));
        HttpResponse<String> removed =
                send(request("/v1/listeners/web?grace=250ms&strategy=at-once").DELETE());
        assertThat(removed.statusCode()).isEqualTo(200);
        assertThat(new JsonObject(removed.body()).getInteger("abandoned")).isEqualTo(3);
        assertThat(send(request("/v1/listeners/a%2Fb%20c").DELETE()).statusCode())
                .isEqualTo(200);
        assertThat(post("/v1/listeners/web/unbind?strategy=drain-backlog").statusCode())
                .isEqualTo(200);
        assertThat(runtime.asked)
                .containsExactly("remove web PT0.25S at-once", "remove a/b c PT30S", "unbind web PT30S drain-backlog");

        assertThat(post("/v1/listeners/web/unbind?strategy=gently").statusCode())
                .isEqualTo(400);
        assertThat(send(request("/v1/listeners/nobody").DELETE()).statusCode()).isEqualTo(404);
        HttpResponse<String> got = get("/v1/listeners/web");
        assertThat(got.statusCode()).isEqualTo(405);
        assertThat(got.headers().firstValue("allow")).contains("DELETE");
    }
}
