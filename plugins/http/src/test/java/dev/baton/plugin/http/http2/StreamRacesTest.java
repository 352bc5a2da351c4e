package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import io.netty.handler.codec.http2.Http2Error;
import java.util.ArrayList;
import java.util.List;

/**
 * Row F26: streams of the one connection to a server end, and the connection goes away, while exchanges of two loops
 * look for a stream, wait for one, and are on their way to one. None may be lost, served twice, or wait for ever.
 */
class StreamRacesTest {
    private static final int CLIENTS = 6;

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams:
                  app: { servers: ["%s"], protocol: http/2, max-connections: 1, queue-timeout: 60s, connect-timeout: 60s }
                """.formatted(origin.address()));
        return origin;
    }

    private static List<Peer> ask(PluginWorld world) {
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) { // so many that some are on each loop
            Peer client = world.connect("web");
            client.send("GET /" + i + " HTTP/1.1\r\nHost: shop\r\n\r\n");
            clients.add(client);
        }
        return clients;
    }

    private static int stream(String head) {
        return Integer.parseInt(head.split(" ", -1)[1]);
    }

    private static String path(String head) {
        return head.replaceAll(".*:path=(\\S+).*", "$1");
    }

    private static void allAnswered(List<Peer> clients) {
        for (int i = 0; i < CLIENTS; i++) {
            assertThat(clients.get(i).readUntil("\r\n\r\n")).contains("204 ", "x-path: /" + i + "\r\n");
        }
    }

    @InEachWorld
    void shouldWakeAnExchangeForEachStreamThatEnds(PluginWorld world) {
        Origin origin = start(world);
        Peer stays = world.connect("web"); // else the connection may rest, which none does without a plugin for pools
        stays.send("GET /stays HTTP/1.1\r\nHost: shop\r\n\r\n");
        Http2Client server = Http2Client.serving(origin.accept(), 3, 2);
        assertThat(path(server.next("HEADERS"))).isEqualTo("/stays");
        List<Peer> clients = ask(world);
        for (int answered = 0; answered < CLIENTS; ) {
            String next = server.next();
            if (next.startsWith("HEADERS")) { // one that came before the settings were read may be refused
                server.send(server.answer(stream(next), true, "204", "x-path", path(next)));
                answered++;
            }
        }
        allAnswered(clients);
        server.send(server.answer(3, true, "204"));
        assertThat(stays.readUntil("\r\n\r\n")).contains("204 ");
    }

    @InEachWorld
    void shouldLoseNoExchangeToAConnectionThatGoesAway(PluginWorld world) {
        Origin origin = start(world);
        List<Peer> clients = ask(world);
        for (int answered = 0; answered < CLIENTS; answered++) {
            Http2Client server = Http2Client.serving(origin.accept());
            String first = server.next("HEADERS");
            server.send(
                    Http2Client.goAway(stream(first), Http2Error.NO_ERROR),
                    server.answer(stream(first), true, "204", "x-path", path(first)));
        }
        allAnswered(clients);
    }

    @InEachWorld
    void shouldLoseNoExchangeToAStreamThatIsRefused(PluginWorld world) {
        Origin origin = start(world);
        Peer stays = world.connect("web");
        stays.send("GET /stays HTTP/1.1\r\nHost: shop\r\n\r\n");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(path(server.next("HEADERS"))).isEqualTo("/stays");
        List<Peer> clients = ask(world);
        int seen = 0;
        for (int answered = 0; answered < CLIENTS; ) {
            String next = server.next("HEADERS");
            if (++seen % 2 == 0) {
                server.send(server.answer(stream(next), true, "204", "x-path", path(next)));
                answered++;
            } else {
                server.send(Http2Client.reset(stream(next), Http2Error.REFUSED_STREAM));
            }
        }
        allAnswered(clients);
        server.send(server.answer(3, true, "204"));
        assertThat(stays.readUntil("\r\n\r\n")).contains("204 ");
    }
}
