package dev.baton.bench;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.load.Crowd;
import dev.baton.testkit.load.Crowd.Client;
import dev.baton.testkit.load.Crowd.Speech;
import dev.baton.testkit.load.EchoOrigin;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What clients notice of a blocked loop: a crowd on keep-alive connections, one of four loops blocked for five seconds,
 * and how long the answers took that were asked for from that moment on. Baton, then plain Netty, then plain Vert.x.
 *
 * <p>Arguments: how many connections, for how many milliseconds to block. With {@code young} as the third, the loop of
 * a Baton is blocked 2 s after the crowd has joined a process that was just started; the first of three processes warms
 * the crowd up. With {@code all}, both loops of a Baton with two are blocked.
 */
public final class RescueBenchmark {
    private static final int LOOPS = 4;
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long WARMUP_MILLIS = 15_000;
    private static final long YOUNG_MILLIS = 2_000;
    private static final int NEWCOMERS = 200;

    private RescueBenchmark() {}

    /** Prints a row of a table for each. */
    public static void main(String[] arguments) throws Exception {
        int connections = Integer.parseInt(arguments[0]);
        long millis = Long.parseLong(arguments[1]);
        System.out.println(
                "| server | connections | asked while blocked | p50 | p99 | p99.9 | worst | hung for over 1 s |"
                        + " wrong or lost | new connections served meanwhile |");
        System.out.println("|---|---|---|---|---|---|---|---|---|---|");
        if (arguments.length > 2 && arguments[2].equals("young")) {
            for (int i = 0; i < 3; i++) {
                baton(connections, millis, YOUNG_MILLIS);
            }
            return;
        }
        if (arguments.length > 2 && arguments[2].equals("all")) {
            baton(2, connections, millis, WARMUP_MILLIS);
            return;
        }
        baton(connections, millis, WARMUP_MILLIS);
        try (Rivals.Rival netty = Rivals.netty(LOOPS);
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            crowd.join(Speech.HTTP, netty.address(), connections);
            measure("plain Netty", crowd, List.of(netty.address()), netty.address(), millis, WARMUP_MILLIS);
        }
        try (Rivals.Rival vertx = Rivals.vertx(LOOPS);
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            crowd.join(Speech.HTTP, vertx.address(), connections);
            measure("plain Vert.x", crowd, List.of(vertx.address()), vertx.address(), millis, WARMUP_MILLIS);
        }
    }

    private static void baton(int connections, long millis, long warmup) throws Exception {
        baton(LOOPS, connections, millis, warmup);
    }

    /** With two loops both of them are blocked, else one. */
    private static void baton(int loops, int connections, long millis, long warmup) throws Exception {
        Path folder = Files.createTempDirectory("baton-rescue");
        try (EchoOrigin origin = EchoOrigin.start();
                BatonProcess baton = BatonProcess.serve(
                        folder, """
                        version: 1
                        loops: LOOPS
                        admin: { listen: "127.0.0.1:0" }
                        listeners:
                          web: { bind: "127.0.0.1:0", service: shop, balance: least-loaded }
                          raw: { bind: "127.0.0.1:0", service: pass, balance: least-loaded }
                          rehearsal0: { bind: "127.0.0.1:0", service: rehearsal, loops: [0] }
                          rehearsal1: { bind: "127.0.0.1:0", service: rehearsal, loops: [1] }
                        services:
                          shop: { type: http, upstream: app }
                          pass: { type: tcp-proxy, upstream: app }
                          rehearsal: { type: http, routes: [ { handler: { type: chaos, budget: 1m } } ] }
                        upstreams:
                          app: { servers: ["ORIGIN"] }
                        plugins: { enable: [chaos] }
                        """.replace("ORIGIN", origin.address()).replace("LOOPS", Integer.toString(loops)));
                Crowd crowd = new Crowd(PERIOD_NANOS)) {
            crowd.join(Speech.HTTP, baton.listener("web"), connections / 2);
            crowd.join(Speech.LINES, baton.listener("raw"), connections / 4);
            crowd.join(Speech.UPGRADE, baton.listener("raw"), connections / 4);
            List<String> guilty = new ArrayList<>(List.of(baton.listener("rehearsal0")));
            if (loops == 2) {
                guilty.add(baton.listener("rehearsal1"));
            }
            measure("Baton", crowd, guilty, baton.listener("web"), millis, warmup);
            baton.text().lines().filter(line -> line.contains("loop")).forEach(System.err::println);
        } finally {
            Files.deleteIfExists(folder.resolve("baton.yaml"));
            Files.deleteIfExists(folder);
        }
    }

    private static void measure(
            String name, Crowd crowd, List<String> guilty, String newcomers, long millis, long warmup)
            throws IOException {
        // What is used for the first time blocks for as long as its classes take to load, before it does what it is
        // asked to.
        for (String each : guilty) {
            try (Socket first = block(each, 1)) {
                first.getInputStream().read();
            }
        }
        pause(warmup);
        List<Client> clients = crowd.clients();
        long served;
        long begun = System.nanoTime();
        try (Socket one = block(guilty.get(0), millis);
                Socket other = block(guilty.get(guilty.size() - 1), millis)) {
            pause(millis / 5);
            List<Client> late = new ArrayList<>(crowd.join(Speech.HTTP, newcomers, NEWCOMERS));
            pause(millis * 3 / 5);
            served = late.stream().filter(each -> each.answers() > 0).count();
            pause(millis / 5);
        }
        long end = begun + TimeUnit.MILLISECONDS.toNanos(millis);
        pause(millis / 2); // for the answers to come
        long[] nanos = crowd.latencies(begun, end);
        long hung = java.util.Arrays.stream(nanos)
                .filter(each -> each > TimeUnit.SECONDS.toNanos(1))
                .count();
        System.out.printf(
                "| %s | %d | %d | %.1f ms | %.1f ms | %.1f ms | %.1f ms | %d | %d | %d of %d |%n",
                name,
                clients.size(),
                nanos.length,
                at(nanos, 0.5),
                at(nanos, 0.99),
                at(nanos, 0.999),
                at(nanos, 1),
                hung,
                crowd.failures().size(),
                served,
                NEWCOMERS);
        crowd.failures().stream().limit(5).forEach(System.err::println);
    }

    private static Socket block(String address, long millis) throws IOException {
        int colon = address.lastIndexOf(':');
        Socket socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
        String request = "GET /block/" + millis + " HTTP/1.1\r\nHost: x\r\n\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** A quantile of ascending nanoseconds, in ms. */
    static double at(long[] sorted, double quantile) {
        int index = (int) Math.min(sorted.length - 1, Math.floor(sorted.length * quantile));
        return sorted.length == 0 ? 0 : sorted[index] / 1e6;
    }

    private static void pause(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}
