package dev.baton.plugin.httpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;

/** Requests and answers through the proxy's real pipelines, whichever loops the two ends of an exchange are on. */
class HttpProxyWorldTest {

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(HttpProxyPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http-proxy, upstream: app } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(origin.address()));
        return origin;
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    private static String ok(String body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    @InEachWorld
    void shouldForwardOneRequestAfterTheOther(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        for (int i = 0; i < 3; i++) {
            client.send(get("/" + i));
            Peer server = origin.accept(); // nothing keeps connections here
            assertThat(server.readUntil("\r\n\r\n")).startsWith("GET /" + i + " HTTP/1.1\r\n");
            server.send(ok("page " + i));
            assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK\r\n");
            client.expect("page " + i);
            server.expectEnd();
        }
    }

    @InEachWorld
    void shouldForwardABodyBothWays(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send("POST /in HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\n01234");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.expect("01234");
        client.send("56789");
        server.expect("56789");
        server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
        client.readUntil("\r\n\r\n");
        client.expect("5\r\nabcde\r\n");
        server.send("0\r\n\r\n");
        client.expect("0\r\n\r\n");
    }

    @InEachWorld
    void shouldAnswerForAServerThatDies(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.expect("x");
        server.reset();
        assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 502 ");
    }

    /** The client goes while its request is under way: the exchange ends on both sides and nothing is left of it. */
    @InEachWorld
    void shouldForgetAClientThatLeaves(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send(get("/slow"));
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly a part");
        client.reset();
        assertThat(server.readAll()).isEmpty();
    }
}
