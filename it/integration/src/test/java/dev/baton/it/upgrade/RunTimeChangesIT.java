package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator has changed about the listeners of a real process outlives its upgrades, or is said to end. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunTimeChangesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final byte[] REQUEST =
            "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    @TempDir
    private Path folder;

    private String yaml(CountingOrigin origin, String listeners, String services) {
        return """
                version: 1
                loops: 2
                grace: 5s
                admin: { listen: "127.0.0.1:0" }
                listeners:
                %s
                services:
                  shop: { type: http, upstream: app }
                %s
                upstreams:
                  app: { servers: ["%s"] }
                """.formatted(listeners, services, origin.address());
    }

    private static void served(SocketAddress address) throws InterruptedException {
        try (Load load = new Load()) {
            load.start(1, address, false);
            Awaitility.await().atMost(PATIENCE).until(() -> load.answered() > 2);
            assertThat(load.failures()).isEmpty();
        }
    }

    private static boolean refuses(InetSocketAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(address, 10_000);
            return false;
        } catch (IOException refused) {
            return true;
        }
    }

    private static InetSocketAddress address(String text) {
        int colon = text.lastIndexOf(':');
        return new InetSocketAddress(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
    }

    private static JsonObject listener(UpgradeRig rig, String name) throws Exception {
        return rig.rows("/v1/listeners").stream()
                .map(JsonObject.class::cast)
                .filter(each -> each.getString("name").equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no listener " + name));
    }

    private static String add(UpgradeRig rig, String name, String bind, String service) throws Exception {
        JsonObject result = rig.post(
                "/v1/listeners",
                new JsonObject()
                        .put("name", name)
                        .put("bind", bind)
                        .put("service", service)
                        .encode());
        assertThat(result.getString("outcome")).as(result.encode()).isEqualTo("added");
        return listener(rig, name).getString("address");
    }

    @Test
    void shouldKeepWhatAnOperatorChangedThroughUpgrades() throws Exception {
        String web = "  web: { bind: \"127.0.0.1:0\", service: shop }\n";
        String gone =
                "  gone: { bind: \"127.0.0.1:0\", service: shop }\n  cut: { bind: \"127.0.0.1:0\", service: shop }\n";
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig =
                        new UpgradeRig(folder, yaml(origin, web + gone, "  old: { type: http, upstream: app }"))) {
            SocketAddress file = UnixDomainSocketAddress.of(folder.resolve("extra.sock"));
            InetSocketAddress extra = address(add(rig, "extra", "127.0.0.1:0", "shop"));
            add(rig, "file", "unix:" + folder + "/extra.sock", "shop");
            InetSocketAddress doomed = address(add(rig, "doomed", "127.0.0.1:0", "old"));
            assertThat(rig.post("/v1/listeners/web/suspend").getString("outcome"))
                    .isEqualTo("paused");
            assertThat(rig.post("/v1/listeners/extra/suspend").getString("outcome"))
                    .isEqualTo("paused");
            assertThat(rig.ask("listener", "remove", "gone").code()).isZero();
            assertThat(rig.post("/v1/listeners/cut/unbind").getString("outcome"))
                    .isEqualTo("unbound");

            Files.writeString(folder.resolve("baton.yaml"), yaml(origin, web + gone, ""));
            long old = rig.pid();
            JsonObject report = rig.upgrade("");
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
            assertThat(report.getString("detail").lines())
                    .contains(
                            "process " + rig.pid() + " serves, process " + old + " drains",
                            "listener web stays suspended",
                            "listener extra stays suspended",
                            "listener extra (127.0.0.1:" + extra.getPort()
                                    + ") continues: it was added at run time, the configuration does not have it")
                    .anyMatch(line -> line.startsWith("listener gone is bound again on 127.0.0.1:"))
                    .anyMatch(line -> line.startsWith("listener cut is bound again on 127.0.0.1:"))
                    .anyMatch(line -> line.startsWith("listener file (unix:") && line.contains(") continues"))
                    .anyMatch(line -> line.startsWith("listener doomed (127.0.0.1:" + doomed.getPort() + ") is closed")
                            && line.contains("old"));
            UpgradeRig.awaitEnd(old);

            served(file);
            assertThat(refuses(doomed)).isTrue();
            for (String name : new String[] {"web", "extra"}) {
                assertThat(listener(rig, name).getString("state")).isEqualTo("suspended");
            }
            Outcome table = rig.ask("listeners");
            assertThat(table.text()).containsPattern("web\\s.*suspended").containsPattern("file\\s.*ready");
            // It queues in the kernel, in the new process's socket; and is answered once that is resumed.
            InetSocketAddress suspended = rig.address("web");
            try (Socket client = new Socket()) {
                client.connect(suspended, 10_000);
                client.getOutputStream().write(REQUEST);
                client.setSoTimeout(500);
                assertThatExceptionOfType(SocketTimeoutException.class)
                        .isThrownBy(() -> client.getInputStream().read());
                assertThat(listener(rig, "web").getLong("accepted")).isZero();
                assertThat(rig.post("/v1/listeners/web/resume").getString("outcome"))
                        .isEqualTo("resumed");
                client.setSoTimeout((int) PATIENCE.toMillis());
                assertThat(new String(client.getInputStream().readNBytes(15), StandardCharsets.ISO_8859_1))
                        .isEqualTo("HTTP/1.1 200 OK");
            }
            assertThat(rig.post("/v1/listeners/extra/resume").getString("outcome"))
                    .isEqualTo("resumed");
            served(extra);

            // What was carried over once is so again; and one that the file has by now is the file's.
            Files.writeString(
                    folder.resolve("baton.yaml"),
                    yaml(
                            origin,
                            web + "  now-mine: { bind: \"unix:" + folder + "/extra.sock\", service: shop }\n",
                            ""));
            long first = rig.pid();
            JsonObject second = rig.upgrade("");
            UpgradeRig.awaitEnd(first);
            assertThat(second.getString("detail").lines())
                    .contains("listener extra (127.0.0.1:" + extra.getPort()
                            + ") continues: it was added at run time, the configuration does not have it")
                    .anyMatch(line -> line.startsWith("no longer in the configuration: gone ("))
                    .noneMatch(line -> line.contains("suspended") || line.contains("extra.sock"));
            assertThat(rig.rows("/v1/listeners").stream().map(each -> ((JsonObject) each).getString("name")))
                    .containsExactly("extra", "now-mine", "web");
            served(extra);
            served(file);
            served(suspended);
            long last = rig.pid();
            assertThat(rig.ask("stop").code()).isZero();
            UpgradeRig.awaitEnd(last);
            assertThat(folder.resolve("extra.sock")).doesNotExist();
            assertThat(refuses(extra)).isTrue();
        }
    }

    /**
     * R49, and the moment between: what comes with the sockets is checked as if somebody had typed it, and what is
     * suspended and resumed in the old process after it has sent its sockets is so in the new one.
     */
    @Tag("long")
    @Test
    void shouldBelieveNothingThatComesWithTheSocketsAndFollowLateChanges() throws Exception {
        Path out = folder.resolve("out");
        try (CountingOrigin origin = new CountingOrigin()) {
            String listeners = "  web: { bind: \"127.0.0.1:PORT\", service: shop }\n  file: { bind: \"unix:" + folder
                    + "/web.sock\", service: shop }\n";
            Files.writeString(folder.resolve("baton.yaml"), yaml(origin, listeners, ""));
            String launcher = BatonProcess.distribution().resolve("bin/baton").toString();
            Process old = new ProcessBuilder(
                            "/bin/sh", "-c", "exec " + FakeProcesses.java("predecessor", "changed", launcher, "run"))
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(out.toFile())
                    .start();
            long next = -1;
            try {
                next = Long.parseLong(said(out, "pid (\\d+)"));
                said(out, "(ready in)");
                String admin = said(out, "admin on (\\S+)");
                Awaitility.await()
                        .atMost(PATIENCE)
                        .until(() -> BatonProcess.run(folder, "listeners", "--admin", admin)
                                .text()
                                .matches("(?s).*extra\\s[^\\n]*ready.*web\\s[^\\n]*suspended.*"));
                served(address(said(out, "fake extra on (\\S+);")));
                for (String name : new String[] {"liar", "garbage", "alias", "bogus", "file"}) {
                    InetSocketAddress its = address(said(out, "fake " + name + " on (\\S+);"));
                    Awaitility.await().atMost(PATIENCE).until(() -> refuses(its));
                    said(
                            out,
                            "note: listener " + name + " \\(127.0.0.1:" + its.getPort()
                                    + "\\) is closed: it was added at run time and cannot stay: (\\S+)");
                }
                assertThat(Files.readString(out))
                        .contains(
                                "note: listener file is bound again on unix:", "note: listener extra stays suspended");
                served(UnixDomainSocketAddress.of(folder.resolve("web.sock")));
                assertThat(BatonProcess.run(folder, "stop", "--admin", admin).code())
                        .isZero();
            } finally {
                old.destroyForcibly();
                ProcessHandle.of(next).ifPresent(ProcessHandle::destroyForcibly);
            }
        }
    }

    /** The new process would get a socket that hears of no new connection any more, or find its address taken. */
    @Tag("long")
    @Test
    void shouldNotUpgradeWhileAListenerIsBeingUnbound() throws Exception {
        Path path = folder.resolve("tiny.sock");
        UnixDomainSocketAddress tiny = UnixDomainSocketAddress.of(path);
        String listeners = "  tiny: { bind: \"unix:" + path + "\", service: shop, max-connections: 1 }\n";
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, yaml(origin, listeners, ""));
                SocketChannel served = SocketChannel.open(tiny)) {
            Awaitility.await()
                    .atMost(PATIENCE)
                    .until(() -> listener(rig, "tiny").getInteger("connections") == 1);
            try (SocketChannel waits = SocketChannel.open(tiny)) {
                CompletableFuture<Outcome> unbind = CompletableFuture.supplyAsync(() -> {
                    try {
                        return rig.ask("listener", "unbind", "tiny", "--strategy", "drain-backlog", "--grace", "30s");
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
                Awaitility.await().atMost(PATIENCE).until(() -> refuses(tiny));
                JsonObject refused = rig.upgrade("");
                assertThat(refused.getBoolean("upgraded")).isFalse();
                assertThat(refused.getString("detail"))
                        .isEqualTo("listener tiny is being unbound: try again after that");
                assertThat(waits.isConnected()).isTrue();
                served.close();
                waits.close();
                Outcome ended = unbind.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                assertThat(ended.code()).as(ended.text()).isZero();
            }
            rig.upgradeWhole();
            served(tiny);
        }
    }

    private static boolean refuses(UnixDomainSocketAddress address) throws IOException {
        try (SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.configureBlocking(false);
            socket.connect(address);
            return false;
        } catch (SocketException refused) {
            return true;
        }
    }

    private static String said(Path out, String wanted) {
        Matcher[] found = {Pattern.compile(wanted).matcher("")};
        Awaitility.await(wanted).atMost(PATIENCE).until(() -> {
            found[0] = Pattern.compile(wanted).matcher(Files.readString(out));
            return found[0].find();
        });
        return found[0].group(1);
    }
}
