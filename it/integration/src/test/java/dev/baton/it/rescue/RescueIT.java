package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
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
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rescue as clients meet it, on a process of the distribution: while a loop is blocked every connection but the guilty one
 * goes on, the ones through a proxy wherever their halves are, and no answer is lost, doubled or mixed; the loop finds only the
 * guilty one when it comes back, and goes on as a full member. F6: connections that are opened meanwhile do not wait for it.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RescueIT {
    private static final int LOOPS = 4;
    private static final int CLIENTS = 60;
    private static final long PERIOD_NANOS = 50_000_000;
    private static final long BLOCK_MS = 8_000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    private final List<AutoCloseable> open = new ArrayList<>();
    private EchoOrigin origin;
    private Crowd crowd;
    private BatonProcess baton;

    private void start(String more) throws Exception {
        origin = opened(EchoOrigin.start());
        crowd = opened(new Crowd(PERIOD_NANOS));
        baton = opened(BatonProcess.serve(folder, """
                version: 1
                loops: LOOPS
                admin: { listen: "127.0.0.1:0" }
                rescue: { settle: 0s }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop, balance: least-loadedMORE }
                  raw: { bind: "127.0.0.1:0", service: pass, balance: least-loadedMORE }
                  rehearsal: { bind: "127.0.0.1:0", service: rehearsal }
                  rehearsal0: { bind: "127.0.0.1:0", service: rehearsal, loops: [0] }
                  rehearsal1: { bind: "127.0.0.1:0", service: rehearsal, loops: [1] }
                  rehearsal2: { bind: "127.0.0.1:0", service: rehearsal, loops: [2] }
                  rehearsal3: { bind: "127.0.0.1:0", service: rehearsal, loops: [3] }
                services:
                  shop: { type: http-proxy, upstream: app }
                  pass: { type: tcp-proxy, upstream: app }
                  rehearsal: { type: chaos, max-time: 60s }
                upstreams:
                  app: { servers: ["ORIGIN"], connect-timeout: 60s }
                plugins: { enable: [chaos] }
                """.replace("LOOPS", Integer.toString(LOOPS))
                .replace("MORE", more)
                .replace("ORIGIN", origin.address())));
    }

    private <T extends AutoCloseable> T opened(T made) {
        open.add(0, made);
        return made;
    }

    @AfterEach
    void stop() throws Exception {
        System.out.println(baton.text());
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    /** Clients of every kind, all of whom have been answered; nobody waits. */
    private List<Client> everyKind(int each) throws Exception {
        List<Client> clients = new ArrayList<>();
        clients.addAll(crowd.join(Speech.HTTP, baton.listener("web"), each));
        clients.addAll(crowd.join(Speech.LINES, baton.listener("raw"), each));
        clients.addAll(crowd.join(Speech.UPGRADE, baton.listener("raw"), each));
        everyoneIsServed(clients, 2);
        return clients;
    }

    /** Until each has got so many answers more. */
    private void everyoneIsServed(List<Client> clients, int times) {
        for (int i = 0; i < times; i++) {
            long[] before = Crowd.answers(clients);
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
                assertThat(crowd.failures()).isEmpty();
                return Crowd.served(clients, before) == clients.size();
            });
        }
    }

    private JsonArray loops() throws Exception {
        return new JsonArray(Web.get(baton.admin(), "/v1/loops").body());
    }

    private JsonObject loop(int id) throws Exception {
        return loops().getJsonObject(id);
    }

    private int blockedByTheRehearsal() throws Exception {
        for (Object each : loops()) {
            JsonObject row = (JsonObject) each;
            JsonObject current = row.getJsonObject("current");
            if (row.getBoolean("blocked") && current != null && "chaos".equals(current.getString("plugin"))) {
                return row.getInteger("id");
            }
        }
        return -1;
    }

    private String live() throws Exception {
        return Web.get(baton.admin(), "/live").body();
    }

    private long counter(String name) throws Exception {
        long sum = 0;
        for (String line : Web.get(baton.admin(), "/metrics").body().lines().toList()) {
            if (line.startsWith(name)) {
                sum += (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
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
        List<Client> clients = everyKind(CLIENTS);
        int crowded = loops().stream()
                .map(JsonObject.class::cast)
                .max(Comparator.comparingInt(row -> row.getInteger("connections")))
                .orElseThrow()
                .getInteger("id");
        Guilty guilty = opened(new Guilty(baton.listener("rehearsal" + crowded)));
        guilty.block(BLOCK_MS);
        int victim = await().atMost(PATIENCE).until(this::blockedByTheRehearsal, id -> id >= 0);
        everyoneIsServed(clients, 3);
        List<Client> late = crowd.join(Speech.LINES, baton.listener("raw"), 250);
        late.addAll(crowd.join(Speech.HTTP, baton.listener("web"), 250));
        everyoneIsServed(late, 1);
        assertThat(loop(victim).getInteger("connections"))
                .as("all but the guilty one")
                .isEqualTo(1);
        assertThat(live()).isEqualTo("live\n");
        assertThat(guilty.isAnswered()).as("the loop is blocked all the while").isFalse();

        assertThat(guilty.answer()).isEqualTo("blocked loop " + victim + " for " + BLOCK_MS + "ms\n");
        await().atMost(PATIENCE).until(() -> !loop(victim).getBoolean("blocked"));
        clients.addAll(late);
        everyoneIsServed(clients, 2);
        // A full member: it has the fewest, so it gets what comes.
        clients.addAll(crowd.join(Speech.LINES, baton.listener("raw"), 40));
        everyoneIsServed(clients, 1);
        await().atMost(PATIENCE).until(() -> loop(victim).getInteger("connections") > 20);

        assertThat(counter("baton_loop_blocked_total")).isPositive();
        assertThat(counter("baton_rescued_connections_total")).isPositive();
        assertThat(baton.text())
                .containsPattern(
                        "WARN.* loop " + victim + " is blocked in one callback for more than \\d+ ms: plugin chaos,"
                                + " fd \\d+/\\d+, dev\\.baton\\.plugin\\.chaos\\.ChaosHandler\\.channelRead0; its other")
                .contains("dev.baton.plugin.chaos.Fault.block(")
                .containsPattern("loop " + victim + " goes on after \\d+ ms; \\d+ of its connections were taken over");
        assertThat(crowd.failures()).isEmpty();
    }

    /** Each loop's own sockets get their share of the connections from the kernel whatever the loop does. */
    @Tag("long")
    @Test
    void newConnectionsAvoidABlockedLoopWithSocketsOfItsOwn() throws Exception {
        start(", sockets: per-loop");
        List<Client> clients = everyKind(CLIENTS / 4);
        Guilty guilty = guilty(List.of());
        for (int round = 0; round < 2; round++) {
            guilty.block(BLOCK_MS);
            await().atMost(PATIENCE).until(() -> loop(guilty.loop()).getBoolean("blocked"));
            everyoneIsServed(clients, 1);
            List<Client> late = crowd.join(Speech.HTTP, baton.listener("web"), 100);
            everyoneIsServed(late, 1);
            clients.addAll(late);
            assertThat(guilty.isAnswered()).isFalse();
            guilty.answer();
            await().atMost(PATIENCE).until(() -> !loop(guilty.loop()).getBoolean("blocked"));
        }
        clients.addAll(crowd.join(Speech.HTTP, baton.listener("web"), 100));
        everyoneIsServed(clients, 1);
        assertThat(crowd.failures()).isEmpty();
    }

    @Tag("long")
    @Test
    void severalAreBlockedAtOnceAndHelpersBlockDuringTheRescue() throws Exception {
        start("");
        List<Client> clients = everyKind(CLIENTS);
        List<Guilty> guilty = new ArrayList<>();
        for (int i = 0; i < LOOPS - 1; i++) {
            guilty.add(guilty(guilty));
        }
        // Each 20th takeover costs its thief more than is allowed: rescuers are blocked and rescued from in turn.
        Web.post(baton.admin(), "/v1/chaos/delay?point=fd-taken-over&ms=120&every=20");
        for (Guilty each : guilty) {
            each.block(2 * BLOCK_MS);
        }
        everyoneIsServed(clients, 2);
        assertThat(guilty).noneMatch(Guilty::isAnswered);
        Web.post(baton.admin(), "/v1/chaos/delay?point=fd-taken-over&ms=0");
        for (Guilty each : guilty) {
            each.answer();
        }
        everyoneIsServed(clients, 2);
        assertThat(crowd.failures()).isEmpty();
    }

    @Test
    void whereEveryLoopIsBlockedItSaysSoAndGoesOnAfterwards() throws Exception {
        start("");
        List<Client> clients = everyKind(CLIENTS / 4);
        List<Guilty> guilty = new ArrayList<>();
        for (int i = 0; i < LOOPS; i++) {
            guilty.add(guilty(guilty));
        }
        for (Guilty each : guilty) {
            each.block(BLOCK_MS / 2);
        }
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> {
            // In one answer: on a busy machine they may go on before the next one.
            HttpResponse<String> live = Web.get(baton.admin(), "/live");
            return live.statusCode() == 503 && live.body().equals("all " + LOOPS + " loops are blocked\n");
        });
        for (Guilty each : guilty) {
            each.answer();
        }
        everyoneIsServed(clients, 2);
        await().atMost(PATIENCE).until(() -> live().equals("live\n"));
        assertThat(baton.text()).contains("all " + LOOPS + " loops are blocked: nobody is left");
        assertThat(crowd.failures()).isEmpty();
    }
}
