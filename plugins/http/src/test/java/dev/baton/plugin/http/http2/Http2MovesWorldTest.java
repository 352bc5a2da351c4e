package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.rebalance.LoopRebalancePlugin;
import dev.baton.plugin.rescue.LoopRescuePlugin;
import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.LoopSnapshot;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Connections of HTTP/2 that others move: from a loop that is blocked, and from one that has too much to do. */
class Http2MovesWorldTest {
    /** Far more than the test needs, which ends the block itself. */
    private static final long BLOCK_SECONDS_MAX = 30;

    private static final int STREAMS = 10;

    private static volatile CountDownLatch released = new CountDownLatch(1);

    /** A filter that blocks its loop until the test says so, which none should. */
    static final class BlockerPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.httpFilter("blocker", NoKeys.class, Blockers.class);
        }
    }

    /** Nothing to configure. */
    record NoKeys() {}

    static final class Blockers implements Configured<NoKeys, HttpFilter> {
        @Override
        public HttpFilter create(NoKeys config) {
            return new Blocker();
        }
    }

    private static final class Blocker implements HttpFilter {
        @Override
        public HttpVerdict request(HttpExchange exchange) {
            try {
                assertThat(released.await(BLOCK_SECONDS_MAX, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return HttpVerdict.CONTINUE;
        }
    }

    private static long blocked(PluginWorld world) {
        return world.view().loops().stream().filter(LoopSnapshot::blocked).count();
    }

    /** The bodies of the odd streams come from the client, those of the even ones from the server. */
    @InEachWorld(worlds = Where.REAL, because = "the watchdog has a thread and a clock of its own")
    void shouldCarryManyStreamsWhileAnotherConnectionBlocksTheirLoop(PluginWorld world) {
        released = new CountDownLatch(1);
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class).plugin(BlockerPlugin.class).plugin(LoopRescuePlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop, loops: [0] } }
                services:
                  shop:
                    type: http
                    routes:
                      - { match: { path: "/block" }, filters: [ { type: blocker } ], respond: { status: 200, body: "ok" } }
                      - { upstream: app }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(origin.address()));
        Http2Client client = Http2Client.over(world.connect("web"));
        List<Peer> servers = new ArrayList<>();
        for (int i = 0; i < STREAMS; i++) {
            int stream = 1 + 2 * i;
            client.send(client.post(stream, "/" + stream), Http2Client.data(stream, "first", false));
            Peer server = origin.accept();
            server.readUntil("\r\n\r\n5\r\nfirst\r\n");
            if (i % 2 == 0) {
                server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
                assertThat(client.next()).startsWith("HEADERS " + stream + " :status=200");
                assertThat(client.next()).isEqualTo("DATA " + stream + " abc");
            }
            servers.add(server);
        }
        Http2Client guilty = Http2Client.over(world.connect("web"));
        guilty.send(guilty.get(1, "/block"));
        world.await("the watchdog sees it", () -> blocked(world) == 1);

        for (int i = 0; i < STREAMS; i++) {
            int stream = 1 + 2 * i;
            client.send(Http2Client.data(stream, "second", true));
            Peer server = servers.get(i);
            server.readUntil("6\r\nsecond\r\n0\r\n\r\n");
            if (i % 2 == 0) {
                server.send("3\r\ndef\r\n0\r\n\r\n");
                String rest = client.next();
                assertThat(rest.endsWith("END") ? rest : rest + " " + client.next())
                        .isIn("DATA " + stream + " def END", "DATA " + stream + " def DATA " + stream + "  END");
            } else {
                server.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertThat(client.next()).isEqualTo("HEADERS " + stream + " :status=204 END");
            }
        }
        assertThat(blocked(world)).as("still").isEqualTo(1);

        released.countDown();
        assertThat(guilty.next()).startsWith("HEADERS 1 :status=200");
        assertThat(guilty.next()).isEqualTo("DATA 1 ok END");
        world.await("the loop is one like the others", () -> blocked(world) == 0);
    }

    private static long owned(PluginWorld world, String loop) {
        return world.view().fds().stream()
                .filter(fd -> fd.kind().equals("downstream") && fd.owner().equals(loop))
                .count();
    }

    /**
     * Two connections that keep one loop busy, with many streams each, come to have one each. Requests always wait on
     * both, so that the loop is as busy as the machine lets it be.
     */
    @InEachWorld
    void shouldPartTwoHotConnections(PluginWorld world) {
        assumeTrue(
                world.where() == Where.SIMULATION || Runtime.getRuntime().availableProcessors() > 1,
                "nothing is moved where loops cannot run at the same time");
        world.plugin(HttpPlugin.class).plugin(LoopRebalancePlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop, loops: [0] } }
                services: { shop: { type: http, routes: [ { respond: { status: 204 } } ] } }
                loop-rebalance: { period: 50ms, window: 50ms, periods: 1, high-water: 2%, low-water: 1%, floor: 1%, moves: 100/s, rest: 1h }
                """);
        List<Asking> clients = List.of(new Asking(world), new Asking(world));
        int rounds = world.where() == Where.SIMULATION ? 1 : 20;
        clients.forEach(Asking::ask);
        world.await("each loop has one", () -> {
            for (int i = 0; i < rounds; i++) {
                clients.forEach(Asking::ask);
                clients.forEach(Asking::readOfOne);
            }
            return owned(world, "0") == 1 && owned(world, "1") == 1;
        });
        clients.forEach(Asking::ask);
        for (Asking each : clients) {
            each.readOfOne();
            each.readOfOne();
            assertThat(each.waiting).isEmpty();
        }
    }

    /** A client with so many requests at once that some of them always wait for an answer. */
    private static final class Asking {
        private final Http2Client client;
        /** Streams that were asked on and not answered. */
        private final Set<Integer> waiting = new HashSet<>();

        private int next = 1;

        Asking(PluginWorld world) {
            client = Http2Client.over(world.connect("web"));
        }

        void ask() {
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < STREAMS; i++) {
                requests.append(client.get(next, "/"));
                waiting.add(next);
                next += 2;
            }
            client.send(requests.toString());
        }

        /** Reads as many answers as one call of {@link #ask} has asked for. */
        void readOfOne() {
            for (int i = 0; i < STREAMS; i++) {
                String line = client.next();
                assertThat(line).contains(" :status=204").endsWith(" END");
                assertThat(waiting.remove(Integer.valueOf(line.split(" ", -1)[1])))
                        .isTrue();
            }
        }
    }
}
