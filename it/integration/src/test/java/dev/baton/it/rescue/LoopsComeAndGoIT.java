package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Loops are added and retired under load: no connection is lost, no answer lost, doubled or mixed, and no thread or fd
 * is left.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LoopsComeAndGoIT {
    /** 100 in the long run of the build. */
    private static final int ROUNDS = Integer.getInteger("loops.rounds", 10);

    private static final int GROWN = 8;
    private static final int CLIENTS = 20;
    private static final long PERIOD_NANOS = 20_000_000;

    @TempDir
    Path folder;

    private CrowdedBaton baton;

    private void start(int loops, String more) throws Exception {
        baton = CrowdedBaton.start(folder, PERIOD_NANOS, """
                version: 1
                loops: LOOPS
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shopMORE }
                  raw: { bind: "127.0.0.1:0", service: passMORE }
                services:
                  shop: { type: http, upstream: app }
                  pass: { type: tcp-proxy, upstream: app }
                upstreams:
                  app: { servers: ["ORIGIN"], connect-timeout: 60s, pool: { idle-timeout: 1s } }
                """.replace("LOOPS", Integer.toString(loops))
                .replace("MORE", more));
    }

    @AfterEach
    void stop() throws Exception {
        baton.close();
    }

    private List<Integer> ids() throws Exception {
        return baton.ofEachLoop("id");
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
        List<Client> clients = baton.everyKind(CLIENTS);
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
            clients.addAll(baton.crowd()
                    .join(
                            round % 2 == 0 ? Speech.LINES : Speech.HTTP,
                            baton.listener(round % 2 == 0 ? "raw" : "web"),
                            2));
            baton.everyoneIsServed(clients, 1);
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
            baton.everyoneIsServed(clients, 1);
        }
        assertThat(moved).isGreaterThan(ROUNDS * 3 * CLIENTS);
        assertThat(baton.crowd().failures()).isEmpty();
        String metrics = Web.get(baton.admin(), "/metrics").body();
        assertThat(metrics.lines().filter(line -> line.startsWith("baton_loop_turns_total")))
                .as("what has ended is not told any more")
                .hasSize(1);
        baton.nothingIsLeft();
    }

    @Tag("long")
    @Test
    void eachLoopsOwnSocketsMoveToo() throws Exception {
        start(4, ", sockets: per-loop");
        List<Client> clients = baton.everyKind(CLIENTS);
        for (int round = 0; round < 5; round++) {
            all(List.of(Web.postAsync(baton.admin(), "/v1/loops"), Web.postAsync(baton.admin(), "/v1/loops")));
            List<Integer> ids = ids();
            all(List.of(
                    Web.postAsync(baton.admin(), "/v1/loops/" + ids.get(0) + "/retire"),
                    Web.postAsync(baton.admin(), "/v1/loops/" + ids.get(1) + "/retire")));
            clients.addAll(baton.crowd().join(Speech.HTTP, baton.listener("web"), 50));
            baton.everyoneIsServed(clients, 1);
        }
        assertThat(baton.crowd().failures()).isEmpty();
    }

    @Tag("long")
    @Test
    void moreThan64LoopsWork() throws Exception {
        start(70, "");
        List<Client> clients = baton.everyKind(CLIENTS);
        assertThat(ids()).hasSize(70);
        all(List.of(Web.postAsync(baton.admin(), "/v1/loops"), Web.postAsync(baton.admin(), "/v1/loops/69/retire")));
        List<CompletableFuture<HttpResponse<String>>> retired = new ArrayList<>();
        for (int id : ids().subList(0, 60)) {
            retired.add(Web.postAsync(baton.admin(), "/v1/loops/" + id + "/retire"));
        }
        all(retired);
        assertThat(ids()).hasSize(10);
        baton.everyoneIsServed(clients, 1);
        assertThat(baton.crowd().failures()).isEmpty();
    }

    @Tag("long")
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
