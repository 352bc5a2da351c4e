package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpServiceFactory;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ByteRate;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import dev.baton.testkit.sim.Exploration;
import dev.baton.testkit.sim.SimPeer;
import dev.baton.testkit.sim.SimServer;
import dev.baton.testkit.sim.Simulation;
import dev.baton.testkit.sim.World;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * F4: a listener on the partner's promise, or a plain call, touches this channel's state on another loop. The real
 * pipelines of the HTTP proxy, whose two ends are taken to different loops again and again while requests and answers
 * with bodies go through, piece by piece: each answer is that of its request, and each end is touched under its own
 * claim only, which it asserts.
 */
class F4BothEndsApartTest {
    private static final int LOOPS = 3;
    private static final int CLIENTS = 2;
    private static final int REQUESTS = 3;
    private static final Duration TICK = Duration.ofNanos(100_000);
    /** More than one read, more than a socket's buffer. */
    private static final int BODY = 6_000;

    @Test
    void eachAnswerIsThatOfItsRequest() {
        int[] apart = {0};
        Exploration.explore(20, simulation -> exchanges(simulation, apart));
        assertThat(apart[0]).as("looks that found the ends on different loops").isPositive();
    }

    private static void exchanges(Simulation simulation, int[] apart) {
        World world = dev.baton.simulation.Loops.world(simulation, LOOPS);
        SimServer server = world.server();
        App app = new App(world, 8, Duration.ofMinutes(1));
        Service proxy = proxy(world, app);
        Web web = new Web(world, 100);
        web.serving = connection -> proxy.initialize(connection, "web");
        web.start();
        simulation.run();
        int asked = world.posix().faults().calls("localAddress");
        int[] left = {CLIENTS};
        simulation.thread("O", () -> serve(simulation, server, left));
        simulation.thread("M", () -> {
            for (int turn = 0; left[0] > 0; turn++) {
                move(world, web.accepted, turn);
                move(world, app.channels, turn + 1);
                simulation.sleep(TICK);
                apart[0] += areApart(web.accepted, app.channels) ? 1 : 0;
            }
        });
        for (int i = 0; i < CLIENTS; i++) {
            String name = "c" + i;
            simulation.thread("C" + i, () -> {
                ask(world, web, name);
                left[0]--;
            });
        }
        simulation.run();
        assertThat(world.posix().faults().calls("localAddress"))
                .as("a call for each connection, and nobody wants to know")
                .isEqualTo(asked);
        web.finish();
        app.close();
        simulation.run();
        server.close();
        world.end();
    }

    private static void ask(World world, Web web, String name) {
        SimPeer peer = world.network().connect(web.address());
        for (int i = 0; i < REQUESTS; i++) {
            String token = name + "." + i;
            String body = (token + " ").repeat(BODY / (token.length() + 1));
            String request = "POST /" + token + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + body.length()
                    + "\r\n\r\n" + body;
            StringBuilder answer = new StringBuilder();
            int sent = 0;
            while (sent < request.length() || !isWhole(answer)) {
                if (sent < request.length()) {
                    sent += send(peer, request, sent);
                }
                answer.append(peer.received());
                world.simulation().sleep(TICK);
            }
            assertThat(answer.toString()).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\n" + body);
        }
        peer.close();
    }

    /** Sends back the body of each request, until all clients are done. */
    private static void serve(Simulation simulation, SimServer server, int[] left) {
        Map<SimPeer, StringBuilder> heard = new LinkedHashMap<>();
        Map<SimPeer, String> unsent = new LinkedHashMap<>();
        while (left[0] > 0) {
            SimPeer fresh = server.tryAccept();
            if (fresh != null) {
                heard.put(fresh, new StringBuilder());
            }
            for (Map.Entry<SimPeer, StringBuilder> each : heard.entrySet()) {
                SimPeer peer = each.getKey();
                StringBuilder text = each.getValue();
                text.append(peer.received());
                if (isWhole(text)) {
                    String body = text.substring(text.indexOf("\r\n\r\n") + 4);
                    text.setLength(0);
                    unsent.put(peer, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
                }
                String rest = unsent.getOrDefault(peer, "");
                unsent.put(peer, rest.substring(send(peer, rest, 0)));
            }
            simulation.sleep(TICK);
        }
        heard.keySet().forEach(SimPeer::close);
    }

    /** How many bytes of a piece fitted. */
    private static int send(SimPeer peer, String text, int from) {
        if (from == text.length()) {
            return 0;
        }
        byte[] piece =
                text.substring(from, Math.min(text.length(), from + 2_000)).getBytes(StandardCharsets.ISO_8859_1);
        return Math.max(0, peer.trySend(piece));
    }

    private static boolean isWhole(StringBuilder message) {
        int head = message.indexOf("\r\n\r\n");
        if (head < 0) {
            return false;
        }
        String field = "content-length: ";
        String lower = message.substring(0, head + 2).toLowerCase(Locale.ROOT);
        int at = lower.indexOf(field) + field.length();
        return message.length() >= head + 4 + Integer.parseInt(lower.substring(at, lower.indexOf("\r\n", at)));
    }

    private static void move(World world, List<MovableChannel> channels, int turn) {
        int loop = turn % LOOPS;
        for (MovableChannel each : List.copyOf(channels)) {
            if (each.fd() != null && each.isOpen()) {
                world.loop(loop)
                        .execute(() -> dev.baton.simulation.Loops.take(world, (MovableSocketChannel) each, loop));
            }
        }
    }

    private static boolean areApart(List<MovableChannel> downstream, List<MovableChannel> upstream) {
        for (MovableChannel one : downstream) {
            for (MovableChannel other : upstream) {
                if (one.isOpen() && other.isOpen() && one.loop() != other.loop()) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Service proxy(World world, App app) {
        Counts counts = new Counts();
        Duration ages = Duration.ofMinutes(10);
        return new HttpServiceFactory()
                .create(
                        "shop",
                        new HttpConfig(
                                "app",
                                new ByteSize(8_192),
                                Optional.empty(),
                                ages,
                                ages,
                                ages,
                                ages,
                                new ByteRate(0),
                                ages),
                        new ServiceContext() {
                            @Override
                            public Upstream upstream(String name) {
                                return app.upstream();
                            }

                            @Override
                            public Loops loops() {
                                return world.loops();
                            }

                            @Override
                            public Metrics metrics() {
                                return counts;
                            }
                        });
    }
}
