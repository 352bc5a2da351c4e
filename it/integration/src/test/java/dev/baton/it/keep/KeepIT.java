package dev.baton.it.keep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.upgrade.Load;
import dev.baton.it.upgrade.PidNamespace;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code baton run --keep}: a server that is killed comes back with its sockets, and whoever connects waits for it. */
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class KeepIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CLIENTS = 4;

    private static final String YAML = """
            version: 1
            loops: 1
            rescue: { spares: 0 }
            grace: 2s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: demo }
              more: { bind: "127.0.0.1:0", service: demo, sockets: per-loop }
              file: { bind: "unix:SOCKET", service: demo }
            services:
              demo: { type: http, routes: [ { respond: { status: 200, body: "hello" } } ] }
            """;

    @TempDir
    private Path folder;

    private BatonProcess parent;

    private void start() throws Exception {
        start(BatonProcess.distribution().resolve("bin/baton"), YAML);
    }

    private void start(Path launcher, String yaml) throws Exception {
        write(yaml);
        parent = BatonProcess.launch(launcher, folder, "run", "--keep");
        parent.await(line -> line.startsWith("ready in "));
    }

    private void write(String yaml) throws IOException {
        Files.writeString(
                folder.resolve("baton.yaml"),
                yaml.replace("SOCKET", folder.resolve("file.sock").toString()));
    }

    @AfterEach
    void end() {
        if (parent != null) {
            List<ProcessHandle> all = ProcessHandle.of(parent.pid())
                    .map(ProcessHandle::descendants)
                    .orElse(Stream.of())
                    .toList();
            parent.close();
            all.forEach(ProcessHandle::destroyForcibly);
        }
    }

    /** The processes that serve or drain. */
    private List<ProcessHandle> servers() {
        return ProcessHandle.of(parent.pid()).orElseThrow().descendants().toList();
    }

    private long count(String line) {
        return parent.text().lines().filter(each -> each.contains(line)).count();
    }

    private void awaitCount(String line, long count) {
        await(count + " times " + line).atMost(PATIENCE).until(() -> count(line) >= count);
    }

    private void kill() {
        long ready = count("ready in ");
        servers().forEach(ProcessHandle::destroyForcibly);
        awaitCount("ready in ", ready + 1);
    }

    private InetSocketAddress address(String listener) throws Exception {
        return parsed(parent.listener(listener));
    }

    private static InetSocketAddress parsed(String address) {
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /** How many sockets the parent has open. */
    private long sockets() throws IOException {
        return open("socket:");
    }

    /** How many pieces of memory that are fds. */
    private long memories() throws IOException {
        return open("/memfd:");
    }

    private long open(String kind) throws IOException {
        return files(kind).size();
    }

    /** True if a listener stands in one of those. */
    private boolean isKept(String listener) throws IOException {
        for (Path each : files("/memfd:")) {
            if (new String(Files.readAllBytes(each), StandardCharsets.ISO_8859_1).contains(listener)) {
                return true;
            }
        }
        return false;
    }

    private List<Path> files(String kind) throws IOException {
        try (Stream<Path> all = Files.list(Path.of("/proc/" + parent.pid() + "/fd"))) {
            return all.filter(each -> {
                        try {
                            return Files.readSymbolicLink(each).toString().startsWith(kind);
                        } catch (IOException gone) {
                            return false;
                        }
                    })
                    .toList();
        }
    }

    /** Those of the three listeners, and two of its own: one for messages, one of the JVM's. */
    private long kept() {
        long all = 3 + 2;
        await().atMost(PATIENCE).until(() -> sockets() == all);
        return all;
    }

    private String adminNow() {
        List<String> admins = parent.text()
                .lines()
                .filter(line -> line.startsWith("admin on "))
                .toList();
        return admins.get(admins.size() - 1).substring("admin on ".length());
    }

    private Outcome ask(String... command) throws Exception {
        return BatonProcess.run(
                folder,
                Stream.concat(Stream.of(command), Stream.of("--admin", adminNow()))
                        .toArray(String[]::new));
    }

    @Test
    void shouldRefuseNoClientWhenTheServerIsKilledOrUpgraded() throws Exception {
        start();
        long kept = kept();
        assertThat(admin("GET", "/v1/status", "")).contains("\"sockets-kept-by\":\"parent\"");
        try (Load load = new Load()) {
            load.start(CLIENTS, address("web"), false);
            load.start(CLIENTS, address("more"), false);
            load.start(CLIENTS, UnixDomainSocketAddress.of(folder.resolve("file.sock")), false);
            await().atMost(PATIENCE).until(() -> load.answered() > 100);
            assertThat(load.failures()).isEmpty();

            kill();
            long answered = load.answered();
            await().atMost(PATIENCE).until(() -> load.answered() > answered + 100);
            assertThat(load.failures())
                    .as("only those that were being answered")
                    .hasSizeLessThanOrEqualTo(3 * CLIENTS)
                    .noneMatch(failure -> failure.contains("refused"));
            assertThat(parent.text())
                    .contains("ended by signal 9", "3 sockets are kept; it starts again now")
                    .contains("listener file continues on unix:")
                    .contains("listener web continues on 127.0.0.1:"
                            + address("web").getPort());
            int failed = load.failures().size();

            parent.signal("HUP");
            parent.await(line -> line.contains("is the server now"));
            await().atMost(PATIENCE).until(() -> servers().size() == 1);
            long after = load.answered();
            await().atMost(PATIENCE).until(() -> load.answered() > after + 100);
            assertThat(load.failures()).hasSize(failed);
        }
        await("each is held once").atMost(PATIENCE).until(() -> sockets() == kept);

        // An unbound listener leaves: else its clients would wait for ever.
        assertThat(ask("listener", "unbind", "more").text()).contains("more unbound");
        await().atMost(PATIENCE).until(() -> sockets() == kept - 1);
        parent.signal("TERM");
        assertThat(parent.exitCode()).as(parent.text()).isZero();
        assertThat(folder.resolve("file.sock")).doesNotExist();
    }

    /** What an operator has changed outlives a crash, and no client waits for ever at a socket that nobody serves. */
    @Test
    void shouldBringBackWhatAnOperatorHasChanged() throws Exception {
        start();
        InetSocketAddress web = address("web");
        InetSocketAddress later = suspendAndAdd();
        try (SocketChannel waits = SocketChannel.open(web)) {
            kill();
            assertThat(parent.text())
                    .contains("listener web stays suspended")
                    .contains("listener later (127.0.0.1:" + later.getPort() + ") continues: it was added at run time");
            assertThat(now("web").getString("state")).isEqualTo("suspended");
            isServed(later);
            admin("POST", "/v1/listeners/web/resume", "");
            answers(waits);
        }
        admin("DELETE", "/v1/listeners/later", "");
        await("nothing is changed").atMost(PATIENCE).until(() -> memories() == 0);
        assertThat(new ServerSocket(later.getPort(), 1, later.getAddress()))
                .as("its address is free")
                .satisfies(ServerSocket::close);

        // By the same name another listener, which nobody has suspended.
        admin("POST", "/v1/listeners/web/suspend", "");
        admin("POST", "/v1/listeners/file/suspend", "");
        await("what is changed is kept").atMost(PATIENCE).until(() -> isKept("web") && isKept("file"));
        write(YAML.replace("web: { bind: \"127.0.0.1:0\"", "web: { bind: \"127.0.0.2:0\""));
        kill();
        assertThat(now("web").getString("address")).startsWith("127.0.0.2:");
        assertThat(now("web").getString("state")).isEqualTo("ready");
        assertThat(now("file").getString("state")).isEqualTo("suspended");
    }

    /**
     * The process that an upgrade has started says itself what is changed, and of what two have said the newer counts.
     */
    @Tag("long")
    @Test
    void shouldBringBackWhatIsChangedAfterAnUpgrade() throws Exception {
        start();
        InetSocketAddress later = suspendAndAdd();
        parent.signal("HUP");
        parent.await(line -> line.contains("is the server now"));
        await().atMost(PATIENCE).until(() -> servers().size() == 1);
        admin("POST", "/v1/listeners/web/resume", "");
        admin("POST", "/v1/listeners/more/suspend", "");
        await("what is changed is kept").atMost(PATIENCE).until(() -> isKept("more"));
        kill();
        assertThat(now("web").getString("state")).isEqualTo("ready");
        assertThat(now("more").getString("state")).isEqualTo("suspended");
        isServed(later);
        admin("POST", "/v1/listeners/more/resume", "");
        admin("DELETE", "/v1/listeners/later", "");
        await("nothing is changed").atMost(PATIENCE).until(() -> memories() == 0);
        kill();
        assertThat(now("more").getString("state")).isEqualTo("ready");
        assertThat(admin("GET", "/v1/listeners", "")).doesNotContain("later");
    }

    /** Suspends web and adds another listener; answers its address. */
    private InetSocketAddress suspendAndAdd() throws Exception {
        admin("POST", "/v1/listeners/web/suspend", "");
        admin("POST", "/v1/listeners", "{\"name\":\"later\",\"bind\":\"127.0.0.1:0\",\"service\":\"demo\"}");
        await("what is changed is kept").atMost(PATIENCE).until(() -> isKept("later"));
        return parsed(now("later").getString("address"));
    }

    private void isServed(InetSocketAddress address) throws IOException {
        try (SocketChannel client = SocketChannel.open(address)) {
            answers(client);
        }
    }

    private static void answers(SocketChannel client) throws IOException {
        client.write(ByteBuffer.wrap("GET / HTTP/1.0\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
        client.socket().setSoTimeout((int) PATIENCE.toMillis());
        assertThat(new String(client.socket().getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                .startsWith("HTTP/1.")
                .endsWith("hello");
    }

    /** A listener, as the process that serves now shows it. */
    private JsonObject now(String listener) throws Exception {
        return new JsonArray(admin("GET", "/v1/listeners", ""))
                .stream()
                        .map(JsonObject.class::cast)
                        .filter(each -> each.getString("name").equals(listener))
                        .findFirst()
                        .orElseThrow();
    }

    private String admin(String method, String path, String body) throws Exception {
        HttpResponse<String> answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://" + adminNow() + path))
                                .method(method, HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body();
    }

    /** What is changed in the file meanwhile counts at the next start; what no longer has a listener is closed. */
    @Tag("long")
    @Test
    void shouldGiveUpWhatTheNextStartDoesNotTake() throws Exception {
        start();
        InetSocketAddress web = address("web");
        InetSocketAddress more = address("more");
        long kept = kept();
        write(YAML.replace("web: { bind: \"127.0.0.1:0\"", "site: { bind: \"*:" + web.getPort() + "\"")
                .replaceAll("(?m)^  more: .*\n", ""));
        kill();
        assertThat(parent.text())
                .contains("no listener has it")
                .contains("listener site on *:" + web.getPort())
                .contains("listener file continues on");
        try (SocketChannel client = SocketChannel.open(web)) {
            assertThat(client.isConnected()).isTrue();
        }
        assertThat(new ServerSocket(more.getPort(), 1, more.getAddress()))
                .as("its address is free")
                .satisfies(ServerSocket::close);
        await().atMost(PATIENCE).until(() -> sockets() == kept - 1);
        // By another name, and then killed again.
        write(Files.readString(folder.resolve("baton.yaml")).replace("site:", "web:"));
        parent.signal("HUP");
        await().atMost(PATIENCE)
                .until(() -> count("is the server now") == 1 && servers().size() == 1);
        await().atMost(PATIENCE).until(() -> sockets() == kept - 1);
        kill();
        assertThat(parent.text()).contains("listener web continues on *:" + web.getPort());
    }

    @Tag("long")
    @Test
    void shouldWaitLongerAfterEachCrash() throws Exception {
        start();
        kill();
        kill();
        kill();
        assertThat(parent.text().lines().filter(line -> line.contains("it starts again")))
                .extracting(line -> line.replaceAll(".*it starts again ", ""))
                .containsExactly("now", "in 1 s", "in 2 s");
        // While it waits, a signal ends it, or starts the server at once.
        servers().forEach(ProcessHandle::destroyForcibly);
        parent.await(line -> line.endsWith("it starts again in 4 s"));
        parent.signal("HUP");
        parent.await(line -> line.endsWith("HUP: starting the server now"));
        awaitCount("ready in ", 5);
        servers().forEach(ProcessHandle::destroyForcibly);
        parent.await(line -> line.endsWith("it starts again in 8 s"));
        parent.signal("TERM");
        assertThat(parent.exitCode()).isZero();
    }

    @Tag("long")
    @Test
    void shouldEndWithTheServerWhereANewStartWouldBeTheSame() throws Exception {
        start();
        write(YAML + "bogus: 1\n");
        servers().forEach(ProcessHandle::destroyForcibly);
        assertThat(parent.exitCode()).as(parent.text()).isEqualTo(78);
        assertThat(count("started process")).isEqualTo(2);

        // At the first start too, whatever the reason.
        Outcome wrong = BatonProcess.run(folder, "run", "--keep");
        assertThat(wrong.code()).as(wrong.text()).isEqualTo(78);
        Outcome usage = BatonProcess.run(folder, "run", "--keep", "--bogus");
        assertThat(usage.code()).as(usage.text()).isEqualTo(2);
        Outcome dev = BatonProcess.run(folder, "run", "--keep", "--dev", ".");
        assertThat(dev.code()).as(dev.text()).isEqualTo(2);
        assertThat(dev.text()).contains("--keep and --dev are not used together");
    }

    @Tag("long")
    @Test
    void shouldEndWithAServerThatIsStopped() throws Exception {
        start();
        assertThat(ask("stop").code()).isZero();
        assertThat(parent.exitCode()).as(parent.text()).isZero();
        assertThat(count("started process")).isOne();
    }

    /** Else it would hold the addresses that the server of the next parent wants. */
    @Tag("long")
    @Test
    void shouldStopTheServerIfTheParentIsKilled() throws Exception {
        start();
        List<ProcessHandle> servers = servers();
        parent.signal("KILL");
        parent.exitCode();
        await().atMost(PATIENCE).until(() -> servers.stream().noneMatch(ProcessHandle::isAlive));
        assertThat(parent.text()).contains("the process of `baton run --keep` has died: stopping");
    }

    /**
     * An upgrade whose two processes are killed at once, the old one while it drains. Only what an operator has
     * suspended is suspended then, although the old process has suspended all that it gave away.
     */
    @Tag("long")
    @Test
    void shouldStartAgainIfBothProcessesOfAnUpgradeAreKilled() throws Exception {
        start(BatonProcess.distribution().resolve("bin/baton"), YAML.replace("grace: 2s", "grace: 60s"));
        InetSocketAddress web = address("web");
        long kept = kept();
        admin("POST", "/v1/listeners/more/suspend", "");
        await("what is changed is kept").atMost(PATIENCE).until(() -> isKept("more"));
        try (SocketChannel held = SocketChannel.open(web)) {
            held.write(ByteBuffer.wrap(
                    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            parent.signal("HUP");
            parent.await(line -> line.contains("is the server now"));
            assertThat(servers()).hasSize(2);
            parent.await(line -> line.contains("draining: "));
            kill();
        }
        assertThat(now("more").getString("state")).isEqualTo("suspended");
        assertThat(now("web").getString("state")).isEqualTo("ready");
        assertThat(parent.text()).contains("listener web continues on 127.0.0.1:" + web.getPort());
        await().atMost(PATIENCE).until(() -> sockets() == kept);
        parent.signal("TERM");
        assertThat(parent.exitCode()).isZero();
    }

    /** As in a container: orphans are reaped, an upgrade does not end it, and the server's end does. */
    @Tag("long")
    @Test
    void shouldBeAnInitProcess() throws Exception {
        start(PidNamespace.launcher(folder), YAML);
        ProcessHandle init = PidNamespace.init(parent);
        assertThat(parent.text()).contains("Keeper [1]");
        for (int i = 1; i <= 2; i++) {
            int upgrades = i;
            signal("HUP", init.pid());
            await().atMost(PATIENCE)
                    .until(() -> count("is the server now") == upgrades
                            && init.descendants().count() == 1);
        }
        assertThat(new ProcessBuilder("nsenter", "-t", Long.toString(init.pid()), "-p", "sh", "-c", "sleep 0.01 &")
                        .start()
                        .waitFor())
                .isZero();
        await().atMost(PATIENCE).until(() -> init.descendants().count() == 1);
        init.descendants().forEach(ProcessHandle::destroyForcibly);
        awaitCount("ready in ", 4);
        signal("TERM", init.pid());
        assertThat(parent.exitCode()).as(parent.text()).isZero();
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid)
                        .start()
                        .waitFor())
                .isZero();
    }
}
