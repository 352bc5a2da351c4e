package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Loops are added and retired under load: no connection is lost, no answer lost, doubled or mixed, and no thread or fd is left. */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LoopsComeAndGoIT {
    /** 100 in the long run of the build. */
    private static final int ROUNDS = Integer.getInteger("loops.rounds", 10);

    private static final int GROWN = 8;
    private static final int CLIENTS = 20;
    private static final long PERIOD_NANOS = 20_000_000;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private Crowd crowd;
    private BatonProcess baton;

    private <T extends AutoCloseable> T opened(T made) {
        open.add(0, made);
        return made;
    }

    private void start(int loops, String more) throws Exception {
        EchoOrigin origin = opened(EchoOrigin.start());
        crowd = opened(new Crowd(PERIOD_NANOS));
        baton = opened(BatonProcess.serve(folder, """
                version: 1
                loops: LOOPS
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shopMORE }
                  raw: { bind: "127.0.0.1:0", service: passMORE }
                services:
                  shop: { type: http-proxy, upstream: app }
                  pass: { type: tcp-proxy, upstream: app }
                upstreams:
                  app: { servers: ["ORIGIN"], connect-timeout: 60s, pool: { idle-timeout: 1s } }
                """.replace("LOOPS", Integer.toString(loops))
                .replace("MORE", more)
                .replace("ORIGIN", origin.address())));
    }

    @AfterEach
    void stop() throws Exception {
        System.out.println(baton.text());
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private List<Client> everyKind(int each) throws Exception {
        List<Client> clients = new ArrayList<>();
        clients.addAll(crowd.join(Speech.HTTP, baton.listener("web"), each));
        clients.addAll(crowd.join(Speech.LINES, baton.listener("raw"), each));
        clients.addAll(crowd.join(Speech.UPGRADE, baton.listener("raw"), each));
        everyoneIsServed(clients);
        return clients;
    }

    private void everyoneIsServed(List<Client> clients) {
        long[] before = Crowd.answers(clients);
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(5))
                .until(() -> {
                    assertThat(crowd.failures()).isEmpty();
                    return Crowd.served(clients, before) == clients.size();
                });
    }

    private JsonArray loops() throws Exception {
        return new JsonArray(Web.get(baton.admin(), "/v1/loops").body());
    }

    private List<Integer> ids() throws Exception {
        return loops().stream().map(row -> ((JsonObject) row).getInteger("id")).toList();
    }

    private void all(List<CompletableFuture<HttpResponse<String>>> asked) throws Exception {
        for (CompletableFuture<HttpResponse<String>> each : asked) {
            HttpResponse<String> answer = each.get(60, TimeUnit.SECONDS);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
    }

    @Test
    void nothingIsLostInManyRoundsOfGrowingAndShrinking() throws Exception {
        start(1, "");
        List<Client> clients = everyKind(CLIENTS);
        int moved = 0;
        for (int round = 0; round < ROUNDS; round++) {
            List<CompletableFuture<HttpResponse<String>>> added = new ArrayList<>();
            for (int i = 1; i < GROWN; i++) {
                added.add(Web.postAsync(baton.admin(), "/v1/loops"));
            }
            all(added);
            List<Integer> ids = ids();
            assertThat(ids).hasSize(GROWN);
            // Some come and go with the loops, and are accepted by the new ones.
            clients.addAll(crowd.join(
                    round % 2 == 0 ? Speech.LINES : Speech.HTTP, baton.listener(round % 2 == 0 ? "raw" : "web"), 2));
            everyoneIsServed(clients);
            List<CompletableFuture<HttpResponse<String>>> retired = new ArrayList<>();
            for (int id : ids.subList(0, GROWN - 1)) { // the eldest, among them every one that has served so far
                retired.add(Web.postAsync(baton.admin(), "/v1/loops/" + id + "/retire"));
            }
            all(retired);
            for (CompletableFuture<HttpResponse<String>> each : retired) {
                JsonObject result = new JsonObject(each.get().body());
                assertThat(result.getString("outcome")).isEqualTo("retired");
                assertThat(result.getString("detail")).doesNotContain("cut");
                moved += Integer.parseInt(result.getString("detail").split(" ", 2)[0]);
            }
            assertThat(ids()).containsExactly(ids.get(GROWN - 1));
            everyoneIsServed(clients);
        }
        assertThat(moved).isGreaterThan(ROUNDS * 3 * CLIENTS);
        assertThat(crowd.failures()).isEmpty();
        String metrics = Web.get(baton.admin(), "/metrics").body();
        assertThat(metrics.lines().filter(line -> line.startsWith("baton_loop_turns_total")))
                .as("what has ended is not told any more")
                .hasSize(1);
        assertThat(metrics.lines().filter(line -> line.matches("baton_plugin_errors_total.* [1-9].*")))
                .isEmpty();
        assertThat(new JsonArray(Web.get(baton.admin(), "/v1/orphans").body())).isEmpty();
    }

    @Tag("long")
    @Test
    void eachLoopsOwnSocketsMoveToo() throws Exception {
        start(4, ", sockets: per-loop");
        List<Client> clients = everyKind(CLIENTS);
        for (int round = 0; round < 5; round++) {
            all(List.of(Web.postAsync(baton.admin(), "/v1/loops"), Web.postAsync(baton.admin(), "/v1/loops")));
            List<Integer> ids = ids();
            all(List.of(
                    Web.postAsync(baton.admin(), "/v1/loops/" + ids.get(0) + "/retire"),
                    Web.postAsync(baton.admin(), "/v1/loops/" + ids.get(1) + "/retire")));
            clients.addAll(crowd.join(Speech.HTTP, baton.listener("web"), 50));
            everyoneIsServed(clients);
        }
        assertThat(crowd.failures()).isEmpty();
    }

    @Tag("long")
    @Test
    void moreThan64LoopsWork() throws Exception {
        start(70, "");
        List<Client> clients = everyKind(CLIENTS);
        assertThat(ids()).hasSize(70);
        all(List.of(Web.postAsync(baton.admin(), "/v1/loops"), Web.postAsync(baton.admin(), "/v1/loops/69/retire")));
        List<CompletableFuture<HttpResponse<String>>> retired = new ArrayList<>();
        for (int id : ids().subList(0, 60)) {
            retired.add(Web.postAsync(baton.admin(), "/v1/loops/" + id + "/retire"));
        }
        all(retired);
        assertThat(ids()).hasSize(10);
        everyoneIsServed(clients);
        assertThat(crowd.failures()).isEmpty();
    }

    @Test
    void theCommandsSayWhatHappened() throws Exception {
        start(2, "");
        String admin = baton.admin();
        Outcome added = BatonProcess.run(folder, "loops", "add", "--admin", admin);
        assertThat(added.code()).as(added.text()).isZero();
        assertThat(added.text()).contains("loop 2 added: there are 3 loops");
        Outcome retired = BatonProcess.run(folder, "loops", "retire", "0", "--admin", admin);
        assertThat(retired.code()).as(retired.text()).isZero();
        assertThat(retired.text()).contains("loop 0 retired: 0 connections went to other loops");
        assertThat(BatonProcess.run(folder, "loops", "--admin", admin).text())
                .contains("baton-loop-1", "baton-loop-2")
                .doesNotContain("baton-loop-0");
        Outcome unknown = BatonProcess.run(folder, "loops", "retire", "0", "--admin", admin);
        assertThat(unknown.code()).isEqualTo(1);
        assertThat(unknown.text()).contains("there is no loop 0; there is: [1, 2]");
        all(List.of(Web.postAsync(admin, "/v1/loops/1/retire")));
        HttpResponse<String> last = Web.post(admin, "/v1/loops/2/retire");
        assertThat(last.statusCode()).isEqualTo(409);
        assertThat(last.body()).contains("it is the last loop");
    }
}
