package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.OfferedAction;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What the API does: for an operator, and what plugins can be asked for. */
class AdminActionsTest extends AdminFixture {
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
        assertThat(schema(unbind)
                        .getJsonObject("properties")
                        .getJsonObject("outcome")
                        .getJsonArray("enum"))
                .contains("unbound", "failed");
        assertThat(paths.getJsonObject("/v1/listeners").getJsonObject("post").getJsonObject("requestBody"))
                .isNotNull();
        for (String table : List.of("loops", "listeners", "upstreams", "plugins")) {
            JsonObject rows = schema(paths.getJsonObject("/v1/" + table).getJsonObject("get"));
            JsonObject row = new JsonArray(get("/v1/" + table).body()).getJsonObject(0);
            assertThat(rows.getJsonObject("items").getJsonObject("properties").fieldNames())
                    .as(table)
                    .isEqualTo(row.fieldNames());
        }
        JsonObject shake = paths.getJsonObject("/v1/tree/shake").getJsonObject("post");
        assertThat(parameters(shake)).containsExactly("query what false");
        assertThat(shake.getJsonArray("parameters").getJsonObject(0).getJsonObject("schema"))
                .isEqualTo(new JsonObject().put("type", "string").put("default", "none"));
    }

    private static JsonObject schema(JsonObject operation) {
        return operation
                .getJsonObject("responses")
                .getJsonObject("200")
                .getJsonObject("content")
                .getJsonObject("application/json")
                .getJsonObject("schema");
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
        assertThat(runtime.asked).containsExactly("upgrade PT1M");
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

    @Test
    void shouldChangeTheServersOfAnUpstream() throws Exception {
        assertThat(post("/v1/upstreams/app/servers/add?server=%5B::1%5D:9003&weight=5")
                        .body())
                .isEqualTo("{\"upstream\":\"app\",\"server\":\"[::1]:9003\",\"outcome\":\"changed\",\"in-flight\":2,"
                        + "\"detail\":\"as you wish\"}");
        for (String action : List.of("add", "remove", "drain", "maintenance", "ready")) {
            assertThat(post("/v1/upstreams/app/servers/" + action + "?server=a:1")
                            .statusCode())
                    .as(action)
                    .isEqualTo(200);
        }
        assertThat(post("/v1/upstreams/app/servers/weight?server=a:1&weight=0").statusCode())
                .isEqualTo(200);
        assertThat(runtime.asked)
                .containsExactly(
                        "add app [::1]:9003 5",
                        "add app a:1 1",
                        "REMOVED app a:1",
                        "DRAIN app a:1",
                        "MAINTENANCE app a:1",
                        "READY app a:1",
                        "weigh app a:1 0");
    }

    @Test
    void shouldSayWhatIsWrongWithAChangeOfAServer() throws Exception {
        assertThat(post("/v1/upstreams/ap/servers/drain?server=a:1").statusCode())
                .isEqualTo(404);
        assertThat(post("/v1/upstreams/ap/servers/drain?server=a:1").body()).contains("did you mean 'app'?");
        assertThat(post("/v1/upstreams/app/servers/drain?server=nowhere").statusCode())
                .isEqualTo(400);
        assertThat(post("/v1/upstreams/app/servers/drain").body()).contains("server");
        assertThat(post("/v1/upstreams/app/servers/drain").statusCode()).isEqualTo(400);
        assertThat(post("/v1/upstreams/app/servers/weight?server=a:1").statusCode())
                .isEqualTo(400);
        assertThat(post("/v1/upstreams/app/servers/weight?server=a:1&weight=257")
                        .statusCode())
                .isEqualTo(400);
        assertThat(post("/v1/upstreams/app/servers/drain?server=full:1").statusCode())
                .isEqualTo(409);
        assertThat(post("/v1/upstreams/app/servers/stop?server=a:1").body()).contains("maintenance");
        assertThat(get("/v1/upstreams/app/servers/drain").statusCode()).isEqualTo(405);
        assertThat(get("/v1/upstreams").body())
                .contains(
                        "\"state\":\"drain\"",
                        "\"in-flight\":2",
                        "\"latency-ms\":1.5",
                        "\"health\":\"down\"",
                        "\"health-ms\":1200",
                        "\"failure\":\"refused\"");
        assertThat(runtime.asked).containsExactly("DRAIN app full:1");
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
