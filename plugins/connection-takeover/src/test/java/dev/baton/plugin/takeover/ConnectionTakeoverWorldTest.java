package dev.baton.plugin.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.ArrayList;
import java.util.List;

/** Clients on whichever loops share one upstream connection: an idle one is taken from the loop that used it last. */
class ConnectionTakeoverWorldTest {

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class).plugin(ConnectionTakeoverPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
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

    private static PoolSnapshot pool(PluginWorld world) {
        return world.view().pools().get(0);
    }

    @InEachWorld
    void shouldServeAllClientsByOneConnection(PluginWorld world) {
        Origin origin = start(world);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            clients.add(world.connect("web"));
        }
        clients.get(0).send(get("/0"));
        Peer server = origin.accept();
        int exchanges = 8;
        for (int i = 0; i < exchanges; i++) {
            Peer client = clients.get(i % clients.size());
            if (i > 0) {
                client.send(get("/" + i));
            }
            assertThat(server.readUntil("\r\n\r\n")).startsWith("GET /" + i + " ");
            server.send(ok("page " + i));
            client.readUntil("\r\n\r\n");
            client.expect("page " + i);
            world.await("it is idle again", () -> pool(world).idle() == 1);
        }
        PoolSnapshot pool = pool(world);
        assertThat(pool.connects()).isEqualTo(1);
        assertThat(pool.reusesLocal() + pool.reusesTakeover()).isEqualTo(exchanges - 1);
    }

    /** A server's close meets a request: the idle connection is stale, and the request goes out on a new one. */
    @InEachWorld
    void shouldNotServeByWhatTheServerHasClosed(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("web");
        client.send(get("/0"));
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send(ok("page"));
        server.close();
        client.readUntil("\r\n\r\n");
        client.expect("page");
        Peer other = world.connect("web");
        other.send(get("/1"));
        Peer next = origin.accept();
        assertThat(next.readUntil("\r\n\r\n")).startsWith("GET /1 ");
        next.send(ok("next"));
        other.readUntil("\r\n\r\n");
        other.expect("next");
    }
}
