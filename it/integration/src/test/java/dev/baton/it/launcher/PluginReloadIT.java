package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.lang.ref.WeakReference;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * J6: a plugin is replaced while its code runs. The bug that this guards against: requests fail or see half of a new
 * version, a wrong new version takes the old one with it, or the classes of old versions stay for ever.
 */
@Timeout(240)
class PluginReloadIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int CLIENTS = 3;

    private static final String YAML = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: site, filters: [ gate ], unbind: short }
              lines: { bind: "127.0.0.1:0", service: words }
              inner: { bind: "127.0.0.1:0", service: origin }
            services:
              site:
                type: http
                filters: [ stamp ]
                routes:
                  - { match: { path: "/app/*" }, upstream: app }
                  - { handler: tell }
              origin: { type: http, routes: [ { respond: { status: 200, body: "origin" } } ] }
              words: { type: words }
            upstreams:
              app: { servers: [ "listener:inner" ], balance: first, pool: { policy: stack } }
            ticker: {}
            plugins: { path: [ "plugins" ] }
            """;

    @RegisterExtension
    static final ReloadingServer SERVER = new ReloadingServer();

    @TempDir
    Path folder;

    private SamplePlugin sample;

    @BeforeEach
    void make() {
        sample = new SamplePlugin(folder);
    }

    private void start(String... changes) throws Exception {
        sample.install(sample.jar("1.0", changes));
        Path file = Files.writeString(folder.resolve("baton.yaml"), YAML);
        SERVER.start(file);
    }

    private JsonObject reloaded(byte[] jar) throws Exception {
        sample.install(jar);
        return SERVER.reload("sample", 200);
    }

    /** But for the version in use. */
    private void assertNothingIsLeft() throws Exception {
        List<WeakReference<ClassLoader>> loaders = SamplePlugin.loaders();
        List<WeakReference<ClassLoader>> replaced = loaders.subList(0, loaders.size() - 1);
        await().atMost(PATIENCE).until(() -> !SERVER.retired(false).encode().contains(" of "));
        for (int i = 0; i < 10 && replaced.stream().anyMatch(each -> each.get() != null); i++) {
            System.gc();
        }
        // A compiler of the JVM holds what it compiles until it has.
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(SERVER.retired(true)).isEmpty()); // else it says why
        assertThat(replaced).allMatch(each -> each.get() == null);
    }

    /** What holds the version, when nothing uses it any longer. */
    private String holders(String version) throws Exception {
        await().atMost(PATIENCE).until(() -> !SERVER.retired(false).encode().contains(" of "));
        for (Object each : SERVER.retired(true)) {
            if (((JsonObject) each).getString("version").equals(version)) {
                return ((JsonObject) each).getJsonArray("holders").encode();
            }
        }
        return "none";
    }

    // ---- load -------------------------------------------------------------------------------------------------------

    /** Clients that ask all the time, each on one connection; what goes wrong is an error of the test. */
    private static final class Load implements AutoCloseable {
        private final List<Thread> threads = new ArrayList<>();
        private final ConcurrentLinkedQueue<String> errors = new ConcurrentLinkedQueue<>();
        private final AtomicLong requests = new AtomicLong();
        private volatile boolean over;

        Load() {
            for (int i = 0; i < CLIENTS; i++) {
                add(() -> http("/"));
                add(() -> http("/app/x"));
            }
            add(() -> http("/slow"));
            add(this::lines);
            add(this::comers);
        }

        private interface Work {
            void run() throws Exception;
        }

        private void add(Work work) {
            Thread thread = new Thread(() -> {
                try {
                    work.run();
                } catch (Throwable t) {
                    errors.add(t.toString());
                }
            });
            threads.add(thread);
            thread.start();
        }

        private void http(String path) throws Exception {
            try (Client client = Client.connect(SERVER.address("web"))) {
                while (!over) {
                    check(client.ask(path).answer(), path);
                }
            }
        }

        private void check(String answer, String path) {
            requests.incrementAndGet();
            boolean fine = answer.startsWith("HTTP/1.1 200 OK\r\n") && answer.contains("x-stamp: ");
            if (!fine || (path.startsWith("/app") ? !answer.endsWith("origin") : !answer.contains("\r\n\r\n"))) {
                errors.add(answer);
            } else if (!path.startsWith("/app")) {
                // An exchange has one version from its beginning to its end.
                String stamp = answer.replaceAll("(?s).*x-stamp: (\\S+).*", "$1");
                if (!answer.endsWith("\r\n\r\n" + stamp)) {
                    errors.add("mixed: " + answer);
                }
            }
        }

        private void lines() throws Exception {
            try (Client client = Client.connect(SERVER.address("lines"))) {
                for (int i = 0; !over; i++) {
                    String line = client.send("line " + i + "\n").line();
                    requests.incrementAndGet();
                    if (!line.endsWith(" line " + i)) {
                        errors.add("after " + i + ": " + line);
                    }
                }
            }
        }

        /** Each request on a connection of its own. */
        private void comers() throws Exception {
            while (!over) {
                try (Client client = Client.connect(SERVER.address("web"))) {
                    check(client.ask("/").answer(), "/");
                }
            }
        }

        long requests() {
            return requests.get();
        }

        @Override
        public void close() throws InterruptedException {
            over = true;
            for (Thread each : threads) {
                each.join(PATIENCE.toMillis());
            }
            assertThat(errors).isEmpty();
        }
    }

    // ---- what is replaced -------------------------------------------------------------------------------------------

    @Test
    void shouldReplaceEachKindOfContributionUnderLoad() throws Exception {
        start();
        try (Client stays = Client.connect(SERVER.address("lines")).send("stay\n");
                Client moves = Client.connect(SERVER.address("lines")).send("first\nhalf a");
                Client keepAlive = Client.connect(SERVER.address("web")).ask("/");
                Client slow = Client.connect(SERVER.address("web")).ask("/slow")) {
            assertThat(stays.line()).isEqualTo("1.0 stay");
            assertThat(moves.line()).isEqualTo("1.0 first");
            assertThat(keepAlive.answer()).contains("x-stamp: 1.0").endsWith("1.0");
            long before;
            try (Load load = new Load()) {
                await().until(() -> load.requests() > 200);
                JsonObject report = reloaded(sample.jar("2.0"));
                assertThat(report.encode())
                        .contains("\"outcome\":\"reloaded\"", "\"version\":\"2.0\"", "\"before\":\"1.0\"")
                        .contains("\"generation\":2");
                before = load.requests();
                await().until(() -> load.requests() > before + 200);
            }
            assertThat(slow.answer()).contains("x-stamp: 1.0").endsWith("1.0"); // it had begun
            assertThat(slow.ask("/slow").answer()).contains("x-stamp: 2.0").endsWith("2.0");
            assertThat(keepAlive.ask("/").answer()).contains("x-stamp: 2.0").endsWith("2.0");
            assertThat(moves.send(" line\nnext\n").line()).isEqualTo("1.0 half a line");
            assertThat(moves.line()).isEqualTo("2.0 next");
            assertThat(stays.send("more\n").line()).isEqualTo("1.0 more");

            assertThat(Client.get(SERVER.admin(), "/v1/sample-view").body()).isEqualTo("[{\"version\":\"2.0\"}]");
            assertThat(Client.post(SERVER.admin(), "/v1/sample-act?mark=x", "").body())
                    .isEqualTo("{\"version\":\"2.0x\"}");
            assertThat(Client.get(SERVER.admin(), "/v1/plugins").body())
                    .contains("\"id\":\"sample\",\"version\":\"2.0\"")
                    .contains("\"generation\":2,\"retired\":1");
            await().untilAsserted(() -> assertThat(SERVER.retired(false).encode())
                    .contains("\"version\":\"1.0\"", "\"users\":[\"1 connection of listener lines\"]"));
            // Its component and its filters are there as long as something uses that version.
            assertThat(SamplePlugin.events()).containsExactly("1.0 started", "2.0 started");
        }
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(SamplePlugin.events())
                        .contains("1.0 stopped", "1.0 filter closed", "1.0 gate closed", "1.0 service closed"));
        assertThat(SamplePlugin.events()).doesNotContain("2.0 stopped", "2.0 filter closed");
        String metrics = Client.get(SERVER.admin(), "/metrics").body();
        assertThat(metrics.lines().filter(line -> line.startsWith("baton_sample_")))
                .hasSize(2)
                .anyMatch(line -> line.startsWith("baton_sample_stamped_total") && !line.endsWith(" 1.0"));
        assertNothingIsLeft();
        assertThat(Client.post(SERVER.admin(), "/v1/listeners/web/unbind", "").body())
                .contains("by 2.0");
    }

    @Test
    void shouldKeepTheOldVersionIfTheNewOneIsWrong() throws Exception {
        start();
        String[][] wrong = {
            {"@Default(\"!\") String mark", "String mark", "needs the key 'mark'", "ticker"},
            {"binder.httpFilter(\"stamp\"", "binder.httpFilter(\"stamped\"", "stamp", "services.site"},
            {
                "public HttpFilter create(Settings settings) {",
                "public HttpFilter create(Settings settings) {\n"
                        + "if (true) { throw new IllegalStateException(\"no filter today\"); }",
                "no filter today",
                "services.site"
            },
            {
                "Stamps(Metrics metrics) {",
                "Stamps(Metrics metrics) { if (true) { throw new IllegalStateException(\"no" + " stamps\"); }",
                "no stamps",
                "services.site"
            },
            {
                "/* STARTING */",
                "if (true) { throw new IllegalStateException(\"not started\"); }",
                "not started",
                "ticker"
            },
            {
                "/* STARTING */",
                "if (true) { return CompletableFuture.failedFuture(new java.net.BindException(\"in" + " use\")); }",
                "in use",
                ""
            },
            {
                "/* STARTING */",
                "org.assertj.core.api.Assertions.assertThat(true);", // there at the compiler's, not in the folder
                "org.assertj.core.api.Assertions",
                "sample.jar"
            },
            {"binder.adminView(\"sample-view\"", "binder.adminView(\"another-view\"", "admin-view", "baton upgrade"},
        };
        try (Load load = new Load()) {
            for (String[] each : wrong) {
                sample.install(sample.jar("2.0", each[0], each[1]));
                HttpResponse<String> answer = Client.post(SERVER.admin(), "/v1/plugins/sample/reload", "");
                assertThat(answer.statusCode()).as(answer.body()).isIn(409, 422);
                assertThat(answer.body())
                        .contains("\"version\":\"1.0\"", "\"generation\":1")
                        .contains(each[2], each[3]);
            }
            Files.writeString(sample.plugins().resolve("sample/broken.jar"), "no jar");
            assertThat(SERVER.reload("sample", 422).getString("detail")).contains("broken.jar cannot be read as a jar");
            Files.delete(sample.plugins().resolve("sample/broken.jar"));
            assertThat(load.requests()).isPositive();
            assertThat(Client.get(SERVER.admin(), "/v1/plugins").body())
                    .contains("\"id\":\"sample\",\"version\":\"1.0\"");
        }
        // What was made for the wrong ones is closed, and what runs was not touched.
        assertThat(SamplePlugin.events())
                .filteredOn(each -> each.startsWith("1.0"))
                .containsExactly("1.0 started");
        long started =
                SamplePlugin.events().stream().filter("2.0 started"::equals).count();
        assertThat(started).isEqualTo(2);
        SamplePlugin.loaders().add(SamplePlugin.loaders().remove(0)); // that of the version in use
        assertNothingIsLeft();
        assertThat(Client.get(SERVER.admin(), "/metrics").body()).contains("\nbaton_sample_version");
        reloaded(sample.jar("3.0"));
        assertNothingIsLeft();
    }

    @Test
    void shouldRefuseWhatCannotBeReplacedAndSayWhatToDo() throws Exception {
        start();
        for (String id : List.of("listener-tcp", "poller-epoll", "admin")) {
            HttpResponse<String> answer = Client.post(SERVER.admin(), "/v1/plugins/" + id + "/reload", "");
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(409);
            assertThat(answer.body())
                    .contains(
                            "\"outcome\":\"irreplaceable\"",
                            "cannot be replaced",
                            "nothing was changed",
                            "baton upgrade");
        }
        assertThat(Client.post(SERVER.admin(), "/v1/plugins/smaple/reload", "").body())
                .contains("did you mean 'sample'?");
        try (Client client = Client.connect(SERVER.address("web")).ask("/")) {
            assertThat(client.answer()).endsWith("1.0");
        }
    }

    /** It has the name of one of the file, and another service. */
    @Test
    void shouldLeaveAListenerThatWasAddedInThePlaceOfAnother() throws Exception {
        start();
        assertThat(Commands.run("listener", "remove", "lines", "--admin", SERVER.admin())
                        .code())
                .isZero();
        String added = Commands.run(
                        "listener",
                        "add",
                        "lines",
                        "--bind",
                        "127.0.0.1:0",
                        "--service",
                        "origin",
                        "--admin",
                        SERVER.admin())
                .text();
        String address = added.replaceAll("(?s).* on (\\S+) .*", "$1");
        assertThat(Client.get(address, "/").body()).as(added).isEqualTo("origin");
        reloaded(sample.jar("2.0"));
        try (Client client = Client.connect(address).ask("/")) { // a new connection
            assertThat(client.answer()).endsWith("origin");
        }
        assertNothingIsLeft();
    }

    /** What the old version of the service still has of a plugin keeps that version of the plugin. */
    @Test
    void shouldReplaceAServiceAndThenAPluginThatItHasFiltersOf() throws Exception {
        start();
        try (Load load = new Load();
                Client slow = Client.connect(SERVER.address("web")).ask("/slow")) {
            await().until(() -> load.requests() > 100);
            assertThat(Client.post(SERVER.admin(), "/v1/plugins/http/reload", "")
                            .body())
                    .contains("\"outcome\":\"reloaded\"");
            reloaded(sample.jar("2.0"));
            assertThat(slow.answer()).contains("x-stamp: 1.0").endsWith("1.0");
            long before = load.requests();
            await().until(() -> load.requests() > before + 100);
            assertThat(slow.ask("/").answer()).contains("x-stamp: 2.0").endsWith("2.0");
        }
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(SamplePlugin.events())
                        .contains("1.0 stopped")
                        .filteredOn("1.0 filter closed"::equals)
                        .as("one of each version of the service")
                        .hasSize(2));
        assertNothingIsLeft();
    }

    // ---- what is left -----------------------------------------------------------------------------------------------

    @Test
    void shouldNameWhatHoldsAVersionThatIsNotInUse() throws Exception {
        String planted = """
                new Thread(() -> {
                    try {
                        new java.util.concurrent.CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        return;
                    }
                }, "sample-pump").start();
                """;
        start("/* STARTING */", planted);
        reloaded(sample.jar("2.0", "/* STARTING */", "System.getProperties().put(\"reload.planted\", new Act());"));
        assertThat(holders("1.0")).contains("thread sample-pump", "sample.Sample$Tickers");
        reloaded(sample.jar(
                "3.0",
                "/* STARTING */",
                "PLANTED.set(new Act());",
                "public record Row",
                "static final ThreadLocal<Act> PLANTED = new ThreadLocal<>();\n public record Row"));
        assertThat(holders("2.0")).contains("static field java.lang.System.props", "(sample.Sample$Act)");
        System.getProperties().remove("reload.planted");
        reloaded(sample.jar("4.0"));
        assertThat(holders("3.0")).contains("thread baton-worker", "threadLocals");
        Thread.getAllStackTraces().keySet().stream()
                .filter(each -> each.getName().equals("sample-pump"))
                .forEach(Thread::interrupt);
        assertThat(holders("2.0")).isEqualTo("none");
    }

    @Test
    void shouldFailNoRequestInTenReloads() throws Exception {
        assertReloads(10);
    }

    @Test
    @Tag("long")
    void shouldFailNoRequestInTwoHundredReloads() throws Exception {
        assertReloads(200);
    }

    private void assertReloads(int times) throws Exception {
        long before = ReloadingServer.versionsInMemory("sample.Sample$Stamps"); // of tests that leak
        start();
        byte[][] jars = {sample.jar("1.0"), sample.jar("2.0")};
        long early = 0;
        long requests;
        try (Load load = new Load()) {
            for (int i = 1; i <= times; i++) {
                assertThat(reloaded(jars[i % 2]).getInteger("generation")).isEqualTo(i + 1);
                if (i == times / 4) {
                    System.gc();
                    early = ReloadingServer.metaspace();
                }
            }
            requests = load.requests();
        }
        assertNothingIsLeft();
        System.gc();
        long late = ReloadingServer.metaspace();
        System.out.println(times + " reloads, " + requests + " requests; metaspace " + early / 1024 + " KiB, then "
                + late / 1024 + " KiB");
        assertThat(ReloadingServer.versionsInMemory("sample.Sample$Stamps"))
                .as("versions whose classes are there")
                .isLessThanOrEqualTo(before + 1);
        assertThat(late).isLessThan(early + early / 10);
    }
}
