package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An upgrade while a service has loops of its own: its connections, which are never idle for long, go to the new
 * process as others do, none is closed, and each request gets its answer. The new process measures the service itself,
 * and opens a lane of its own for it.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneUpgradeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int GREEDY = 6;

    /** An hour of grace: an old process that has to wait for these clients never ends. */
    private static final String YAML = """
            version: 1
            loops: 2
            grace: 1h
            admin: { listen: "127.0.0.1:0" }
            listeners:
              greedy: { bind: "127.0.0.1:0", service: greedy }
            services:
              greedy:
                type: http
                lane: { loops: 2, cpu: 5% }
                routes: [ { handler: { type: chaos, budget: 1m, timeout: 60s } } ]
            plugins: { enable: [chaos] }
            lanes: { window: 300ms, rest: 10m }
            """;

    @TempDir
    private Path folder;

    private final LongAdder answers = new LongAdder();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean over;

    /** Asks on one connection, again as soon as it is answered. */
    private void ask(InetSocketAddress address) {
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            byte[] request = "GET /spin/3 HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
            while (!over) {
                socket.getOutputStream().write(request);
                assertThat(in.readLine()).isEqualTo("HTTP/1.1 200 OK");
                assertThat(body(in)).contains("busy for 3ms");
                answers.increment();
            }
        } catch (Throwable t) {
            failures.add(t);
        }
    }

    private static String body(BufferedReader in) throws IOException {
        int length = 0;
        for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
            if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                length = Integer.parseInt(line.substring(15).trim());
            }
        }
        char[] body = new char[length];
        for (int read = 0; read < length; ) {
            int more = in.read(body, read, length - read);
            assertThat(more).isPositive();
            read += more;
        }
        return new String(body);
    }

    private void awaitAnswers() {
        long before = answers.sum();
        await().atMost(PATIENCE).until(() -> !failures.isEmpty() || answers.sum() > before + 20 * GREEDY);
        assertThat(failures).isEmpty();
    }

    private static boolean hasLane(UpgradeRig rig) throws Exception {
        return rig.rows("/v1/lanes").getJsonObject(0).getInteger("connections") == GREEDY;
    }

    @Tag("long")
    @Test
    void connectionsOfALaneGoToTheNextProcessWhichOpensItsOwn() throws Exception {
        try (UpgradeRig rig = new UpgradeRig(folder, YAML)) {
            InetSocketAddress address = rig.address("greedy");
            for (int i = 0; i < GREEDY; i++) {
                Thread thread = new Thread(() -> ask(address), "greedy " + i);
                threads.add(thread);
                thread.start();
            }
            await("a lane").atMost(PATIENCE).until(() -> hasLane(rig));
            rig.upgradeWhole(); // the old process ends, although its clients never do
            awaitAnswers();
            await("a lane of the new process").atMost(PATIENCE).until(() -> hasLane(rig));
            awaitAnswers();
            over = true;
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failures).isEmpty();
            assertThat(rig.first().text()).doesNotContain("ERROR");
        } finally {
            over = true;
        }
    }
}
