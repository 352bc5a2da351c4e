package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A Baton that is upgraded: the process that the test has started, and those that follow it, which end with the test.
 */
final class UpgradeRig implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path folder;
    private final BatonProcess first;
    private final String admin;
    private final List<Long> pids = new ArrayList<>();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    /** Starts the first with {@code baton.yaml} in a folder. */
    UpgradeRig(Path folder, String yaml) throws Exception {
        this(folder, yaml, BatonProcess.distribution().resolve("bin/baton"));
    }

    /** The same, by a launcher of one's own. */
    UpgradeRig(Path folder, String yaml, Path launcher) throws Exception {
        this(folder, yaml, launcher, Map.of());
    }

    /** The same, with more in the environment. */
    UpgradeRig(Path folder, String yaml, Path launcher, Map<String, String> environment) throws Exception {
        this.folder = folder;
        Files.writeString(folder.resolve("baton.yaml"), yaml);
        this.first = BatonProcess.launch(launcher, folder, environment, "run");
        first.await(line -> line.startsWith("ready in "));
        this.admin = first.admin();
        pids.add(first.pid());
    }

    BatonProcess first() {
        return first;
    }

    /** The process that serves. */
    long pid() {
        return pids.get(pids.size() - 1);
    }

    Path folder() {
        return folder;
    }

    String admin() {
        return admin;
    }

    InetSocketAddress address(String listener) throws InterruptedException {
        String address = first.listener(listener);
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }

    /** Answers what a POST of the upgrade answers. */
    JsonObject upgrade(String query) throws Exception {
        JsonObject report = post("/v1/upgrade" + query);
        if (report.getBoolean("upgraded")) {
            pids.add(report.getLong("pid"));
        }
        return report;
    }

    /** Upgrades and waits for the end of the old process. */
    void upgradeWhole() throws Exception {
        long old = pid();
        JsonObject report = upgrade("");
        assertThat(report.getBoolean("upgraded"))
                .as(report.encode() + "\n" + first.text())
                .isTrue();
        assertThat(pid()).isNotEqualTo(old);
        awaitEnd(old);
        assertThat(object("/v1/status").getLong("pid")).isEqualTo(pid());
    }

    static void awaitEnd(long pid) {
        Awaitility.await("end of process " + pid)
                .atMost(PATIENCE)
                .until(() ->
                        ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty());
    }

    /** Runs a command against the process. */
    Outcome ask(String... command) throws Exception {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of("--admin", admin));
        return BatonProcess.run(folder, all.toArray(String[]::new));
    }

    JsonObject object(String path) throws Exception {
        return new JsonObject(get(path));
    }

    JsonArray rows(String path) throws Exception {
        return new JsonArray(get(path));
    }

    String get(String path) throws Exception {
        return http.send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + path))
                                .timeout(PATIENCE)
                                .build(),
                        BodyHandlers.ofString())
                .body();
    }

    JsonObject post(String path) throws Exception {
        return post(path, "");
    }

    JsonObject post(String path, String body) throws Exception {
        return new JsonObject(http.send(
                        HttpRequest.newBuilder(URI.create("http://" + admin + path))
                                .timeout(PATIENCE.multipliedBy(2))
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        BodyHandlers.ofString())
                .body());
    }

    /** Files that a process has open. */
    static List<String> files(long pid) throws IOException {
        List<String> files = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            for (Path each : all.toList()) {
                try {
                    files.add(Files.readSymbolicLink(each).toString());
                } catch (IOException closed) {
                    // Between the two.
                }
            }
        }
        return files;
    }

    @Override
    public void close() {
        // By the ids that it was told, and their children: one that was not to be may be left.
        for (long pid : pids) {
            ProcessHandle.of(pid).ifPresent(process -> {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            });
        }
        first.close();
    }
}
