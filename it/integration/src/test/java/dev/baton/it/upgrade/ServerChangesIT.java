package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.it.dns.ScriptedDns;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers of a real process that come, go and are drained under load, by command, and through upgrades. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ServerChangesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private static String yaml(CountingOrigin origin) {
        return """
                version: 1
                loops: 2
                grace: 5s
                admin: { listen: "127.0.0.1:0" }
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(origin.address());
    }

    private static void change(UpgradeRig rig, String expected, String... action) throws Exception {
        String[] command = new String[action.length + 2];
        command[0] = "upstream";
        command[1] = "app";
        System.arraycopy(action, 0, command, 2, action.length);
        Outcome outcome = rig.ask(command);
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text()).contains("app " + action[1] + " " + expected + ": ");
    }

    /** Address, state and weight of each server. */
    private static List<String> servers(UpgradeRig rig) throws Exception {
        JsonArray servers = rig.rows("/v1/upstreams").getJsonObject(0).getJsonArray("servers");
        return servers.stream()
                .map(JsonObject.class::cast)
                .map(each -> each.getString("server") + " " + each.getString("state") + " " + each.getInteger("weight"))
                .toList();
    }

    @Test
    void shouldChangeServersUnderLoadAndKeepThatThroughUpgrades() throws Exception {
        try (CountingOrigin first = new CountingOrigin();
                CountingOrigin second = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(first));
                Load load = new Load()) {
            load.start(2, rig.address("web"), true);
            load.start(1, rig.address("web"), false);
            String a = first.address();
            String b = second.address();
            change(rig, "added", "add", b, "2");
            Awaitility.await().atMost(PATIENCE).until(() -> second.requests() > 10);
            change(rig, "changed", "maintenance", a);
            // What was in flight may come, nothing else.
            Awaitility.await().atMost(PATIENCE).until(() -> first.open() == 0);
            int requests = first.requests();
            int accepted = first.accepted();
            change(rig, "changed", "weight", b, "5");
            Outcome unknown = rig.ask("upstream", "ap", "drain", a);
            assertThat(unknown.code()).isEqualTo(1);
            assertThat(unknown.text()).contains("no upstream 'ap'; did you mean 'app'?");
            Outcome table = rig.ask("upstreams");
            assertThat(table.text()).containsPattern("app +round-robin +" + a + " +maintenance +1 ");

            JsonObject report = upgradeWhole(rig);
            assertThat(report.getString("detail"))
                    .contains("upstream app: server " + a + " stays as it was set at run time: maintenance, weight 1")
                    .contains("upstream app: server " + b + " continues: it was added at run time");
            assertThat(servers(rig)).containsExactly(a + " maintenance 1", b + " ready 5");
            assertThat(first.requests()).isEqualTo(requests);
            assertThat(first.accepted()).isEqualTo(accepted);

            assertThat(rig.post("/v1/upstreams/app/servers/remove?server=" + a).getString("outcome"))
                    .isEqualTo("removed");
            report = upgradeWhole(rig);
            assertThat(report.getString("detail")).contains("upstream app: server " + a + " stays removed");
            assertThat(servers(rig)).containsExactly(b + " ready 5");
            assertThat(rig.post("/v1/upstreams/app/servers/add?server=" + a).getString("outcome"))
                    .isEqualTo("added");
            Awaitility.await().atMost(PATIENCE).until(() -> first.requests() > requests);
            assertThat(load.failures()).isEmpty();
        }
    }

    /** DNS of the test's own; requests that come before its first answer wait for it. */
    @Tag("long")
    @Test
    void shouldFollowTheServersOfAServiceAndKeepWhatIsDoneToThemThroughAnUpgrade() throws Exception {
        try (CountingOrigin first = new CountingOrigin();
                CountingOrigin second = new CountingOrigin();
                ScriptedDns dns = new ScriptedDns()) {
            String a = "one.shop.test:" + port(first);
            String b = "two.shop.test:" + port(second);
            dns.is("one.shop.test", 300, "127.0.0.1");
            dns.is("two.shop.test", 300, "127.0.0.1");
            dns.serves("_http._tcp.shop.test", 1, record(first, 0, "one"));
            String yaml = yaml(first)
                            .replace(first.address(), "srv:_http._tcp.shop.test")
                            .replace("] } }", "], check: { type: tcp, interval: 100ms } } }")
                    + "resolver: { servers: [\"127.0.0.1:" + dns.address().getPort() + "\"] }\n";
            try (UpgradeRig rig = new UpgradeRig(folder, yaml);
                    Load load = new Load()) {
                load.start(2, rig.address("web"), true);
                Awaitility.await().atMost(PATIENCE).until(() -> first.requests() > 10);
                assertThat(servers(rig)).containsExactly(a + " ready 1");
                dns.serves("_http._tcp.shop.test", 1, record(first, 0, "one"), record(second, 0, "two"));
                Awaitility.await().atMost(PATIENCE).until(() -> second.requests() > 10);
                change(rig, "changed", "drain", b);
                change(rig, "changed", "weight", a, "7");
                Outcome wrong = rig.ask("upstream", "app", "drain", "srv:_http._tcp.shop.test");
                assertThat(wrong.code()).isEqualTo(1);
                assertThat(wrong.text()).contains("it stands for the servers that this name has");
                Awaitility.await().atMost(PATIENCE).until(() -> second.open() == 0);
                int requests = second.requests();

                JsonObject report = upgradeWhole(rig);
                assertThat(report.getString("detail")).contains("upstream app: server " + b);
                Awaitility.await().atMost(PATIENCE).until(() -> servers(rig).size() == 2);
                assertThat(servers(rig)).containsExactlyInAnyOrder(a + " ready 7", b + " drain 1");
                assertThat(second.requests()).isEqualTo(requests);
                dns.serves("_http._tcp.shop.test", 300, record(first, 9, "one"), record(second, 5, "two"));
                change(rig, "changed", "ready", b);
                Awaitility.await().atMost(PATIENCE).until(() -> second.requests() > requests + 10);

                // The new process has no time to find out by itself that a server is down.
                change(rig, "changed", "drain", b);
                Awaitility.await().atMost(PATIENCE).until(() -> second.open() == 0);
                second.close();
                Awaitility.await().atMost(PATIENCE).until(() -> healths(rig).contains(b + " down"));
                change(rig, "changed", "ready", b);
                Files.writeString(folder.resolve("baton.yaml"), yaml.replace("interval: 100ms", "interval: 1h"));
                upgradeWhole(rig);
                Awaitility.await().atMost(PATIENCE).until(() -> servers(rig).size() == 2);
                assertThat(healths(rig)).contains(b + " down");
                assertThat(load.failures()).isEmpty();
            }
        }
    }

    private static List<String> healths(UpgradeRig rig) throws Exception {
        JsonArray servers = rig.rows("/v1/upstreams").getJsonObject(0).getJsonArray("servers");
        return servers.stream()
                .map(JsonObject.class::cast)
                .map(each -> each.getString("server") + " " + each.getString("health"))
                .toList();
    }

    private static String port(CountingOrigin origin) {
        return origin.address().substring(origin.address().lastIndexOf(':') + 1);
    }

    private static String record(CountingOrigin origin, int priority, String host) {
        return priority + " 1 " + port(origin) + " " + host + ".shop.test";
    }

    /** The old process ends: a connection to it that is kept would be answered by it. */
    private static JsonObject upgradeWhole(UpgradeRig rig) throws Exception {
        long old = rig.pid();
        JsonObject report = rig.upgrade("");
        UpgradeRig.awaitEnd(old);
        return report;
    }
}
