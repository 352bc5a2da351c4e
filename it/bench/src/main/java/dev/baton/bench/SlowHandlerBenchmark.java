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
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * What clients of a fast route notice of a handler that blocks its loop for 100 ms in every request, as one that asks a
 * database would: as many clients of each, from the moment when those of the handler begin.
 *
 * <p>Arguments: how many clients of each, for how many seconds.
 */
public final class SlowHandlerBenchmark {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long WARMUP_SECONDS = 10;

    private SlowHandlerBenchmark() {}

    /** Prints the rows of a table. */
    public static void main(String[] arguments) throws Exception {
        int clients = Integer.parseInt(arguments[0]);
        long seconds = Long.parseLong(arguments[1]);
        System.out.println("| clients of the fast route, 2 loops | p50 | p99 | p99.9 | worst | wrong or lost |"
                + " answers of the handler a second | others than 200 |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        Path folder = Files.createTempDirectory("baton-slow");
        try (EchoOrigin origin = EchoOrigin.start();
                BatonProcess baton = BatonProcess.serve(folder, """
                        version: 1
                        loops: 2
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          web: { bind: "127.0.0.1:0", service: shop }
                        services:
                          shop:
                            type: http
                            routes:
                              - { match: { path: "/block/*" }, handler: { type: chaos, timeout: 60s } }
                              - { upstream: app }
                        upstreams:
                          app: { servers: ["ORIGIN"] }
                        plugins: { enable: [chaos] }
                        """.replace("ORIGIN", origin.address()));
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            String web = baton.listener("web");
            crowd.join(Speech.HTTP, web, clients);
            pause(WARMUP_SECONDS);
            measure("alone", crowd, null, clients, seconds);
            measure("beside the handler", crowd, web, clients, seconds);
            measure("the same, later", crowd, web, clients, seconds);
            baton.text().lines().filter(line -> line.contains(" WARN ")).forEach(System.err::println);
        } finally {
            Files.deleteIfExists(folder.resolve("baton.yaml"));
            Files.deleteIfExists(folder);
        }
    }

    private static void measure(String name, Crowd crowd, String slow, int clients, long seconds)
            throws IOException, InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        LongAdder fine = new LongAdder();
        LongAdder others = new LongAdder();
        List<Thread> threads = new ArrayList<>();
        long begun = System.nanoTime();
        for (int i = 0; slow != null && i < clients; i++) {
            Thread thread = new Thread(() -> ask(slow, over, fine, others), "slow client");
            threads.add(thread);
            thread.start();
        }
        pause(seconds);
        long[] nanos = crowd.latencies(begun, System.nanoTime());
        over.set(true);
        System.out.printf(
                "| %s | %.1f ms | %.1f ms | %.1f ms | %.1f ms | %d | %.0f | %d |%n",
                name,
                RescueBenchmark.at(nanos, 0.5),
                RescueBenchmark.at(nanos, 0.99),
                RescueBenchmark.at(nanos, 0.999),
                RescueBenchmark.at(nanos, 1),
                crowd.failures().size(),
                fine.sum() / (double) seconds,
                others.sum());
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static void ask(String address, AtomicBoolean over, LongAdder fine, LongAdder others) {
        int colon = address.lastIndexOf(':');
        try (Socket socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))) {
            byte[] request = "GET /block/100 HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
            while (!over.get()) {
                socket.getOutputStream().write(request);
                String status = in.readLine();
                int length = 0;
                for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                    if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
                        length = Integer.parseInt(line.substring(15).trim());
                    }
                }
                if (in.skip(length) != length || status == null || !status.startsWith("HTTP/1.1 200")) {
                    others.increment();
                } else {
                    fine.increment();
                }
            }
        } catch (IOException e) {
            others.increment();
        }
    }

    private static void pause(long seconds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
