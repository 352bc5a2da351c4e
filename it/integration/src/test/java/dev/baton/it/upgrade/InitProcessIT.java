package dev.baton.it.upgrade;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Baton with the pid 1, as in a container: with it the kernel ends every process of its pid namespace, so after an
 * upgrade it must stay as the parent of the one that serves.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InitProcessIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String YAML = """
            version: 1
            loops: 1
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: demo }
            services:
              demo: { type: http, routes: [ { handler: demo-origin } ] }
            """;

    @TempDir
    private Path folder;

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** Starts it with the pid 1; its parent has its exit code. */
    private BatonProcess serve() throws Exception {
        return serve("grace: 2s");
    }

    private BatonProcess serve(String grace) throws Exception {
        Path script = PidNamespace.launcher(folder);
        Files.writeString(folder.resolve("baton.yaml"), YAML + grace + "\n");
        BatonProcess container = BatonProcess.launch(script, folder, "run");
        container.await(line -> line.startsWith("ready in "));
        assertThat(container.text()).contains(", pid 1\n");
        return container;
    }

    private long servingPid(String admin) throws Exception {
        return new JsonObject(get(admin, "/v1/status")).getLong("pid");
    }

    private String get(String address, String path) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://" + address + path))
                                .timeout(PATIENCE)
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }

    private String post(String address, String path) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://" + address + path))
                                .timeout(PATIENCE.multipliedBy(2))
                                .POST(BodyPublishers.noBody())
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }

    private void upgrade(String admin) throws Exception {
        long old = servingPid(admin);
        JsonObject report = new JsonObject(post(admin, "/v1/upgrade"));
        assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
        await().atMost(PATIENCE).until(() -> servingPid(admin) == report.getLong("pid"));
        assertThat(report.getLong("pid")).isNotEqualTo(old);
    }

    private static ProcessHandle init(BatonProcess container) {
        return PidNamespace.init(container);
    }

    /** Every other process of the namespace that has not been reaped. */
    private static List<ProcessHandle> others(ProcessHandle init) {
        return init.descendants().toList();
    }

    private static void signal(String name, long pid) throws Exception {
        assertThat(new ProcessBuilder("sh", "-c", "kill -" + name + " " + pid)
                        .start()
                        .waitFor())
                .isZero();
    }

    @Test
    void shouldStayAsTheParentOfThoseThatServe() throws Exception {
        try (BatonProcess container = serve()) {
            String admin = container.admin();
            String web = container.listener("web");
            ProcessHandle init = init(container);
            for (int i = 0; i < 3; i++) {
                upgrade(admin);
                assertThat(get(web, "/")).isNotEmpty();
                // The old one has drained and is gone, for good: no zombie is left.
                await().atMost(PATIENCE).until(() -> others(init).size() == 1);
            }
            container.await(line -> line.startsWith("this process stays as the parent"));
            List<String> files = UpgradeRig.files(init.pid());
            assertThat(files).as("files that it keeps").noneMatch(file -> file.startsWith("anon_inode:"));
            assertThat(files.stream().filter(file -> file.startsWith("socket:")))
                    .as("none but the one that the JVM has for itself")
                    .hasSizeLessThanOrEqualTo(1);

            // An orphan of another program.
            assertThat(new ProcessBuilder("nsenter", "-t", Long.toString(init.pid()), "-p", "sh", "-c", "sleep 0.01 &")
                            .start()
                            .waitFor())
                    .isZero();
            await().atMost(PATIENCE)
                    .until(() -> zombies(init) == 0 && others(init).size() == 1);

            // HUP upgrades the one that serves.
            long serving = servingPid(admin);
            signal("HUP", init.pid());
            await().atMost(PATIENCE).until(() -> servingPid(admin) != serving);
            assertThat(get(web, "/")).isNotEmpty();

            signal("TERM", init.pid());
            assertThat(container.exitCode()).as(container.text()).isZero();
        }
    }

    private static long zombies(ProcessHandle init) {
        return others(init).stream()
                .filter(each -> {
                    try {
                        String stat = Files.readString(Path.of("/proc/" + each.pid() + "/stat"));
                        return stat.charAt(stat.lastIndexOf(')') + 2) == 'Z';
                    } catch (IOException gone) {
                        return false;
                    }
                })
                .count();
    }

    /**
     * The one that follows dies while this one still drains: it serves again, and may be upgraded and stopped as
     * before.
     */
    @Tag("long")
    @Test
    void shouldServeAgainIfTheOneThatFollowsDies() throws Exception {
        try (BatonProcess container = serve("grace: 10m");
                Socket held = new Socket()) {
            String admin = container.admin();
            ProcessHandle init = init(container);
            String web = container.listener("web");
            int colon = web.lastIndexOf(':');
            held.connect(new InetSocketAddress(web.substring(0, colon), Integer.parseInt(web.substring(colon + 1))));
            held.getOutputStream().write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n".getBytes(US_ASCII));
            await().atMost(PATIENCE).until(() -> get(admin, "/v1/fds").contains("\"plugin\":\"http\""));
            JsonObject report = new JsonObject(post(admin, "/v1/upgrade"));
            assertThat(report.getBoolean("upgraded")).as(report.encode()).isTrue();
            others(init).forEach(ProcessHandle::destroyForcibly);
            container.await(line -> line.startsWith("serving again"));
            assertThat(get(web, "/")).isNotEmpty();
            held.close();
            signal("TERM", init.pid());
            assertThat(container.exitCode()).as(container.text()).isZero();
            assertThat(container.text()).doesNotContain("this process stays as the parent");
        }
    }

    /**
     * What becomes of the one that serves becomes of the container, also when another one than pid 1 has started it.
     */
    @Tag("long")
    @Test
    void shouldEndWithTheExitCodeOfTheOneThatServes() throws Exception {
        try (BatonProcess container = serve()) {
            String admin = container.admin();
            ProcessHandle init = init(container);
            for (int i = 0; i < 2; i++) {
                upgrade(admin);
                await().atMost(PATIENCE).until(() -> others(init).size() == 1);
            }
            container.await(line -> line.contains("has started for an upgrade, is followed"));
            others(init).get(0).destroyForcibly();
            assertThat(container.exitCode()).as(container.text()).isEqualTo(128 + 9);
        }
    }
}
