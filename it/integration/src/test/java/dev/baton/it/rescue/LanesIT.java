package dev.baton.it.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToIntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A greedy service beside a modest one, on a process of the distribution: it gets loops of its own, to which all of its
 * connections go, those too that come later and those in which something runs nearly all the time; the modest one's
 * stay where they are; and when the greedy one is modest its connections go back. No answer is lost.
 */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LanesIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int GREEDY = 8;
    /** Long enough to ask for this and that meanwhile, on a busy machine too. */
    private static final int BLOCK_MILLIS = 3_000;

    @TempDir
    Path folder;

    private final AtomicBoolean over = new AtomicBoolean();
    private final LongAdder answers = new LongAdder();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final List<Thread> threads = new ArrayList<>();

    private static JsonArray rows(BatonProcess baton, String path) {
        try {
            return new JsonArray(Web.get(baton.admin(), path).body());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Those of a service's lane; those of all services if it is null. */
    private static Stream<JsonObject> loops(BatonProcess baton, @Nullable String lane) {
        return rows(baton, "/v1/loops").stream()
                .map(JsonObject.class::cast)
                .filter(loop -> Objects.equals(lane, loop.getString("lane")));
    }

    private static int sum(Stream<JsonObject> loops, ToIntFunction<JsonObject> of) {
        return loops.mapToInt(of).sum();
    }

    private static int connections(BatonProcess baton, @Nullable String lane) {
        return sum(loops(baton, lane), loop -> loop.getInteger("connections"));
    }

    /** Asks again as soon as it is answered. */
    private void begin(BatonProcess baton, String listener, int count) throws InterruptedException {
        String address = baton.listener(listener);
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> ask(address), "greedy client");
            threads.add(thread);
            thread.start();
        }
    }

    private void ask(String address) {
        try (Client client = new Client(address)) {
            while (!over.get()) {
                assertThat(client.ask("/spin/3")).contains("busy for 3ms");
                answers.increment();
            }
            // Stays, and asks no more, until everything is over.
            client.stay();
        } catch (Throwable t) {
            failures.add(t);
        }
    }

    private static final class Client implements AutoCloseable {
        private final Socket socket;
        private final BufferedReader in;

        Client(String address) throws IOException {
            int colon = address.lastIndexOf(':');
            socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
            in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        }

        String ask(String path) {
            send(path);
            return answer();
        }

        void send(String path) {
            try {
                socket.getOutputStream()
                        .write(("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** True if some of it has come. */
        boolean hasAnswer() throws IOException {
            return in.ready();
        }

        String answer() {
            try {
                int length = 0;
                assertThat(in.readLine()).startsWith("HTTP/1.1 200");
                for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                    if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                        length = Integer.parseInt(line.substring(15).trim());
                    }
                }
                char[] body = new char[length];
                int read = 0;
                while (read < length) {
                    int more = in.read(body, read, length - read);
                    assertThat(more).isPositive();
                    read += more;
                }
                return new String(body);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Until the other end closes, in whichever way. */
        void stay() {
            int read;
            try {
                read = in.read();
            } catch (IOException reset) {
                read = -1;
            }
            assertThat(read).isNegative();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    /** What the kernel says of the threads of the lane. */
    private static List<Integer> nicenessOfLane(long pid) throws IOException {
        List<Integer> all = new ArrayList<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + pid + "/task"))) {
            for (Path task : tasks.toList()) {
                if (Files.readString(task.resolve("comm")).startsWith("baton-lane")) {
                    String stat = Files.readString(task.resolve("stat"));
                    all.add(Integer.parseInt(
                            stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[16]));
                }
            }
        }
        return all;
    }

    @Test
    void aGreedyServiceGetsLoopsOfItsOwnAndLosesThem() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  greedy: { bind: "127.0.0.1:0", service: greedy }
                  modest: { bind: "127.0.0.1:0", service: modest }
                services:
                  greedy:
                    type: http
                    lane: { loops: 2, cpu: 10%, nice: 5 }
                    routes: [ { handler: { type: chaos, budget: 1m, timeout: 60s } } ]
                  modest: { type: http, routes: [ { handler: { type: chaos } } ] }
                plugins: { enable: [chaos] }
                lanes: { window: 300ms, rest: 500ms }
                """);
                Client modest = new Client(baton.listener("modest"))) {
            modest.ask("/");
            assertThat(rows(baton, "/v1/lanes").getJsonObject(0)).isEqualTo(new JsonObject("""
                            {"service":"greedy","state":"closed","loops":2,"cpu-percent":10,"used-percent":0,"busy-percent":0,
                            "connections":0}"""));

            begin(baton, "greedy", GREEDY);
            await().atMost(PATIENCE).until(() -> connections(baton, "greedy") == GREEDY);
            begin(baton, "greedy", 2); // that come to a lane that is open
            await().atMost(PATIENCE).until(() -> connections(baton, "greedy") == GREEDY + 2);
            modest.ask("/");
            assertThat(connections(baton, null)).as("the modest one").isEqualTo(1);
            assertThat(loops(baton, "greedy").count()).isEqualTo(2);
            assertThat(nicenessOfLane(baton.pid())).containsExactly(5, 5);
            long before = answers.sum();
            await().atMost(PATIENCE).until(() -> answers.sum() > before + 100);

            over.set(true);
            await().atMost(PATIENCE).until(() -> connections(baton, null) == GREEDY + 3);
            assertThat(loops(baton, "greedy")).as("they stand by").isEmpty();
            modest.ask("/");
            assertThat(rows(baton, "/v1/lanes").getJsonObject(0).getString("state"))
                    .isEqualTo("closed");
            assertThat(baton.text())
                    .contains("more than its lane's cpu: 10 %: it gets 2 loops of its own")
                    .contains("its connections go back")
                    .doesNotContain("ERROR");
            assertThat(failures).isEmpty();
            assertThat(BatonProcess.run(folder, "stop", "--now", "--admin", baton.admin())
                            .code())
                    .as("their connections are cut")
                    .isEqualTo(4);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    /**
     * The other loops of the lane take over from one that is blocked; where there is none, the service's connections
     * wait. In neither case do they come back to the loops of all, on which the modest service is.
     */
    @Tag("long")
    @Test
    void aBlockedLoopOfALaneCostsNobodyElse() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(
                        folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  pair: { bind: "127.0.0.1:0", service: pair }
                  lonely: { bind: "127.0.0.1:0", service: lonely }
                  modest: { bind: "127.0.0.1:0", service: modest }
                services:
                  pair: { type: http, lane: { loops: 2, cpu: 5%, nice: 0 }, routes: [ CHAOS ] }
                  lonely: { type: http, lane: { cpu: 5%, nice: 0 }, routes: [ CHAOS ] }
                  modest: { type: http, routes: [ CHAOS ] }
                plugins: { enable: [chaos] }
                lanes: { window: 300ms, rest: 10m }
                """.replace("CHAOS", "{ handler: { type: chaos, budget: 1m, timeout: 60s } }"));
                Client modest = new Client(baton.listener("modest"))) {
            modest.ask("/");
            begin(baton, "pair", 2);
            begin(baton, "lonely", 2);
            await().atMost(PATIENCE).until(() -> isOpen(baton, "pair") && isOpen(baton, "lonely"));
            over.set(true); // they stay connected, and their lanes open
            try (Client blocks = new Client(baton.listener("pair"));
                    Client waits = new Client(baton.listener("pair"));
                    Client waitsToo = new Client(baton.listener("pair"))) {
                await().atMost(PATIENCE).until(() -> connections(baton, "pair") == 2 + 3);
                blocks.send("/block/" + BLOCK_MILLIS);
                await().atMost(PATIENCE).until(() -> isBlocked(baton, "pair"));
                waits.ask("/");
                waitsToo.ask("/");
                modest.ask("/");
                assertThat(isBlocked(baton, "pair")).as("meanwhile").isTrue();
                assertThat(connections(baton, null)).as("the modest one alone").isEqualTo(1);
                blocks.answer();
            }
            try (Client blocks = new Client(baton.listener("lonely"));
                    Client waits = new Client(baton.listener("lonely"))) {
                await().atMost(PATIENCE).until(() -> connections(baton, "lonely") == 2 + 2);
                blocks.send("/block/" + BLOCK_MILLIS);
                await().atMost(PATIENCE).until(() -> isBlocked(baton, "lonely"));
                waits.send("/");
                modest.ask("/");
                assertThat(waits.hasAnswer()).as("its service waits").isFalse();
                assertThat(isBlocked(baton, "lonely")).as("meanwhile").isTrue();
                assertThat(connections(baton, null)).as("the modest one alone").isEqualTo(1);
                blocks.answer();
                waits.answer();
            }
            assertThat(failures).isEmpty();
            BatonProcess.run(folder, "stop", "--now", "--admin", baton.admin());
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    private static boolean isOpen(BatonProcess baton, String lane) {
        return connections(baton, lane) == 2;
    }

    private static boolean isBlocked(BatonProcess baton, String lane) {
        return loops(baton, lane).anyMatch(loop -> loop.getBoolean("blocked"));
    }
}
