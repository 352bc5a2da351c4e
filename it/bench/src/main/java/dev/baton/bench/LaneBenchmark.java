package dev.baton.bench;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * What clients of a modest service notice of a greedy one, whose handler computes for 5 ms in every request and whose
 * clients ask again as soon as they are answered: rounds in which the modest one is alone and in which the greedy one
 * is there take turns, on one process whose greedy service has a lane and on one where it has none.
 *
 * <p>Arguments: how many clients of the modest service, how many rounds, of how many seconds.
 */
public final class LaneBenchmark {
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long WARMUP_SECONDS = 15;
    /** Until the greedy one has its loops, and its connections are there. */
    private static final long SETTLE_SECONDS = 8;

    private static final int GREEDY = 32;
    private static final byte[] REQUEST = "GET /spin/5 HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private LaneBenchmark() {}

    /** Prints the rows of a table. */
    public static void main(String[] arguments) throws Exception {
        int clients = Integer.parseInt(arguments[0]);
        int rounds = Integer.parseInt(arguments[1]);
        long seconds = Long.parseLong(arguments[2]);
        System.out.println("| greedy service | round | modest: p50 | p99 | p99.9 | worst | wrong or lost |"
                + " p99 beside / alone | greedy answers a second |");
        System.out.println("|---|---|---|---|---|---|---|---|---|");
        run("with a lane", "lane: { loops: 2, cpu: 50% }", clients, rounds, seconds);
        run("without", "", clients, rounds, seconds);
    }

    private static void run(String name, String lane, int clients, int rounds, long seconds) throws Exception {
        Path folder = Files.createTempDirectory("baton-lanes");
        try (EchoOrigin origin = EchoOrigin.start();
                BatonProcess baton = BatonProcess.serve(
                        folder, """
                        version: 1
                        loops: 2
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          modest: { bind: "127.0.0.1:0", service: modest }
                          greedy: { bind: "127.0.0.1:0", service: greedy }
                        services:
                          modest: { type: http, upstream: app }
                          greedy:
                            type: http
                            routes: [ { handler: { type: chaos, timeout: 60s, budget: 1m } } ]
                            LANE
                        upstreams:
                          app: { servers: ["ORIGIN"] }
                        plugins: { enable: [chaos] }
                        """.replace("ORIGIN", origin.address()).replace("LANE", lane));
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            crowd.join(Speech.HTTP, baton.listener("modest"), clients);
            pause(WARMUP_SECONDS);
            List<Double> ratios = new ArrayList<>();
            for (int round = 1; round <= rounds; round++) {
                double alone = row(name, round + ", alone", crowd, seconds, Double.NaN, new LongAdder());
                LongAdder answers = new LongAdder();
                AtomicBoolean over = new AtomicBoolean();
                List<Thread> greedy = greedy(baton.listener("greedy"), over, answers);
                pause(SETTLE_SECONDS);
                ratios.add(row(name, round + ", beside it", crowd, seconds, alone, answers) / alone);
                over.set(true);
                for (Thread thread : greedy) {
                    thread.join();
                }
                pause(2);
            }
            double[] sorted = ratios.stream().mapToDouble(each -> each).sorted().toArray();
            System.err.println(name + ": p99 beside / alone " + Arrays.toString(sorted));
            baton.text()
                    .lines()
                    .filter(line -> line.contains("INFO") || line.contains("WARN"))
                    .forEach(System.err::println);
        } finally {
            Files.deleteIfExists(folder.resolve("baton.yaml"));
            Files.deleteIfExists(folder);
        }
    }

    /** Prints what the crowd has seen in a time; returns its p99. */
    private static double row(String name, String round, Crowd crowd, long seconds, double alone, LongAdder answers) {
        long before = answers.sum();
        long begun = System.nanoTime();
        pause(seconds);
        long[] nanos = crowd.latencies(begun, System.nanoTime());
        double p99 = RescueBenchmark.at(nanos, 0.99);
        System.out.printf(
                "| %s | %s | %.2f ms | %.2f ms | %.1f ms | %.1f ms | %d | %s | %.0f |%n",
                name,
                round,
                RescueBenchmark.at(nanos, 0.5),
                p99,
                RescueBenchmark.at(nanos, 0.999),
                RescueBenchmark.at(nanos, 1),
                crowd.failures().size(),
                Double.isNaN(alone) ? "" : String.format("%.2f", p99 / alone),
                (answers.sum() - before) / (double) seconds);
        return p99;
    }

    private static List<Thread> greedy(String address, AtomicBoolean over, LongAdder answers) {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < GREEDY; i++) {
            Thread thread = new Thread(() -> ask(address, over, answers), "greedy client");
            threads.add(thread);
            thread.start();
        }
        return threads;
    }

    private static void ask(String address, AtomicBoolean over, LongAdder answers) {
        int colon = address.lastIndexOf(':');
        try (Socket socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))) {
            while (!over.get()) {
                socket.getOutputStream().write(REQUEST);
                int length = 0;
                for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                    if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                        length = Integer.parseInt(line.substring(15).trim());
                    }
                }
                if (in.skip(length) != length) {
                    throw new IOException("an answer was cut");
                }
                answers.increment();
            }
        } catch (IOException e) {
            System.err.println("a greedy client: " + e);
        }
    }

    private static void pause(long seconds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
