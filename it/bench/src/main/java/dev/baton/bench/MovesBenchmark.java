package dev.baton.bench;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What becomes of live connections when a server is upgraded, or reloads its configuration: streams that carry lines
 * all the time, and kept connections of HTTP that ask now and then. Counts those that are closed, the longest time that
 * an answer took, and how long the old process stays.
 *
 * <p>Arguments: {@code baton}, or {@code peer NAME LINES WEB PID} of a server whose workers are children of the process
 * {@code PID}, which reloads at a signal; then how many streams, how many kept connections, how many rounds, and the
 * signal of a peer. An {@code origin} for a peer is started by {@code origin PORT-FILE}, and runs until it is killed.
 */
public final class MovesBenchmark {
    private static final long LINES_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long WEB_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long WARMUP_SECONDS = 6;
    /** How long an old process is waited for. */
    private static final long STAY_SECONDS = 20;

    private static final Pattern PID = Pattern.compile("\"pid\" *: *(\\d+)");

    private MovesBenchmark() {}

    /** Prints rows of a table. */
    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "origin" -> origin(Path.of(arguments[1]));
            case "baton" ->
                baton(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
            default -> peer(arguments);
        }
    }

    private static void origin(Path portFile) throws IOException {
        EchoOrigin origin = EchoOrigin.start();
        Path made = portFile.resolveSibling(portFile.getFileName() + ".made");
        Files.writeString(made, origin.address());
        Files.move(made, portFile);
        while (true) {
            LockSupport.park();
        }
    }

    private static void baton(int streams, int kept, int rounds) throws Exception {
        Path folder = Files.createTempDirectory("baton-moves");
        try (EchoOrigin origin = EchoOrigin.start();
                BatonProcess baton = BatonProcess.serve(folder, """
                        version: 1
                        loops: 2
                        grace: 1h
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          lines: { bind: "127.0.0.1:0", service: lines }
                          web: { bind: "127.0.0.1:0", service: web }
                        services:
                          lines: { type: tcp-proxy, upstream: app }
                          web: { type: http, upstream: app }
                        upstreams:
                          app: { servers: ["%s"] }
                        """.formatted(origin.address()))) {
            HttpClient http = HttpClient.newHttpClient();
            String admin = baton.admin();
            String lines = baton.listener("lines");
            String web = baton.listener("web");
            long[] serves = {baton.pid()};
            Supplier<List<ProcessHandle>> upgrade = () -> {
                ProcessHandle old = ProcessHandle.of(serves[0]).orElseThrow();
                HttpRequest ask = HttpRequest.newBuilder(URI.create("http://" + admin + "/v1/upgrade"))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build();
                try {
                    Matcher pid =
                            PID.matcher(http.send(ask, BodyHandlers.ofString()).body());
                    if (!pid.find()) {
                        throw new IllegalStateException("no upgrade");
                    }
                    serves[0] = Long.parseLong(pid.group(1));
                } catch (IOException | InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return List.of(old);
            };
            for (int round = 1; round <= rounds; round++) {
                round("Baton, upgrade", round, lines, web, streams, kept, upgrade);
            }
            ProcessHandle.of(serves[0]).ifPresent(ProcessHandle::destroy);
        }
    }

    private static void peer(String[] arguments) throws Exception {
        ProcessHandle master = ProcessHandle.of(Long.parseLong(arguments[4])).orElseThrow();
        int rounds = Integer.parseInt(arguments[7]);
        Supplier<List<ProcessHandle>> reload = () -> {
            List<ProcessHandle> old = master.children().toList();
            try {
                new ProcessBuilder("kill", "-" + arguments[8], Long.toString(master.pid()))
                        .start()
                        .waitFor();
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return old;
        };
        for (int round = 1; round <= rounds; round++) {
            round(
                    arguments[1],
                    round,
                    arguments[2],
                    arguments[3],
                    Integer.parseInt(arguments[5]),
                    Integer.parseInt(arguments[6]),
                    reload);
        }
    }

    private static void round(
            String name,
            int round,
            String lines,
            String web,
            int streams,
            int kept,
            Supplier<List<ProcessHandle>> replace)
            throws IOException {
        try (Crowd talking = new Crowd(LINES_NANOS);
                Crowd asking = new Crowd(WEB_NANOS)) {
            List<Client> talkers = talking.join(Speech.LINES, lines, streams);
            List<Client> askers = asking.join(Speech.HTTP, web, kept);
            pause(Duration.ofSeconds(WARMUP_SECONDS));
            must(
                    talking.failures().isEmpty() && asking.failures().isEmpty(),
                    "a client failed before anything was done");
            long begun = System.nanoTime();
            List<ProcessHandle> old = new ArrayList<>(replace.get());
            long stayed = -1;
            while (System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(STAY_SECONDS)) {
                old.removeIf(each -> !each.isAlive());
                if (old.isEmpty() && stayed < 0) {
                    stayed = System.nanoTime() - begun;
                }
                if (stayed >= 0 && System.nanoTime() - begun > stayed + 3 * WEB_NANOS) {
                    break;
                }
                pause(Duration.ofMillis(20));
            }
            long[] took = talking.latencies(begun, System.nanoTime());
            System.out.printf(
                    "| %s | %d | %d of %d | %d of %d | %d | %s |%n",
                    name,
                    round,
                    talking.failures().size(),
                    talkers.size(),
                    asking.failures().size(),
                    askers.size(),
                    took.length == 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(took[took.length - 1]),
                    stayed < 0
                            ? "over " + STAY_SECONDS
                            : String.format("%.1f", stayed / (double) TimeUnit.SECONDS.toNanos(1)));
        }
    }

    private static void must(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    private static void pause(Duration time) {
        long until = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
