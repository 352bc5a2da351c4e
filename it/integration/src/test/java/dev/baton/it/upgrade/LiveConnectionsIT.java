package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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

    private static final String WEB_LISTENER = "  web: { bind: \"127.0.0.1:0\", service: web }";
    private static final String WEB_SERVICE = "  web: { type: http, upstream: echo }";

    @TempDir
    private Path folder;

    /** An hour of grace: an old process that waits for its connections never ends. */
    private static String yaml(EchoOrigin origin) {
        return yaml(origin, "", "");
    }

    private static String yaml(EchoOrigin origin, String listeners, String services) {
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
                %s
                upstreams:
                  echo: { servers: ["%s"] }
                """.formatted(listeners, services, origin.address());
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

    @Test
    void shouldGoOnWithClientsAndTunnelsOfHttpInTheNextProcess() throws Exception {
        goOnWithHttp(50, 50, 2);
    }

    @Test
    @Tag("long")
    void shouldGoOnWithManyClientsAndTunnelsOfHttpThroughManyUpgrades() throws Exception {
        goOnWithHttp(1_000, 500, 20);
    }

    /** A POST cannot be sent again: a connection that is closed between two of them is a failure. */
    private void goOnWithHttp(int tunnels, int posts, int upgrades) throws Exception {
        try (EchoOrigin origin = EchoOrigin.start();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, WEB_LISTENER, WEB_SERVICE));
                Crowd crowd = new Crowd(PERIOD_NANOS);
                Crowd seldom = new Crowd(5 * PERIOD_NANOS)) {
            String web = text(rig.address("web"));
            List<Client> lines = crowd.join(Speech.UPGRADE, web, tunnels);
            List<Client> asking = seldom.join(Speech.POST, web, posts);
            awaitAnswers(crowd, lines);
            awaitAnswers(seldom, asking);
            for (int i = 0; i < upgrades; i++) {
                long begun = System.nanoTime();
                long old = rig.pid();
                assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
                long serving = System.nanoTime();
                UpgradeRig.awaitEnd(old);
                long ended = System.nanoTime();
                awaitAnswers(crowd, lines);
                awaitAnswers(seldom, asking);
                long[] gaps = crowd.latencies(begun, ended);
                System.out.printf(
                        "upgrade %d: %d tunnels and %d clients, the old process was gone %d ms after the new one served,"
                                + " longest gap of a tunnel %d ms%n",
                        i + 1,
                        tunnels,
                        posts,
                        TimeUnit.NANOSECONDS.toMillis(ended - serving),
                        gaps.length == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(gaps[gaps.length - 1]));
            }
            assertThat(rig.get("/metrics").lines())
                    .as("ends that were none")
                    .noneMatch(line -> line.startsWith("baton_http_aborts_total") && !line.endsWith(" 0.0"));
        }
    }

    private void goOn(int streams, int upgrades) throws Exception {
        try (EchoOrigin origin = EchoOrigin.start();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin));
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

    // ---- a new process that dies or hangs ---------------------------------------------------------------------------

    /** It has connections in its hands, and has not said that it takes them: they go on here, with all others. */
    @Test
    void shouldGoOnHereIfTheNewProcessDiesBeforeItAnswers() throws Exception {
        Path launcher = launcher();
        try (EchoOrigin origin = EchoOrigin.start();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin), launcher);
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            List<Client> clients = crowd.join(Speech.LINES, text(rig.address("lines")), 50);
            awaitAnswers(crowd, clients);
            failAt(rig, launcher, "parcels", "die");
            awaitAnswers(crowd, clients);
            mustMove(rig, crowd, clients);
        }
    }

    /** Those that it has said to take end with it; all others go on here. */
    @Test
    @Tag("long")
    void shouldLoseOnlyWhatADeadProcessHadTaken() throws Exception {
        Path launcher = launcher();
        try (EchoOrigin origin = EchoOrigin.start();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin), launcher);
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            List<Client> clients = crowd.join(Speech.LINES, text(rig.address("lines")), 50);
            awaitAnswers(crowd, clients);
            failAt(rig, launcher, "parcel", "die");
            Awaitility.await().atMost(PATIENCE).until(() -> crowd.failures().size() >= FakeProcesses.TAKEN);
            assertThat(crowd.failures()).hasSize(FakeProcesses.TAKEN).allMatch(each -> each.contains("reset"));
            long[] before = Crowd.answers(clients);
            Awaitility.await()
                    .atMost(PATIENCE)
                    .until(() -> Crowd.served(clients, before) == clients.size() - FakeProcesses.TAKEN);
            assertThat(crowd.failures()).hasSize(FakeProcesses.TAKEN);
        }
    }

    /** It lives, holds connections, and says nothing: after some seconds they go on here. */
    @Test
    @Tag("long")
    void shouldTakeBackWhatTheNewProcessDoesNotAnswerFor() throws Exception {
        Path launcher = launcher();
        try (EchoOrigin origin = EchoOrigin.start();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin), launcher);
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            List<Client> clients = crowd.join(Speech.LINES, text(rig.address("lines")), 50);
            awaitAnswers(crowd, clients);
            Files.delete(launcher);
            script(launcher, "exec " + FakeProcesses.java("successor", "parcels", "hang"));
            long hung = rig.upgrade("").getLong("pid");
            rig.first().await(line -> line.contains("does not say whether it takes live connections"));
            awaitAnswers(crowd, clients);
            ProcessHandle.of(hung).orElseThrow().destroyForcibly();
            awaitAnswers(crowd, clients);
        }
    }

    private void failAt(UpgradeRig rig, Path launcher, String step, String how) throws Exception {
        Path real = Files.readSymbolicLink(launcher);
        Files.delete(launcher);
        script(launcher, "exec " + FakeProcesses.java("successor", step, how));
        assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
        rig.first().await(line -> line.startsWith("serving again"));
        Files.delete(launcher);
        Files.createSymbolicLink(launcher, real);
    }

    /** From the listeners that were taken back, too. */
    private static void mustMove(UpgradeRig rig, Crowd crowd, List<Client> clients) throws Exception {
        long serves = rig.object("/v1/status").getLong("pid");
        assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
        UpgradeRig.awaitEnd(serves);
        awaitAnswers(crowd, clients);
    }

    private Path launcher() throws IOException {
        Path link = folder.resolve("baton");
        Files.createSymbolicLink(link, BatonProcess.distribution().resolve("bin/baton"));
        return link;
    }

    private static void script(Path launcher, String script) throws IOException {
        Files.writeString(launcher, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
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
