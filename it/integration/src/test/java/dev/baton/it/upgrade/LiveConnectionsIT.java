package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import io.vertx.core.json.JsonObject;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Live connections through upgrades of real processes: each goes on in the next process, with every byte once and in
 * order, and the old process ends although they do not.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LiveConnectionsIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long PERIOD_NANOS = Duration.ofMillis(100).toNanos();

    @TempDir
    private Path folder;

    /** An hour of grace: an old process that waits for its connections never ends. */
    private static String yaml(EchoOrigin origin, String more) {
        return """
                version: 1
                loops: 2
                grace: 1h
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  lines: { bind: "127.0.0.1:0", service: tunnel }
                %s
                services:
                  tunnel: { type: tcp-proxy, upstream: echo }
                upstreams:
                  echo: { servers: ["%s"] }
                """.formatted(more, origin.address());
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    @Test
    void shouldGoOnWithStreamsInTheNextProcess() throws Exception {
        goOn(100, 3);
    }

    @Test
    @Tag("long")
    void shouldGoOnWithManyStreamsThroughManyUpgrades() throws Exception {
        goOn(1_000, 20);
    }

    private void goOn(int streams, int upgrades) throws Exception {
        try (EchoOrigin origin = EchoOrigin.start();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, ""));
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            List<Client> clients = crowd.join(Speech.LINES, text(rig.address("lines")), streams);
            awaitAnswers(crowd, clients);
            for (int i = 0; i < upgrades; i++) {
                long begun = System.nanoTime();
                rig.upgradeWhole();
                long ended = System.nanoTime();
                awaitAnswers(crowd, clients);
                long[] gaps = crowd.latencies(begun, ended);
                System.out.printf(
                        "upgrade %d: %d streams, the old process was gone after %d ms, longest gap %d ms%n",
                        i + 1,
                        streams,
                        TimeUnit.NANOSECONDS.toMillis(ended - begun),
                        gaps.length == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(gaps[gaps.length - 1]));
            }
            JsonObject pool = (JsonObject) rig.rows("/v1/pools").getValue(0);
            assertThat(pool.getInteger("in-use"))
                    .as("upstream connections, in the accounts of the last process")
                    .isEqualTo(streams);
        }
    }

    /** Each gets another answer, and none has failed. */
    private static void awaitAnswers(Crowd crowd, List<Client> clients) {
        long[] before = Crowd.answers(clients);
        Awaitility.await().atMost(PATIENCE).until(() -> {
            assertThat(crowd.failures()).isEmpty();
            return Crowd.served(clients, before) == clients.size();
        });
    }
}
