package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A process of the distribution, an origin behind it and a crowd of clients before it, who ask all the time and know
 * every answer. Its listeners are {@code web}, for HTTP, and {@code raw}, for lines and upgrades. For the thread of one
 * test.
 */
final class CrowdedBaton implements AutoCloseable {
    /** Far more than an answer takes on a machine that is busy with other tests. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Duration patience;
    private final EchoOrigin origin;
    private final Crowd crowd;
    private final BatonProcess baton;

    private CrowdedBaton(Duration patience, EchoOrigin origin, Crowd crowd, BatonProcess baton) {
        this.patience = patience;
        this.origin = origin;
        this.crowd = crowd;
        this.baton = baton;
    }

    /**
     * Starts all three; nobody asks yet.
     *
     * @param periodNanos how long after an answer a client asks again
     * @param yaml the configuration, with ORIGIN for the address of the origin
     */
    static CrowdedBaton start(Path folder, long periodNanos, String yaml) throws Exception {
        return start(folder, periodNanos, PATIENCE, yaml);
    }

    /** As {@link #start(Path, long, String)}, with clients so many that their answers take longer than others. */
    static CrowdedBaton start(Path folder, long periodNanos, Duration patience, String yaml) throws Exception {
        return start(folder, periodNanos, patience, Map.of(), yaml);
    }

    /** As {@link #start(Path, long, String)}, with more in the environment of the process. */
    static CrowdedBaton start(
            Path folder, long periodNanos, Duration patience, Map<String, String> environment, String yaml)
            throws Exception {
        EchoOrigin origin = EchoOrigin.start();
        Crowd crowd = new Crowd(periodNanos);
        try {
            BatonProcess baton = BatonProcess.serve(folder, environment, yaml.replace("ORIGIN", origin.address()));
            return new CrowdedBaton(patience, origin, crowd, baton);
        } catch (Throwable t) {
            crowd.close();
            origin.close();
            throw t;
        }
    }

    Crowd crowd() {
        return crowd;
    }

    BatonProcess process() {
        return baton;
    }

    String listener(String name) throws InterruptedException {
        return baton.listener(name);
    }

    String admin() throws InterruptedException {
        return baton.admin();
    }

    /** Clients of every kind, all of whom have been answered. */
    List<Client> everyKind(int each) throws IOException, InterruptedException {
        List<Client> clients = new ArrayList<>();
        clients.addAll(crowd.join(Speech.HTTP, listener("web"), each));
        clients.addAll(crowd.join(Speech.LINES, listener("raw"), each));
        clients.addAll(crowd.join(Speech.UPGRADE, listener("raw"), each));
        everyoneIsServed(clients, 2);
        return clients;
    }

    /** Until each has got so many answers more. Fails at the first answer to anybody that is wrong. */
    void everyoneIsServed(List<Client> clients, int times) {
        for (int i = 0; i < times; i++) {
            long[] before = Crowd.answers(clients);
            await().atMost(patience).pollInterval(Duration.ofMillis(5)).until(() -> {
                assertThat(crowd.failures()).isEmpty();
                return Crowd.served(clients, before) == clients.size();
            });
        }
    }

    /** The rows of {@code /v1/loops} and the like. */
    List<JsonObject> rows(String path) throws Exception {
        return new JsonArray(Web.get(admin(), path).body())
                .stream().map(JsonObject.class::cast).toList();
    }

    List<JsonObject> loops() throws Exception {
        return rows("/v1/loops");
    }

    /** The loop of an id. */
    JsonObject loop(int id) throws Exception {
        return loops().stream()
                .filter(row -> row.getInteger("id") == id)
                .findFirst()
                .orElseThrow();
    }

    /** A number of each loop, by ascending id. */
    List<Integer> ofEachLoop(String key) throws Exception {
        return loops().stream().map(row -> row.getInteger(key)).toList();
    }

    /** The sum of a counter, whatever its labels. */
    long counter(String name) throws Exception {
        long sum = 0;
        for (String line : Web.get(admin(), "/metrics").body().lines().toList()) {
            if (line.startsWith(name)) {
                sum += (long) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    /** No fd was orphaned for good, and no callback of a plugin threw. */
    void nothingIsLeft() throws Exception {
        assertThat(rows("/v1/orphans")).isEmpty();
        assertThat(Web.get(admin(), "/metrics")
                        .body()
                        .lines()
                        .filter(line -> line.matches("baton_plugin_errors_total.* [1-9].*")))
                .isEmpty();
    }

    @Override
    public void close() throws Exception {
        System.out.println(baton.text());
        baton.close();
        crowd.close();
        origin.close();
    }
}
