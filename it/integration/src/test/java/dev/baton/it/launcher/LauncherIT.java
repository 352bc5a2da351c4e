package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The launcher as its user meets it: a process, its output, its signals, its exit codes. The demo is
 * {@link ReadmeIT}'s.
 */
@Timeout(120)
class LauncherIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String SHOP = """
            version: 1
            loops: 2
            grace: 30s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop }
              origin: { bind: "127.0.0.1:0", service: page }
            services:
              shop: { type: http, upstream: app }
              page: { type: http, routes: [ { handler: { type: demo-origin, max-delay: 60s, timeout: 2m } } ] }
            upstreams:
              app: { servers: ["listener:origin"] }
            """;

    @TempDir
    Path folder;

    private BatonProcess baton;

    @AfterEach
    void end() {
        if (baton != null) {
            baton.close();
        }
    }

    private void serve() throws Exception {
        baton = BatonProcess.serve(folder, SHOP);
    }

    /** A command for the server that runs. */
    private Outcome ask(String... arguments) throws Exception {
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--admin";
        all[arguments.length + 1] = baton.admin();
        return Commands.run(all);
    }

    private void awaitConnections(String listener, int count) {
        await().atMost(PATIENCE).until(() -> {
            JsonArray rows =
                    new JsonArray(Client.get(baton.admin(), "/v1/listeners").body());
            return rows.stream()
                    .map(JsonObject.class::cast)
                    .anyMatch(row -> row.getString("name").equals(listener) && row.getInteger("connections") == count);
        });
    }

    // ---- start ----------------------------------------------------------------------------------------------------

    @Test
    void shouldSayWhatItStartsAndServe() throws Exception {
        serve();
        assertThat(baton.text().lines().map(line -> line.substring(0, line.indexOf(' '))))
                .as(baton.text())
                .containsExactly(
                        "baton",
                        "configuration",
                        "plugins",
                        "poller",
                        "loops",
                        "listener",
                        "listener",
                        "admin",
                        "ready");
        assertThat(baton.text())
                .contains("pid " + baton.pid())
                .contains("configuration baton.yaml (found in this folder)")
                .contains("poller epoll (not poll: ");
        assertThat(Client.get(baton.listener("web"), "/").body()).contains("<h1>page</h1>");
        assertThat(Client.get(baton.listener("web"), "/bytes/100000").body()).hasSize(100_000);
        assertThat(Client.post(baton.listener("web"), "/echo", "hello").body()).isEqualTo("hello");
        assertThat(Client.get(baton.admin(), "/ready").statusCode()).isEqualTo(200);
    }

    @Test
    void shouldUseThePollerThatIsAskedFor() throws Exception {
        baton = BatonProcess.serve(folder, SHOP.replace("loops: 2", "loops: 2\npoller: poll"));
        assertThat(baton.text()).contains("poller poll (not epoll: the configuration asks for poll)");
        assertThat(Client.get(baton.listener("web"), "/").body()).contains("<h1>page</h1>");
    }

    // ---- wrong input ------------------------------------------------------------------------------------------------

    private static final String BROKEN = """
            version: 1
            lops: 2
            listeners:
              web: { bind: "127.0.0.1:0", service: shp }
            services:
              shop: { type: htp, upstream: app }
            upstreams:
              app: { servers: ["127.0.0.1:1"], connect-timeout: 2 }
            """;

    @ParameterizedTest
    @ValueSource(strings = {"check", "run"})
    void shouldPrintEveryErrorOfAFileAtOnce(String command) throws Exception {
        Files.writeString(folder.resolve("broken.yaml"), BROKEN);
        Outcome outcome = BatonProcess.run(folder, command, "-c", "broken.yaml");
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(78);
        assertThat(outcome.text())
                .contains("broken.yaml:2:1: ")
                .contains("did you mean 'loops'")
                .contains("broken.yaml:4:40: ")
                .contains("did you mean 'shop'")
                .contains("broken.yaml:6:17: ")
                .contains("did you mean 'http'")
                .contains("broken.yaml:8:");
    }

    @Test
    void shouldCheckTheLimitsOfRequests() throws Exception {
        Files.writeString(folder.resolve("limits.yaml"), """
                version: 1
                services:
                  a: { type: http, upstream: app, body-limit: 10MB, first-request-timeout: 10, min-rate: 240B }
                  b: { type: http, upstream: app, rate-grace: 1ms }
                  c: { type: http, routes: [ { connect: true, respond: { status: 200 } } ] }
                  e: { type: http, upstream: app, body-limit: 10MiB, first-request-timeout: 5s, min-rate: 0B/s,
                       rate-grace: 5s }
                upstreams:
                  app: { servers: ["127.0.0.1:1"] }
                """);
        Outcome check = BatonProcess.run(folder, "check", "-c", "limits.yaml");
        assertThat(check.code()).as(check.text()).isEqualTo(78);
        assertThat(check.text().lines().filter(line -> line.startsWith("limits.yaml:")))
                .satisfiesExactlyInAnyOrder(
                        line -> assertThat(line).contains("services.a.body-limit: unknown unit 'MB'"),
                        line -> assertThat(line).contains("services.a.first-request-timeout: '10' has no unit"),
                        line -> assertThat(line).contains("services.a.min-rate: expected a rate such as 240B/s"),
                        line -> assertThat(line).contains("services.b.rate-grace: 1ms is outside 10ms to 1h"),
                        line -> assertThat(line).contains("services.c.routes[0].connect: servers answer a CONNECT"));
    }

    @Test
    void shouldCheckWithoutBinding() throws Exception {
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String bind = "127.0.0.1:" + busy.getLocalPort();
            Files.writeString(
                    folder.resolve("baton.yaml"),
                    SHOP.replace("web: { bind: \"127.0.0.1:0\"", "web: { bind: \"" + bind + "\""));
            Outcome check = BatonProcess.run(folder, "check");
            assertThat(check.code()).as(check.text()).isZero();
            assertThat(check.text()).contains("baton.yaml is fine");
            Outcome run = BatonProcess.run(folder, "run");
            assertThat(run.code()).as(run.text()).isEqualTo(3);
            assertThat(run.text()).contains("cannot bind tcp " + bind + ": EADDRINUSE");
        }
    }

    @Test
    void shouldAnswer3IfTheAdminAddressCannotBeBound() throws Exception {
        try (ServerSocket busy = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Files.writeString(
                    folder.resolve("baton.yaml"),
                    SHOP.replace("listen: \"127.0.0.1:0\"", "listen: \"127.0.0.1:" + busy.getLocalPort() + "\""));
            Outcome run = BatonProcess.run(folder, "run");
            assertThat(run.code()).as(run.text()).isEqualTo(3);
            assertThat(run.text()).contains("cannot bind admin 127.0.0.1:" + busy.getLocalPort() + ": EADDRINUSE");
        }
    }

    @Test
    void shouldAnswer78ForAFileThatIsNotThere() throws Exception {
        Outcome outcome = BatonProcess.run(folder, "run", "-c", "nowhere.yaml");
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(78);
        assertThat(outcome.text()).contains("cannot read nowhere.yaml: there is no such file");
        Files.writeString(folder.resolve("arguments"), "nowhere.yaml");
        for (List<String> form : List.of(List.of("--config=nowhere.yaml"), List.of("-c", "@arguments"))) {
            List<String> line = new ArrayList<>(List.of("run"));
            line.addAll(form);
            Outcome other = BatonProcess.run(folder, line.toArray(String[]::new));
            assertThat(other.code()).isEqualTo(78);
            assertThat(other.text())
                    .as("run -c FILE is read without picocli, and in the same way: " + line)
                    .endsWith("cannot read nowhere.yaml: there is no such file");
        }
    }

    @Test
    void shouldAnswer2ForAWrongCommandLine() throws Exception {
        assertThat(BatonProcess.run(folder, "rum").code()).isEqualTo(2);
        for (String[] wrong : new String[][] {
            {},
            {"rum"},
            {"run", "--no"},
            {"run", "-c"},
            {"run", "more"},
            {"listener"},
            {"stop", "--grace", "soon"},
            {"stop", "--grace", "25h"},
            {"loops", "retire", "-1"}
        }) {
            Outcome outcome = Commands.run(wrong);
            assertThat(outcome.code()).as(outcome.text()).isEqualTo(2);
            assertThat(outcome.text()).containsAnyOf("Usage: baton", "Did you mean: baton run?");
        }
    }

    @Test
    void shouldAnswer1IfNobodyIsAsked() throws Exception {
        int port;
        try (ServerSocket unused = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = unused.getLocalPort();
        }
        Outcome outcome = Commands.run("status", "--admin", "127.0.0.1:" + port);
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(1);
        assertThat(outcome.text()).contains("nothing answers at 127.0.0.1:" + port);
    }

    @Test
    void shouldAnswer2ToAnAdminAddressThatIsNone() throws Exception {
        for (String wrong :
                List.of("nonsense", "127.0.0.1:0", "127.0.0.1:99999", "http://127.0.0.1:9901", "::1:9901")) {
            Outcome outcome = Commands.run("status", "--admin", wrong);
            assertThat(outcome.code()).as(outcome.text()).isEqualTo(2);
            assertThat(outcome.text()).contains("'--admin'", "'" + wrong + "'").doesNotContain("Exception");
        }
    }

    @Test
    void shouldNotTakeAFolderForAConfiguration() throws Exception {
        Outcome outcome = BatonProcess.run(folder, "check", "-c", folder.toString());
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(78);
        assertThat(outcome.text().strip()).isEqualTo("cannot read " + folder + ": it is a folder");
    }

    @Test
    void shouldHelp() throws Exception {
        Outcome help = BatonProcess.run(folder, "--help");
        assertThat(help.code()).isZero();
        assertThat(help.text())
                .contains("  run ", "  check ", "  plugins ", "  status ", "  loops ", "  fds ", "  orphans ")
                .contains("  listeners ", "  pools ", "  listener ", "  stop ");
        assertThat(Commands.run("stop", "--help").text()).contains("--grace", "--now", "--admin");
        assertThat(BatonProcess.run(folder, "--version").text())
                .startsWith("baton ")
                .contains("JDK ");
    }

    // ---- looking and steering
    // -----------------------------------------------------------------------------------------

    @Test
    void shouldShowTablesAndJson() throws Exception {
        serve();
        Client.get(baton.listener("web"), "/");
        assertThat(ask("status").text()).contains("state").contains("ready").contains("epoll");
        assertThat(new JsonObject(ask("status", "--json").text()).getLong("pid"))
                .isEqualTo(baton.pid());
        assertThat(ask("loops").text()).contains("THREAD").contains("baton-loop-0");
        assertThat(ask("fds").text())
                .contains("GENERATION")
                .contains("listener")
                .contains("shared");
        assertThat(ask("orphans").text()).isEqualTo("no orphans");
        assertThat(ask("listeners").text()).contains("web").contains(baton.listener("web"));
        JsonObject pool = new JsonArray(ask("pools", "--json").text()).getJsonObject(0);
        assertThat(pool.getString("upstream")).isEqualTo("app");
        assertThat(pool.getInteger("connects")).isEqualTo(1);
        assertThat(BatonProcess.run(folder, "plugins").text()).contains("http").contains("poller epoll");
    }

    @Test
    void shouldSuspendResumeAndUnbindAListener() throws Exception {
        serve();
        String web = baton.listener("web");
        Outcome suspended = ask("listener", "suspend", "web");
        assertThat(suspended.code()).as(suspended.text()).isZero();
        assertThat(suspended.text()).startsWith("web paused: ");
        assertThat(ask("listener", "resume", "web").text()).startsWith("web resumed: ");
        assertThat(Client.get(web, "/").statusCode()).isEqualTo(200);
        Outcome unbound = ask("listener", "unbind", "web", "--grace", "5s");
        assertThat(unbound.code()).as(unbound.text()).isZero();
        assertThat(unbound.text()).contains("web unbound: ");
        try (ServerSocket again = new ServerSocket()) {
            int port = Integer.parseInt(web.substring(web.lastIndexOf(':') + 1));
            again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }
        Outcome resumed = ask("listener", "resume", "web");
        assertThat(resumed.code()).as(resumed.text()).isEqualTo(1);
        assertThat(resumed.text()).contains("stopped");
        Outcome wrong = ask("listener", "suspend", "wep");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.text()).contains("no listener \"wep\"").contains("did you mean web?");
    }

    // ---- the end --------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void shouldFinishWhatIsInFlight(String signal) throws Exception {
        serve();
        String half = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello";
        try (Client client = Client.connect(baton.listener("web")).send(half);
                Client idle = Client.connect(baton.listener("web"))) {
            awaitConnections("origin", 1);
            awaitConnections("web", 2);
            baton.signal(signal);
            baton.await(line -> line.startsWith("draining: "));
            assertThat(Client.get(baton.admin(), "/ready").statusCode()).isEqualTo(503);
            assertThat(idle.rest()).as("has nothing to wait for").isEmpty();
            assertThat(client.send("world").rest())
                    .as("whole, and the end of its connection")
                    .startsWith("HTTP/1.1 200 OK")
                    .contains("hello")
                    .contains("world");
        }
        Outcome outcome = baton.outcome();
        assertThat(outcome.code()).as(outcome.text()).isZero();
        assertThat(outcome.text())
                .containsPattern("draining: \\d connections?, \\d+ s left")
                .contains(", 0 cut");
    }

    @Test
    void shouldCutAtASecondSignal() throws Exception {
        serve();
        try (Client client = Client.connect(baton.listener("web")).ask("/delay/60000")) {
            awaitConnections("origin", 1);
            baton.signal("TERM");
            baton.await(line -> line.startsWith("draining: "));
            baton.signal("TERM");
            assertThat(client.rest()).doesNotContain("200 OK");
        }
        Outcome outcome = baton.outcome();
        assertThat(outcome.code()).as(outcome.text()).isEqualTo(4);
        assertThat(outcome.text()).containsPattern("stopped: \\d+ connections? ended, [12] cut");
    }

    @Test
    void shouldCutWhenTheGraceTimeIsOver() throws Exception {
        serve();
        try (Client client = Client.connect(baton.listener("web")).ask("/delay/60000")) {
            awaitConnections("origin", 1);
            Outcome stop = ask("stop", "--grace", "4s");
            assertThat(stop.code()).as(stop.text()).isEqualTo(4);
            assertThat(stop.text())
                    .containsPattern("draining: \\d connections?, \\d s left")
                    .contains("cut");
            assertThat(client.rest()).doesNotContain("200 OK");
        }
        assertThat(baton.outcome().code()).isEqualTo(4);
    }

    @Test
    void shouldCutAtOnceIfAskedTo() throws Exception {
        serve();
        try (Client client = Client.connect(baton.listener("web")).ask("/delay/60000")) {
            awaitConnections("origin", 1);
            assertThat(ask("stop", "--now").code()).isEqualTo(4);
            assertThat(client.rest()).doesNotContain("200 OK");
        }
        assertThat(baton.outcome().code()).isEqualTo(4);
    }

    @Tag("long")
    @Test
    void shouldStopWithNothingToDo() throws Exception {
        serve();
        Client.get(baton.listener("web"), "/");
        Outcome stop = BatonProcess.run(folder, "stop", "--admin", baton.admin());
        assertThat(stop.code()).as(stop.text()).isZero();
        assertThat(baton.isAlive()).as("stop waits for the end").isFalse();
        assertThat(baton.outcome().code()).isZero();
    }

    @Test
    void shouldAddAndRemoveListenersWhileItRuns() throws Exception {
        serve();
        Path path = folder.resolve("shop.sock");
        Outcome added = ask(
                "listener",
                "add",
                "more",
                "--bind",
                "127.0.0.1:0",
                "--service",
                "shop",
                "--max-connections",
                "5",
                "--loops",
                "0,1",
                "--balance",
                "least-loaded");
        assertThat(added.code()).as(added.text()).isZero();
        assertThat(added.text()).startsWith("more added: listens on 127.0.0.1:").contains("(http shop)");
        String address = added.text().replaceAll("(?s).* on (\\S+) .*", "$1");
        assertThat(Client.get(address, "/").body()).contains("<h1>page</h1>");
        Outcome unix = ask(
                "listener",
                "add",
                "local",
                "--bind",
                "unix:" + path,
                "--service",
                "shop",
                "--mode",
                "0600",
                "--unbind",
                "drain-backlog");
        assertThat(unix.code()).as(unix.text()).isZero();
        assertThat(Files.getPosixFilePermissions(path)).hasSize(2);
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            client.write(StandardCharsets.US_ASCII.encode("GET / HTTP/1.0\r\n\r\n"));
            ByteBuffer answer = ByteBuffer.allocate(10_000);
            while (client.read(answer) >= 0) {}
            assertThat(new String(answer.array(), 0, answer.position(), StandardCharsets.UTF_8))
                    .contains("<h1>page</h1>");
        }

        Outcome again = ask("listener", "add", "more", "--bind", "127.0.0.1:0", "--service", "shop");
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.text()).contains("there is a listener of this name already");
        Outcome wrong =
                ask("listener", "add", "third", "--bind", "127.0.0.1:0", "--service", "shoop", "--mode", "0600");
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.text()).contains("there is no service 'shoop'").contains("mode, user and group");
        Outcome taken = ask("listener", "add", "third", "--bind", address, "--service", "shop");
        assertThat(taken.code()).isEqualTo(1);
        assertThat(taken.text()).contains("EADDRINUSE");

        Outcome removed = ask("listener", "remove", "local", "--grace", "5s");
        assertThat(removed.code()).as(removed.text()).isZero();
        assertThat(removed.text()).startsWith("local unbound: ");
        assertThat(path).doesNotExist();
        Outcome unbound = ask("listener", "unbind", "more", "--strategy", "at-once");
        assertThat(unbound.code()).as(unbound.text()).isZero();
        assertThat(ask("listeners").text()).contains("more").doesNotContain("local");
        assertThat(ask("listener", "remove", "more").code()).isZero();
        assertThat(ask("listener", "add", "more", "--bind", address, "--service", "shop")
                        .code())
                .isZero();
    }
}
