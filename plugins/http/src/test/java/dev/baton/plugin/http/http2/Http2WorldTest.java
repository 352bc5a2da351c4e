package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.util.ArrayList;
import java.util.List;

/** Connections that carry many exchanges, whichever loops they are on and whenever they change them. */
class Http2WorldTest {
    /** So many that some are on each loop. */
    private static final int CLIENTS = 4;

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(origin.address()));
        return origin;
    }

    @InEachWorld
    void shouldCarryOneExchangeAfterTheOther(PluginWorld world) {
        Origin origin = start(world);
        Http2Client client = Http2Client.over(world.connect("web"));
        for (int stream = 1; stream < 7; stream += 2) {
            client.send(client.get(stream, "/" + stream));
            Peer server = origin.accept();
            assertThat(server.readUntil("\r\n\r\n")).startsWith("GET /" + stream + " HTTP/1.1\r\n");
            server.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage");
            assertThat(client.next()).startsWith("HEADERS " + stream + " :status=200");
            assertThat(client.next()).isEqualTo("DATA " + stream + " page END");
        }
    }

    /** Rows F3 and F4: all streams of a connection change loops with it, in the middle of bodies in both directions. */
    @InEachWorld
    void shouldMoveAConnectionWithAllItsStreams(PluginWorld world) {
        Origin origin = start(world);
        List<Http2Client> clients = new ArrayList<>();
        List<Peer> downloads = new ArrayList<>();
        List<Peer> uploads = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Http2Client client = Http2Client.over(world.connect("web"));
            clients.add(client);
            client.send(client.get(1, "/down"));
            Peer download = origin.accept();
            download.readUntil("\r\n\r\n");
            download.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
            assertThat(client.next()).startsWith("HEADERS 1 :status=200");
            assertThat(client.next()).isEqualTo("DATA 1 abc");
            downloads.add(download);
            client.send(client.post(3, "/up"), Http2Client.data(3, "first", false));
            Peer upload = origin.accept();
            upload.readUntil("\r\n\r\n");
            upload.expect("5\r\nfirst\r\n");
            uploads.add(upload);
        }
        world.retireLoop(1);
        for (int i = 0; i < CLIENTS; i++) {
            Http2Client client = clients.get(i);
            downloads.get(i).send("3\r\ndef\r\n0\r\n\r\n");
            String rest = client.next();
            assertThat(rest.endsWith("END") ? rest : rest + " " + client.next())
                    .isIn("DATA 1 def END", "DATA 1 def DATA 1  END");
            client.send(Http2Client.data(3, "second", true));
            uploads.get(i).expect("6\r\nsecond\r\n0\r\n\r\n");
            uploads.get(i).send("HTTP/1.1 204 No Content\r\n\r\n");
            assertThat(client.next()).isEqualTo("HEADERS 3 :status=204 END");
            client.send(client.get(5, "/next"));
            Peer next = origin.accept();
            next.readUntil("\r\n\r\n");
            next.send("HTTP/1.1 204 No Content\r\n\r\n");
            assertThat(client.next()).isEqualTo("HEADERS 5 :status=204 END");
        }
    }

    /** What a client may not be sent yet goes out on the loop that the connection is on by then. */
    @InEachWorld
    void shouldKeepWindowsWhenAConnectionMoves(PluginWorld world) {
        Origin origin = start(world);
        List<Http2Client> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            Http2Client client = Http2Client.over(world.connect("web"));
            clients.add(client);
            client.send(Http2Client.settings(4, 5), client.get(1, "/"));
            Peer server = origin.accept();
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
            assertThat(client.next()).startsWith("HEADERS 1 :status=200");
            assertThat(client.next()).isEqualTo("DATA 1 01234");
        }
        world.retireLoop(1);
        for (Http2Client client : clients) {
            client.send(Http2Client.window(1, 5));
            assertThat(client.next()).isEqualTo("DATA 1 56789 END");
        }
    }
}
