package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rescue as clients meet it, on a process of the distribution: while a loop is blocked every connection but the
 * guilty one goes on, the ones through a proxy wherever their halves are, and no answer is lost, doubled or mixed; the
 * loop finds only the guilty one when it comes back, and goes on as a full member. F6: connections that are opened
 * meanwhile do not wait for it.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RescueIT {
    private static final int LOOPS = 4;
    private static final int CLIENTS = 60;
    private static final long PERIOD_NANOS = 50_000_000;
    private static final long BLOCK_MS = 8_000;

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private CrowdedBaton baton;

    private void start(String more) throws Exception {
        start(more, 0);
    }

    private void start(String more, int spares) throws Exception {
        baton = opened(CrowdedBaton.start(folder, PERIOD_NANOS, """
                version: 1
                loops: LOOPS
                admin: { listen: "127.0.0.1:0" }
                rescue: { settle: 0s, spares: SPARES }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop, balance: least-loadedMORE }
                  raw: { bind: "127.0.0.1:0", service: pass, balance: least-loadedMORE }
                  rehearsal: { bind: "127.0.0.1:0", service: rehearsal }
                  rehearsal0: { bind: "127.0.0.1:0", service: rehearsal, loops: [0] }
                  rehearsal1: { bind: "127.0.0.1:0", service: rehearsal, loops: [1] }
                  rehearsal2: { bind: "127.0.0.1:0", service: rehearsal, loops: [2] }
                  rehearsal3: { bind: "127.0.0.1:0", service: rehearsal, loops: [3] }
                services:
                  shop: { type: http, upstream: app }
                  pass: { type: tcp-proxy, upstream: app }
                  rehearsal: { type: http, routes: [ { handler: { type: chaos, max-time: 60s, budget: 1m } } ] }
                upstreams:
                  app: { servers: ["ORIGIN"], connect-timeout: 60s }
                plugins: { enable: [chaos] }
                """.replace("LOOPS", Integer.toString(LOOPS))
                .replace("SPARES", Integer.toString(spares))
                .replace("MORE", more)));
    }

    private <T extends AutoCloseable> T opened(T made) {
        open.add(0, made);
        return made;
    }

    @AfterEach
    void stop() throws Exception {
        System.out.println(baton.process().text());
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private int blockedByTheRehearsal() throws Exception {
        for (JsonObject row : baton.loops()) {
            JsonObject current = row.getJsonObject("current");
            if (row.getBoolean("blocked") && current != null && "http".equals(current.getString("plugin"))) {
                return row.getInteger("id");
            }
        }
        return -1;
    }

    private String live() throws Exception {
        return Web.get(baton.admin(), "/live").body();
    }

    /** A connection to the rehearsal on a loop that no other of these is on. */
    private Guilty guilty(List<Guilty> others) throws Exception {
        while (true) {
            Guilty guilty = opened(new Guilty(baton.listener("rehearsal")));
            if (others.stream().noneMatch(each -> each.loop() == guilty.loop())) {
                return guilty;
            }
        }
    }

    @Test
    void everyConnectionButTheGuiltyOneGoesOn() throws Exception {
        start("");
        List<Client> clients = baton.everyKind(CLIENTS);
        int crowded = baton.loops().stream()
                .max(Comparator.comparingInt(row -> row.getInteger("connections")))
                .orElseThrow()
                .getInteger("id");
        Guilty guilty = opened(new Guilty(baton.listener("rehearsal" + crowded)));
        guilty.block(BLOCK_MS);
        int victim = await().atMost(CrowdedBaton.PATIENCE).until(this::blockedByTheRehearsal, id -> id >= 0);
        baton.everyoneIsServed(clients, 3);
        List<Client> late = baton.crowd().join(Speech.LINES, baton.listener("raw"), 250);
        late.addAll(baton.crowd().join(Speech.HTTP, baton.listener("web"), 250));
        baton.everyoneIsServed(late, 1);
        assertThat(baton.loop(victim).getInteger("connections"))
                .as("all but the guilty one")
                .isEqualTo(1);
        assertThat(live()).isEqualTo("live\n");
        assertThat(guilty.isAnswered()).as("the loop is blocked all the while").isFalse();

        assertThat(guilty.answer()).isEqualTo("blocked loop " + victim + " for " + BLOCK_MS + "ms\n");
        await().atMost(CrowdedBaton.PATIENCE).until(() -> !baton.loop(victim).getBoolean("blocked"));
        clients.addAll(late);
        baton.everyoneIsServed(clients, 2);
        // A full member: it has the fewest, so it gets what comes.
        await().atMost(CrowdedBaton.PATIENCE).until(() -> {
            clients.addAll(baton.crowd().join(Speech.LINES, baton.listener("raw"), 10));
            return baton.loop(victim).getInteger("connections") > 20;
        });
        baton.everyoneIsServed(clients, 1);

        assertThat(baton.counter("baton_loop_blocked_total")).isPositive();
        assertThat(baton.counter("baton_rescued_connections_total")).isPositive();
        assertThat(baton.process().text())
                .containsPattern(
                        "WARN.* loop " + victim + " has been in one callback for more than \\d+ ms: plugin chaos,"
                                + " fd \\d+/\\d+ of http, dev\\.baton\\.plugin\\.chaos\\.ChaosHandler\\.handle; its")
                .contains("dev.baton.plugin.chaos.Fault.block(")
                .containsPattern("loop " + victim + " works again after \\d+ ms; \\d+ of its connections were taken");
        assertThat(baton.crowd().failures()).isEmpty();
    }

    /** Each loop's own sockets get their share of the connections from the kernel whatever the loop does. */
    @Tag("long")
    @Test
    void newConnectionsAvoidABlockedLoopWithSocketsOfItsOwn() throws Exception {
        start(", sockets: per-loop");
        List<Client> clients = baton.everyKind(CLIENTS / 4);
        Guilty guilty = guilty(List.of());
        for (int round = 0; round < 2; round++) {
            guilty.block(BLOCK_MS);
            await().atMost(CrowdedBaton.PATIENCE)
                    .until(() -> baton.loop(guilty.loop()).getBoolean("blocked"));
            baton.everyoneIsServed(clients, 1);
            List<Client> late = baton.crowd().join(Speech.HTTP, baton.listener("web"), 100);
            baton.everyoneIsServed(late, 1);
            clients.addAll(late);
            assertThat(guilty.isAnswered()).isFalse();
            guilty.answer();
            await().atMost(CrowdedBaton.PATIENCE)
                    .until(() -> !baton.loop(guilty.loop()).getBoolean("blocked"));
        }
        clients.addAll(baton.crowd().join(Speech.HTTP, baton.listener("web"), 100));
        baton.everyoneIsServed(clients, 1);
        assertThat(baton.crowd().failures()).isEmpty();
    }

    @Tag("long")
    @Test
    void severalAreBlockedAtOnceAndHelpersBlockDuringTheRescue() throws Exception {
        start("");
        List<Client> clients = baton.everyKind(CLIENTS);
        List<Guilty> guilty = new ArrayList<>();
        for (int i = 0; i < LOOPS - 1; i++) {
            guilty.add(guilty(guilty));
        }
        // Each 20th takeover costs its thief more than is allowed: rescuers are blocked and rescued from in turn.
        Web.post(baton.admin(), "/v1/chaos/delay?point=fd-taken-over&ms=120&every=20");
        for (Guilty each : guilty) {
            each.block(2 * BLOCK_MS);
        }
        baton.everyoneIsServed(clients, 2);
        assertThat(guilty).noneMatch(Guilty::isAnswered);
        Web.post(baton.admin(), "/v1/chaos/delay?point=fd-taken-over&ms=0");
        for (Guilty each : guilty) {
            each.answer();
        }
        baton.everyoneIsServed(clients, 2);
        assertThat(baton.crowd().failures()).isEmpty();
    }

    @Test
    void whereEveryLoopIsBlockedItSaysSoAndGoesOnAfterwards() throws Exception {
        start("");
        List<Client> clients = baton.everyKind(CLIENTS / 4);
        List<Guilty> guilty = new ArrayList<>();
        for (int i = 0; i < LOOPS; i++) {
            guilty.add(guilty(guilty));
        }
        for (Guilty each : guilty) {
            each.block(BLOCK_MS / 2);
        }
        await().atMost(CrowdedBaton.PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> {
                    // In one answer: on a busy machine they may go on before the next one.
                    HttpResponse<String> live = Web.get(baton.admin(), "/live");
                    return live.statusCode() == 503 && live.body().equals("all " + LOOPS + " loops are blocked\n");
                });
        for (Guilty each : guilty) {
            each.answer();
        }
        baton.everyoneIsServed(clients, 2);
        await().atMost(CrowdedBaton.PATIENCE).until(() -> live().equals("live\n"));
        assertThat(baton.process().text()).contains("all " + LOOPS + " loops are blocked: no loop is left");
        assertThat(baton.crowd().failures()).isEmpty();
    }

    /** F30. */
    @Test
    void whereEveryLoopIsBlockedSpareOnesTakeOver() throws Exception {
        start("", LOOPS);
        List<Client> clients = baton.everyKind(CLIENTS);
        List<Guilty> guilty = everyLoopBlocked();
        baton.everyoneIsServed(clients, 3);
        List<Client> late = baton.crowd().join(Speech.LINES, baton.listener("raw"), 50);
        late.addAll(baton.crowd().join(Speech.HTTP, baton.listener("web"), 50));
        baton.everyoneIsServed(late, 1);
        assertThat(live()).isEqualTo("live\n");
        assertThat(guilty).as("the loops are blocked all the while").noneMatch(Guilty::isAnswered);

        for (Guilty each : guilty) {
            each.answer();
        }
        clients.addAll(late);
        baton.everyoneIsServed(clients, 2);
        assertThat(baton.process().text())
                .containsPattern("WARN.* \\d of \\d loops blocked: .*called; at most 4 may serve")
                .doesNotContain("no loop is left");
        assertThat(baton.counter("baton_spare_loop_calls_total")).isEqualTo(LOOPS);
        assertThat(baton.crowd().failures()).isEmpty();
    }

    /** Each loop's own socket is served by others while it is blocked, even where no other loop works at first. */
    @Tag("long")
    @Test
    void spareLoopsServeTheSocketsOfEachBlockedLoop() throws Exception {
        start(", sockets: per-loop", LOOPS);
        List<Client> clients = baton.everyKind(CLIENTS / 4);
        List<Guilty> guilty = everyLoopBlocked();
        List<Client> late = baton.crowd().join(Speech.HTTP, baton.listener("web"), 100);
        baton.everyoneIsServed(late, 1);
        assertThat(guilty).as("the loops are blocked all the while").noneMatch(Guilty::isAnswered);
        for (Guilty each : guilty) {
            each.answer();
        }
        clients.addAll(late);
        baton.everyoneIsServed(clients, 2);
        assertThat(baton.crowd().failures()).isEmpty();
    }

    @Tag("long")
    @Test
    void theLastLoopThatIsNoSpareOneStays() throws Exception {
        start("", LOOPS);
        List<Client> clients = baton.everyKind(CLIENTS / 4);
        List<Guilty> guilty = everyLoopBlocked();
        List<CompletableFuture<HttpResponse<String>>> retiring = new ArrayList<>();
        for (int id = 1; id < LOOPS; id++) {
            retiring.add(Web.postAsync(baton.admin(), "/v1/loops/" + id + "/retire"));
        }
        await().atMost(CrowdedBaton.PATIENCE).until(() -> baton.loops().size() == LOOPS + 1);
        HttpResponse<String> last = Web.post(baton.admin(), "/v1/loops/0/retire");
        assertThat(last.statusCode()).isEqualTo(409);
        assertThat(last.body()).contains("it is the last loop that is no spare one");
        baton.everyoneIsServed(clients, 1);
        for (Guilty each : guilty) {
            each.answer();
        }
        for (CompletableFuture<HttpResponse<String>> each : retiring) {
            assertThat(each.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
        }
        baton.everyoneIsServed(clients, 2);
        assertThat(baton.crowd().failures()).isEmpty();
    }

    /** Each loop is blocked by one of them, and as many spare ones serve. */
    private List<Guilty> everyLoopBlocked() throws Exception {
        List<Guilty> guilty = new ArrayList<>();
        for (int i = 0; i < LOOPS; i++) {
            guilty.add(guilty(guilty));
        }
        for (Guilty each : guilty) {
            each.block(BLOCK_MS);
        }
        await().atMost(CrowdedBaton.PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> blockedAndSpare() == LOOPS);
        return guilty;
    }

    /** How many configured loops are blocked while as many spare ones serve. */
    private long blockedAndSpare() throws Exception {
        List<JsonObject> loops = baton.loops();
        long blocked = loops.stream()
                .filter(row -> row.getBoolean("blocked") && !row.getBoolean("spare"))
                .count();
        long working = loops.stream()
                .filter(row -> row.getBoolean("spare") && !row.getBoolean("blocked"))
                .count();
        return Math.min(blocked, working);
    }

    @Tag("long")
    @Test
    void spareLoopsGoWhenTheOthersAreBackAndComeAgain() throws Exception {
        start("", 2);
        List<Client> clients = baton.everyKind(CLIENTS);
        List<Guilty> guilty = new ArrayList<>();
        for (int i = 0; i < LOOPS; i++) {
            guilty.add(guilty(guilty));
        }
        for (int round = 0; round < 2; round++) {
            for (Guilty each : guilty) {
                each.block(BLOCK_MS / 4);
            }
            baton.everyoneIsServed(clients, 2);
            for (Guilty each : guilty) {
                each.answer();
            }
            await().atMost(CrowdedBaton.PATIENCE).until(() -> baton.loops().size() == LOOPS);
            baton.everyoneIsServed(clients, 2);
        }
        assertThat(baton.loops()).noneMatch(row -> row.getBoolean("spare"));
        assertThat(baton.process().text())
                .containsPattern("loop 4, a spare loop, stands by; \\d+ connections went to others")
                .contains("serves again, a spare loop");
        assertThat(baton.process().text()).as("the same loops").doesNotContain("loop 6");
        assertThat(baton.crowd().failures()).isEmpty();
    }
}
