package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Upgrades of real processes that go well: nobody outside notices, and nothing is left behind. How many in a row,
 * {@code upgrade.rounds} says.
 */
@Timeout(value = 60, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class UpgradeIT {
    private static final int ROUNDS = Integer.getInteger("upgrade.rounds", 3);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private String yaml(CountingOrigin origin, String more) {
        return """
                version: 1
                loops: 2
                grace: 10s
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                  file: { bind: "unix:%s/web.sock", service: shop, mode: "0600" }
                %s
                services:
                  shop: { type: http, upstream: app }
                upstreams:
                  app: { servers: ["%s"] }
                """.formatted(folder, more, origin.address());
    }

    @Test
    void shouldServeEveryRequestThroughManyUpgradesInARow() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, ""))) {
            var web = rig.address("web");
            var file = UnixDomainSocketAddress.of(folder.resolve("web.sock"));
            rig.upgradeWhole();
            int filesBefore = quietFiles(rig);
            Load load = new Load();
            int clients = 8;
            int before;
            try (load) {
                load.start(3, web, true);
                load.start(1, web, false);
                load.start(3, file, true);
                load.start(1, file, false);
                Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 500);
                before = origin.accepted();
                for (int i = 0; i < ROUNDS; i++) {
                    long answered = load.answered();
                    rig.upgradeWhole();
                    Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > answered + clients);
                    assertThat(load.failures()).as("after upgrade %s", i + 1).isEmpty();
                    System.out.println("upgrade " + (i + 1) + ": process " + rig.pid() + ", " + load.answered()
                            + " answered, " + (origin.accepted() - before) + " upstream connections opened");
                }
            }
            int opened = origin.accepted() - before;
            int filesAfter = quietFiles(rig);
            System.out.println(ROUNDS + " upgrades: " + load.answered() + " requests answered, "
                    + load.failures().size() + " failed, " + load.repeated()
                    + " repeated because an idle connection was closed, " + opened
                    + " upstream connections opened, files " + filesBefore + " -> " + filesAfter);
            assertThat(load.failures()).isEmpty();
            // Without the handoff each new process would open one for each client.
            assertThat(opened).as("upstream connections opened").isLessThan(ROUNDS * clients);
            assertThat(filesAfter).as("open files").isLessThanOrEqualTo(filesBefore + 2);
        }
    }

    /** What a process has open that are no connections, once it is alone and serves nobody. */
    private static int quietFiles(UpgradeRig rig) throws Exception {
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> rig.rows("/v1/fds").stream()
                        .map(JsonObject.class::cast)
                        .noneMatch(fd -> (fd.getString("kind").equals("downstream")
                                        && fd.getString("plugin").equals("http"))
                                || fd.getString("kind").equals("handoff")));
        // Those of the pool, and the test's own to the admin API.
        long connections = rig.rows("/v1/fds").stream()
                .map(JsonObject.class::cast)
                .filter(fd -> fd.getString("kind").equals("upstream")
                        || fd.getString("kind").equals("downstream"))
                .count();
        return UpgradeRig.files(rig.pid()).size() - (int) connections;
    }

    @Test
    void shouldGoOnWithIdleUpstreamConnections() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, ""))) {
            try (Load load = new Load()) {
                load.start(4, rig.address("web"), true);
                Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 200);
            }
            Awaitility.await().atMost(PATIENCE).until(() -> pool(rig).getInteger("in-use") == 0);
            int idle = pool(rig).getInteger("idle");
            int accepted = origin.accepted();
            assertThat(idle).isPositive().isEqualTo(accepted);

            rig.upgradeWhole();
            Awaitility.await().atMost(PATIENCE).until(() -> pool(rig).getInteger("idle") == idle);
            assertThat(origin.open()).isEqualTo(idle);

            int requests = origin.requests();
            try (Load load = new Load()) {
                load.start(1, rig.address("web"), true);
                Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 50);
            }
            assertThat(origin.requests()).isGreaterThan(requests);
            assertThat(origin.accepted()).as("the origin saw no new connection").isEqualTo(accepted);
            assertThat(pool(rig).getInteger("connects")).isZero();
            assertThat(pool(rig).getInteger("reuses-local") + pool(rig).getInteger("reuses-takeover"))
                    .isGreaterThanOrEqualTo(50);
        }
    }

    private static JsonObject pool(UpgradeRig rig) throws Exception {
        return rig.rows("/v1/pools").getJsonObject(0);
    }

    @Test
    void shouldCloseWhatIsGoneFromTheConfigurationAndBindWhatIsNew() throws Exception {
        try (CountingOrigin origin = new CountingOrigin()) {
            String gone = "  gone: { bind: \"127.0.0.1:0\", service: shop }\n"
                    + "  each: { bind: \"127.0.0.1:0\", service: shop, sockets: per-loop }\n"
                    + "  old-name: { bind: \"unix:" + folder + "/named.sock\", service: shop }";
            try (UpgradeRig rig = new UpgradeRig(folder, yaml(origin, gone))) {
                var wasThere = rig.address("gone");
                var perLoop = rig.address("each");
                Files.writeString(
                        folder.resolve("baton.yaml"),
                        yaml(
                                origin,
                                "  fresh: { bind: \"127.0.0.1:0\", service: shop }\n"
                                        + "  each: { bind: \"127.0.0.1:" + perLoop.getPort()
                                        + "\", service: shop, sockets: per-loop }\n"
                                        + "  new-name: { bind: \"unix:" + folder + "/named.sock\", service: shop }"));
                Outcome upgrade = rig.ask("upgrade");
                assertThat(upgrade.code()).as(upgrade.text()).isZero();
                assertThat(upgrade.text()).contains("serves, process " + rig.pid() + " drains");
                UpgradeRig.awaitEnd(rig.pid());

                JsonArray listeners = rig.rows("/v1/listeners");
                assertThat(listeners.stream().map(each -> ((JsonObject) each).getString("name")))
                        .containsExactly("each", "file", "fresh", "new-name", "web");
                assertThat(listenerFds(rig)).as("each has two").isEqualTo(6 + 1);
                try (Load load = new Load()) {
                    load.start(1, perLoop, false);
                    load.start(1, UnixDomainSocketAddress.of(folder.resolve("named.sock")), false);
                    Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 20);
                    assertThat(load.failures()).isEmpty();
                }
                assertThat(refuses(wasThere)).isTrue();
                assertThat(rig.first().text()).contains("no longer in the configuration: gone");
                long pid = rig.object("/v1/status").getLong("pid");
                assertThat(rig.ask("stop").code()).isZero();
                UpgradeRig.awaitEnd(pid);
                assertThat(folder.resolve("named.sock")).doesNotExist();
                assertThat(folder.resolve("web.sock")).doesNotExist();
            }
        }
    }

    private static boolean refuses(java.net.InetSocketAddress address) {
        try (java.net.Socket socket = new java.net.Socket()) {
            socket.connect(address, 10_000);
            return false;
        } catch (IOException refused) {
            return true;
        }
    }

    private static long listenerFds(UpgradeRig rig) throws Exception {
        return rig.rows("/v1/fds").stream()
                .map(JsonObject.class::cast)
                .filter(fd -> fd.getString("kind").equals("listener"))
                .count();
    }

    /** R49: more than one packet holds; one listener each, and one listener with a socket for each of many loops. */
    @Tag("long")
    @Test
    void shouldHandOverMoreSocketsThanOnePacketHolds() throws Exception {
        int many = 300;
        StringBuilder listeners = new StringBuilder();
        IntStream.range(0, many)
                .forEach(i -> listeners.append(
                        "  l%03d: { bind: \"unix:%s/%03d\", service: shop }%n".formatted(i, folder, i)));
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, listeners.toString()))) {
            rig.upgradeWhole();
            assertThat(listenerFds(rig)).isEqualTo(many + 3);
            for (int i : List.of(0, 251, 252, 253, 299)) {
                try (Load load = new Load()) {
                    load.start(1, UnixDomainSocketAddress.of(folder.resolve("%03d".formatted(i))), false);
                    Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 2);
                    assertThat(load.failures()).isEmpty();
                }
            }
        }
    }

    @Tag("long")
    @Test
    void shouldUpgradeAtHangup() throws Exception {
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, ""))) {
            rig.first().signal("HUP");
            String line = rig.first().await(each -> each.startsWith("upgraded: process "));
            assertThat(line).endsWith("process " + rig.pid() + " drains");
            assertThat(rig.first().exitCode()).isZero();
            assertThat(rig.object("/v1/status").getLong("pid")).isNotEqualTo(rig.pid());
            rig.ask("stop");
        }
    }
}
