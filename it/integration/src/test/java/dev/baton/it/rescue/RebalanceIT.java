package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * 2,000 connections that are all on one loop of four at the start, on a process of the distribution: as long as they
 * are idle they stay; when all of them ask they are spread, no faster than is allowed, none is lost and no answer is
 * lost, doubled or mixed; and then nothing is moved any more (R36). Nobody else moves connections here: a busy machine
 * makes loops look blocked.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RebalanceIT {
    private static final int LOOPS = 4;
    private static final int HTTP_CLIENTS = 1_900;
    private static final int LINE_CLIENTS = 100;
    private static final int CLIENTS = HTTP_CLIENTS + LINE_CLIENTS;
    /** Each client asks so often: together enough to be seen, and not so much that two processors are busy with it. */
    private static final long ASK_NANOS = 400_000_000;

    private static final int MOVES_PER_SECOND = 600;
    private static final long LOOK_NANOS = 200_000_000;
    /** For so many looks nothing is moved, and it is over. */
    private static final int QUIET_LOOKS = 30;

    private static final Duration PATIENCE = Duration.ofMinutes(4);

    @TempDir
    Path folder;

    private CrowdedBaton baton;

    @BeforeEach
    void start() throws Exception {
        assumeTrue(
                Runtime.getRuntime().availableProcessors() > 1,
                "nothing is moved where loops cannot run at the same time");
        baton = CrowdedBaton.start(folder, ASK_NANOS, PATIENCE, """
                version: 1
                loops: LOOPS
                admin: { listen: "127.0.0.1:0" }
                rescue: { detect: 1m }
                loop-rebalance:
                  period: 200ms
                  window: 600ms
                  periods: 2
                  high-water: 4%
                  low-water: 2%
                  floor: 3%
                  moves: MOVES/s
                  rest: 5s
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop, loops: [0], backlog: 2000 }
                  raw: { bind: "127.0.0.1:0", service: pass, loops: [0], backlog: 2000 }
                services:
                  shop: { type: http, upstream: app, idle-timeout: 5m, first-request-timeout: 5m }
                  pass: { type: tcp-proxy, upstream: app }
                upstreams:
                  app: { servers: ["ORIGIN"], connect-timeout: 60s, pool: { idle-timeout: 1s } }
                """.replace("LOOPS", Integer.toString(LOOPS))
                .replace("MOVES", Integer.toString(MOVES_PER_SECOND)));
    }

    @AfterEach
    void stop() throws Exception {
        if (baton != null) {
            baton.close();
        }
    }

    private List<Integer> connections() throws Exception {
        return baton.ofEachLoop("connections");
    }

    private int fdsOpen() throws Exception {
        return new JsonObject(Web.get(baton.admin(), "/v1/status").body()).getInteger("fds-open");
    }

    /** Counts moves, and sees that there are never more than is allowed. */
    private final class Moves {
        private final long begunNanos = System.nanoTime();
        private final long atFirst = count();
        private long last = atFirst;
        private long lastChangeNanos = begunNanos;

        Moves() throws Exception {}

        long count() throws Exception {
            return baton.counter("baton_rebalance_moves_total");
        }

        long look() throws Exception {
            long now = count();
            long nanos = System.nanoTime();
            // Each look of the plugin's counts what was moved since the one before, and may have been about to.
            long allowed = MOVES_PER_SECOND * (nanos - begunNanos + 2 * LOOK_NANOS) / 1_000_000_000;
            assertThat(now - atFirst).as("takeovers a second").isLessThanOrEqualTo(allowed);
            if (now != last) {
                last = now;
                lastChangeNanos = nanos;
            }
            return now;
        }

        boolean areOver() {
            return System.nanoTime() - lastChangeNanos > QUIET_LOOKS * LOOK_NANOS;
        }
    }

    @Tag("long")
    @Test
    void whatIsPiledUpOnOneLoopIsSpreadAndThenStays() throws Exception {
        int fdsBefore = fdsOpen();
        List<Client> clients = baton.crowd().connect(Speech.HTTP, baton.listener("web"), HTTP_CLIENTS);
        clients.addAll(baton.crowd().connect(Speech.LINES, baton.listener("raw"), LINE_CLIENTS));
        await().atMost(PATIENCE)
                .until(() -> connections().stream().mapToInt(each -> each).sum() == CLIENTS);
        assertThat(baton.ofEachLoop("accepted")).containsExactly(CLIENTS, 0, 0, 0);
        Moves moves = new Moves();
        List<Integer> before = connections();
        // To connect is work too: some that were at it may have been moved for that, of those that talk to their server
        // already.
        assertThat(before.get(0)).as("idle ones stay").isGreaterThanOrEqualTo(HTTP_CLIENTS);

        long begun = System.nanoTime();
        baton.crowd().begin(clients);
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(100)).until(() -> {
            moves.look();
            assertThat(baton.crowd().failures()).isEmpty();
            List<Integer> now = connections();
            return Collections.min(now) >= CLIENTS / 10 && Collections.max(now) <= CLIENTS / 2;
        });
        System.out.println("spread after " + (System.nanoTime() - begun) / 1_000_000 + " ms: " + before + " -> "
                + connections() + ", " + moves.look() + " moves");

        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(100)).until(() -> {
            moves.look();
            return moves.areOver();
        });
        baton.everyoneIsServed(clients, 3);
        System.out.println("at rest after " + (moves.lastChangeNanos - begun) / 1_000_000 + " ms: " + connections()
                + ", " + moves.last + " moves, " + baton.counter("baton_rebalance_refused_total") + " refused, "
                + clients.stream().mapToLong(Client::answers).sum() + " answers");
        assertThat(Collections.max(connections())).isLessThanOrEqualTo(CLIENTS / 2);
        assertThat(connections().stream().mapToInt(each -> each).sum()).isEqualTo(CLIENTS);
        assertThat(baton.rows("/v1/fds").stream()
                        .filter(fd -> fd.getString("kind").equals("downstream"))
                        .mapToInt(fd -> fd.getInteger("takeovers")))
                .as("nobody goes to and fro")
                .allMatch(takeovers -> takeovers <= 3);
        assertThat(baton.process().text()).containsPattern("INFO .* \\d+ connections were moved within \\d+ ms");
        assertThat(baton.crowd().failures()).isEmpty();
        ended(fdsBefore);
    }

    /** When the clients have gone nothing is left of them, and the process ends as it should. */
    private void ended(int fdsBefore) throws Exception {
        baton.crowd().close();
        await().atMost(PATIENCE).until(() -> fdsOpen() <= fdsBefore);
        baton.nothingIsLeft();
        assertThat(baton.process().text()).doesNotContain("ERROR");
        String admin = baton.admin();
        assertThat(BatonProcess.run(folder, "stop", "--admin", admin).code()).isZero();
        assertThat(baton.process().outcome().code()).isZero();
    }
}
