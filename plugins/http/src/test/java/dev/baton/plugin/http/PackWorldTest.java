package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.time.Duration;

/** Connections that are packed and unpacked again, as in an upgrade, at any moment and on any loop. */
class PackWorldTest {
    private static final String SWITCH =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n";

    private static Origin start(PluginWorld world, String more) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app%s } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(more, origin.address()));
        return origin;
    }

    /** Asks until a connection was packed so often. */
    private static void repack(PluginWorld world, int times) {
        int[] packed = {0};
        world.await("a connection that was packed " + times + " times", () -> {
            packed[0] += world.repack("web");
            return packed[0] >= times;
        });
    }

    private static Peer tunnel(Origin origin, Peer client) {
        client.send("GET /chat HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send(SWITCH);
        assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 101 ");
        return server;
    }

    @InEachWorld
    void shouldGoOnBetweenRequests(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        repack(world, 1);
        for (int i = 0; i < 3; i++) {
            client.send("GET /" + i + " HTTP/1.1\r\nHost: test\r\n\r\n");
            Peer server = origin.accept();
            assertThat(server.readUntil("\r\n\r\n")).startsWith("GET /" + i + " HTTP/1.1\r\n");
            assertThat(world.repack("web")).as("in the middle of an exchange").isZero();
            server.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npage " + i);
            assertThat(client.readUntil("\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 OK\r\n")
                    .doesNotContain("Connection");
            client.expect("page " + i);
            server.expectEnd();
            repack(world, 2);
        }
    }

    /** Its first bytes are in the kernel, unread, or decoded. */
    @InEachWorld
    void shouldGoOnWithARequestThatHasBegun(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        String request = "POST /in HTTP/1.1\r\nHost: test\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 10\r\n\r\n0123456789";
        for (int i = 0; i < 3; i++) {
            for (int from = 0; from < request.length(); from += 7) {
                client.send(request.substring(from, Math.min(from + 7, request.length())));
                world.repack("web");
            }
            Peer server = origin.accept();
            assertThat(server.readUntil("\r\n\r\n"))
                    .startsWith("POST /in HTTP/1.1\r\nHost: test\r\nX-A: 1\r\nX-A: 2\r\n");
            server.expect("0123456789");
            server.send("HTTP/1.1 204 No Content\r\n\r\n");
            assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 204 ");
            server.expectEnd();
        }
    }

    /** Bytes are on their way in both directions, in the kernel, in the ends, and between loops. */
    @InEachWorld
    void shouldLoseNoByteOfATunnel(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        Peer server = tunnel(origin, client);
        repack(world, 1);
        String piece = "0123456789".repeat(100);
        int pieces = 12;
        for (int i = 0; i < pieces; i++) {
            server.send(piece);
            client.send(piece);
            world.repack("web");
        }
        for (int i = 0; i < pieces; i++) {
            client.expect(piece);
            world.repack("web");
            server.expect(piece);
        }
        repack(world, 2);
        server.send("last");
        server.close();
        client.expect("last");
        client.expectEnd();
    }

    /** The client goes: its server hears of it, and what had been sent arrives. */
    @InEachWorld
    void shouldEndATunnelThatWasPacked(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        Peer server = tunnel(origin, client);
        client.send("last");
        repack(world, 1);
        client.close();
        server.expect("last");
        server.expectEnd();
    }

    /** The end of a tunnel by a reset must not look like one in order. */
    @InEachWorld
    void shouldResetATunnelThatWasPacked(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        Peer server = tunnel(origin, client);
        repack(world, 1);
        server.reset();
        client.expectReset();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldKeepTheTimeLimits(PluginWorld world) {
        Origin origin = start(world, ", tunnel-timeout: 8s, idle-timeout: 8s");
        Peer client = world.connect("web");
        Peer server = tunnel(origin, client);
        for (int i = 0; i < 2; i++) {
            world.pass(Duration.ofMillis(2_500));
            repack(world, 1);
        }
        world.pass(Duration.ofMillis(2_800));
        client.send("in time");
        server.expect("in time");
        world.pass(Duration.ofSeconds(9));
        server.expectEnd();
        client.expectEnd();
    }
}
