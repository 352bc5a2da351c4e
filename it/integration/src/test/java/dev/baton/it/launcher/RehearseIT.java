package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code baton rehearse}: what is done to the process is really done, and the verdict is what clients saw. How long
 * they waited depends on the machine, so most of these tests allow more than an operator would.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class RehearseIT {
    private static final String YAML = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            plugins: { enable: [chaos] }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop }
              raw: { bind: "127.0.0.1:0", service: pass }
              origin: { bind: "127.0.0.1:0", service: page }
            services:
              shop: { type: http, upstream: app }
              pass: { type: tcp-proxy, upstream: app }
              page: { type: http, routes: [ { handler: demo-origin } ] }
            upstreams: { app: { servers: ["listener:origin"] } }
            """;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private BatonProcess baton;
    private String admin = "";

    private void serve(String yaml, String... more) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), yaml);
        baton = BatonProcess.start(
                folder, Stream.concat(Stream.of("run"), Stream.of(more)).toArray(String[]::new));
        baton.await(line -> line.startsWith("ready in "));
        admin = baton.admin();
    }

    /** The process that serves at the end may be another one than the first. */
    @AfterEach
    void end() throws Exception {
        if (!admin.isEmpty()) {
            List<ProcessHandle> all = ProcessHandle.of(baton.pid())
                    .map(ProcessHandle::descendants)
                    .orElse(Stream.of())
                    .toList();
            long serving = status().getLong("pid");
            ProcessHandle.of(serving).ifPresent(ProcessHandle::destroyForcibly);
            baton.close();
            all.forEach(ProcessHandle::destroyForcibly);
        }
    }

    private JsonObject status() {
        return new JsonObject(Commands.run("status", "--json", "--admin", admin).text());
    }

    private Outcome rehearse(String... arguments) {
        List<String> all = new ArrayList<>(List.of("rehearse"));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--admin", admin));
        return Commands.run(all.toArray(String[]::new));
    }

    private JsonObject report(int code, String... arguments) {
        Outcome outcome = rehearse(Stream.concat(Stream.of(arguments), Stream.of("--json", "--around", "500ms"))
                .toArray(String[]::new));
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(code);
        return new JsonObject(outcome.text());
    }

    private static JsonObject phase(JsonObject report, String phase) {
        return report.getJsonArray("phases").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getString("phase").equals(phase))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void shouldPassIfSpareLoopsServeInPlaceOfBlockedOnes() throws Exception {
        serve(YAML);
        JsonObject report = report(0, "blocked-loops", "--time", "2s", "--max-wait", "1900ms");
        assertThat(report.getBoolean("passed")).as(report.encode()).isTrue();
        assertThat(report.getJsonArray("listeners")).hasSize(3);
        assertThat(report.getInteger("clients")).isEqualTo(20 + 5 + 20 + 20 + 5);
        assertThat(phase(report, "during").getLong("requests")).isGreaterThan(100);
        assertThat(phase(report, "during").getLong("failed")).isZero();
        assertThat(report.getJsonObject("process").getLong("spares")).isPositive();
        assertThat(report.getJsonObject("process").getLong("rescued")).isPositive();
        assertThat(report.getJsonArray("events").getString(0)).isEqualTo("loops 0, 1 of 2 blocked for 2.0 s");
    }

    @Test
    void shouldFailIfClientsHaveToWait() throws Exception {
        serve(YAML + "rescue: { detect: 1m }\n");
        JsonObject report = report(1, "blocked-loops", "--time", "1500ms", "--max-wait", "1s", "--listener", "web");
        assertThat(report.getBoolean("passed")).isFalse();
        assertThat(report.getString("verdict"))
                .contains("a client waited for ")
                .contains("ms, and 1000 ms is the most");
        assertThat(phase(report, "during").getDouble("longest ms")).isGreaterThan(1_000);
        assertThat(report.getJsonArray("listeners").encode()).contains("web").doesNotContain("raw");
    }

    @Test
    void shouldSayWhatCanBeRehearsedAndWhatNot() throws Exception {
        serve(YAML.replace("enable: [chaos]", "path: []").replace("loops: 2", "loops: 1"));
        assertThat(rehearse().text()).contains("blocked-loops").contains("chaos is not enabled");
        Outcome refused = rehearse("upgrade");
        assertThat(refused.code()).isEqualTo(1);
        assertThat(refused.text())
                .contains("cannot rehearse upgrade: the process does not let itself be harmed")
                .contains("`plugins: { enable: [chaos] }`");
        assertThat(rehearse("blocked-lops").code()).isEqualTo(2);
        assertThat(rehearse("blocked-lops").text()).contains("did you mean 'blocked-loops'?");
        assertThat(rehearse("loops", "--clients", "0").text()).contains("--clients 0: expected 1 to 10000");
        assertThat(rehearse("loops", "--path", "x").text()).contains("--path x: expected a path that begins with /");
    }

    @Test
    void shouldHarmNothingThatCannotShowIt() throws Exception {
        serve(YAML);
        Map<String, String> refusals = new HashMap<>();
        for (String each : List.of("lane", "crash")) {
            refusals.put(each, rehearse(each).text());
        }
        assertThat(refusals.get("lane")).endsWith("no service has `lane:` in the configuration");
        assertThat(refusals.get("crash")).contains("nobody keeps the listening sockets", "`baton run --keep` does");
        assertThat(rehearse("loops", "--listener", "wep").text())
                .isEqualTo("rehearsing loops\nthere is no listener \"wep\"; there is: origin, raw, web");
        assertThat(rehearse("reload", "--plugin", "nosuch").text()).contains("has no plugin \"nosuch\" loaded");
        Client.post(admin, "/v1/listeners/origin/suspend", "");
        await().atMost(PATIENCE)
                .until(() -> rehearse("loops", "--listener", "origin")
                        .text()
                        .contains("there is no listener whose clients could notice anything"));
        assertThat(new JsonArray(Client.get(admin, "/v1/loops").body())).hasSize(2);
    }

    @Test
    @Tag("long")
    void shouldRehearseAllThatCanBeHad() throws Exception {
        serve(YAML);
        long first = status().getLong("pid");
        Outcome outcome = rehearse("all", "--time", "1s", "--around", "500ms", "--max-wait", "10s");
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text())
                .contains("rehearsing blocked-loop\n", "rehearsing blocked-loops\n", "rehearsing loops\n")
                .contains("rehearsing reload\n", "rehearsing failed-upgrade\n", "rehearsing upgrade\n")
                .contains("loop 0 of 2 blocked for 1.0 s", "process " + first + " continued: ")
                .contains("process " + first + " was gone ");
        assertThat(outcome.text().lines().filter(each -> each.startsWith("passed: ")))
                .hasSize(6);
        assertThat(status().getLong("pid")).isNotEqualTo(first);
    }

    @Test
    @Tag("long")
    void shouldKillAProcessWhoseSocketsAreKept() throws Exception {
        // A free port would be another one for the next process.
        serve(
                YAML.replace(
                        "admin: { listen: \"127.0.0.1:0\" }",
                        "admin: { listen: \"unix:" + folder.resolve("admin.sock") + "\" }"),
                "--keep");
        long first = status().getLong("pid");
        JsonObject report = report(0, "crash", "--max-wait", "30s");
        assertThat(report.getString("verdict")).contains("ended with the process, as they must");
        assertThat(report.getJsonArray("events").getString(0))
                .startsWith("process " + first + " was killed; parent kept the sockets, and process ");
        assertThat(phase(report, "afterwards").getLong("failed")).isZero();
        assertThat(status().getLong("pid")).isNotEqualTo(first);
    }
}
