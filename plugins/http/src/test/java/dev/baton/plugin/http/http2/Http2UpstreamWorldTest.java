package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.spi.admin.PoolSnapshot;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import io.netty.handler.codec.http2.Http2Error;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Servers that speak HTTP/2, whose connections exchanges of several clients and loops share. */
class Http2UpstreamWorldTest {
    /** Longer than an answer to a PING is waited for. */
    private static final Duration PROBE = Duration.ofSeconds(6);

    private static final String ASKED = " :method=GET :authority=shop :scheme=http :path=";
    private static final String FORWARDED = " x-forwarded-for=127.0.0.1 x-forwarded-host=shop x-forwarded-proto=http";

    private static final String WEBSOCKET = String.join(
            "\r\n",
            "GET /chat HTTP/1.1",
            "Host: shop",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "",
            "");

    private static Origin start(PluginWorld world, String keys) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams: { app: { servers: ["%s"], protocol: http/2%s } }
                """.formatted(origin.address(), keys));
        return origin;
    }

    private static Peer client(PluginWorld world, String path) {
        Peer client = world.connect("web");
        client.send("GET " + path + " HTTP/1.1\r\nHost: shop\r\n\r\n");
        return client;
    }

    private static void awaitWaiting(PluginWorld world, int count) {
        world.await(
                count + " wait",
                () -> world.view().pools().stream()
                                .mapToInt(PoolSnapshot::waiting)
                                .sum()
                        == count);
    }

    private static String head(Peer client) {
        return client.readUntil("\r\n\r\n").replaceAll("(?i)date: [^\r]*\r\n", "");
    }

    @InEachWorld
    void shouldCarryOneExchangeAfterTheOther(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Peer longer = client(world, "/long");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3" + ASKED + "/long");
        Peer client = world.connect("web");
        for (int stream = 5; stream < 11; stream += 2) {
            client.send("GET /" + stream + " HTTP/1.1\r\nHost: shop\r\nTE: trailers\r\nCookie: a=1\r\n\r\n");
            assertThat(server.next())
                    .isEqualTo("HEADERS " + stream + ASKED + "/" + stream + " cookie=a=1" + FORWARDED
                            + " te=trailers END");
            server.send(
                    server.answer(stream, false, "103", "link", "a"),
                    server.answer(stream, false, "200", "content-length", "4", "x-lower", "a"),
                    Http2Client.data(stream, "page", true));
            assertThat(head(client)).isEqualTo("HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n");
            assertThat(head(client)).isEqualTo("HTTP/1.1 200 OK\r\nx-lower: a\r\nContent-Length: 4\r\n\r\n");
            client.expect("page");
        }
        server.send(server.answer(3, true, "304", "content-length", "9"));
        assertThat(head(longer)).isEqualTo("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
    }

    @InEachWorld
    void shouldShareOneConnectionAmongClients(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        List<Peer> clients = new ArrayList<>();
        clients.add(client(world, "/0"));
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3" + ASKED + "/0");
        for (int i = 1; i < 6; i++) {
            clients.add(client(world, "/" + i));
            assertThat(server.next()).startsWith("HEADERS " + (2 * i + 3) + ASKED + "/" + i);
        }
        for (int i = 5; i >= 0; i--) {
            server.send(server.answer(2 * i + 3, true, "204", "x-number", "" + i));
            assertThat(head(clients.get(i))).isEqualTo("HTTP/1.1 204 No Content\r\nx-number: " + i + "\r\n\r\n");
        }
    }

    @InEachWorld
    void shouldLetExchangesWaitForAStreamInTheirOrder(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1, queue-timeout: 30s");
        Peer first = client(world, "/1");
        Http2Client server = Http2Client.serving(origin.accept(), 3, 1);
        assertThat(server.next()).startsWith("HEADERS 3" + ASKED + "/1");
        assertThat(server.next("SETTINGS ACK")).isNotNull();
        Peer second = client(world, "/2");
        awaitWaiting(world, 1);
        Peer third = client(world, "/3");
        awaitWaiting(world, 2);
        server.send(server.answer(3, true, "204"));
        assertThat(server.next()).startsWith("HEADERS 5" + ASKED + "/2");
        server.send(server.answer(5, true, "204"));
        assertThat(server.next()).startsWith("HEADERS 7" + ASKED + "/3");
        server.send(server.answer(7, true, "204"));
        for (Peer each : List.of(first, second, third)) {
            assertThat(head(each)).startsWith("HTTP/1.1 204 ");
        }
    }

    @InEachWorld
    void shouldSendAgainWhatAServerHasNotActedOn(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        client.send("POST /in HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3 :method=POST");
        assertThat(server.next()).isEqualTo("DATA 3 abc END");
        server.send(Http2Client.goAway(0, Http2Error.NO_ERROR));
        Http2Client next = Http2Client.serving(origin.accept());
        assertThat(next.next()).startsWith("HEADERS 3 :method=POST");
        assertThat(next.next()).isEqualTo("DATA 3 abc END");
        next.send(Http2Client.reset(3, Http2Error.REFUSED_STREAM));
        assertThat(next.next()).startsWith("HEADERS 5 :method=POST");
        assertThat(next.next()).isEqualTo("DATA 5 abc END");
        next.send(next.answer(5, true, "201", "content-length", "0"));
        assertThat(head(client)).isEqualTo("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    }

    /** As gRPC has it: both sides speak at the same time, and what the answer comes to is said behind it. */
    @InEachWorld
    void shouldPassBodiesAndTrailersBothWays(PluginWorld world) {
        Origin origin = start(world, "");
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(client.post(1, "/call", "te", "trailers", "content-type", "application/grpc"));
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next())
                .isEqualTo("HEADERS 3 :method=POST :authority=shop :scheme=http :path=/call"
                        + " content-type=application/grpc" + FORWARDED + " te=trailers");
        server.send(server.answer(3, false, "200", "content-type", "application/grpc"));
        assertThat(client.next()).isEqualTo("HEADERS 1 :status=200 content-type=application/grpc");
        for (int i = 0; i < 3; i++) {
            client.send(Http2Client.data(1, "question" + i, false));
            assertThat(server.next()).isEqualTo("DATA 3 question" + i);
            server.send(Http2Client.data(3, "answer" + i, false));
            assertThat(client.next()).isEqualTo("DATA 1 answer" + i);
        }
        client.send(client.head(1, true, "x-sum", "3"));
        assertThat(server.next()).isEqualTo("HEADERS 3 x-sum=3 END");
        server.send(server.head(3, true, "grpc-status", "0"));
        assertThat(client.next()).isEqualTo("HEADERS 1 grpc-status=0 END");

        client.send(client.post(3, "/call", "te", "trailers"), Http2Client.data(3, "x", true));
        Http2Client next = Http2Client.serving(origin.accept()); // without a plugin for pools none rests
        assertThat(next.next()).startsWith("HEADERS 3 :method=POST");
        assertThat(next.next()).isEqualTo("DATA 3 x END");
        next.send(next.answer(3, true, "200", "grpc-status", "12"));
        assertThat(client.next()).isEqualTo("HEADERS 3 :status=200 grpc-status=12 END");
    }

    /** Rows F3 and F4: a connection to a server changes loops with all its streams, in the middle of bodies. */
    @InEachWorld
    void shouldMoveAConnectionWithAllItsStreams(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        List<Http2Client> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) { // so many that some are on each loop
            clients.add(Http2Client.over(world.connect("web")));
        }
        clients.get(0).send(clients.get(0).post(1, "/0"), Http2Client.data(1, "first", false));
        Http2Client server = Http2Client.serving(origin.accept());
        for (int i = 0; i < 4; i++) {
            Http2Client client = clients.get(i);
            if (i > 0) {
                client.send(client.post(1, "/" + i), Http2Client.data(1, "first", false));
            }
            assertThat(server.next()).startsWith("HEADERS " + (2 * i + 3) + " :method=POST");
            assertThat(server.next()).isEqualTo("DATA " + (2 * i + 3) + " first");
            server.send(server.answer(2 * i + 3, false, "200"), Http2Client.data(2 * i + 3, "abc", false));
            assertThat(client.next()).isEqualTo("HEADERS 1 :status=200");
            assertThat(client.next()).isEqualTo("DATA 1 abc");
        }
        world.retireLoop(1);
        for (int i = 0; i < 4; i++) {
            clients.get(i).send(Http2Client.data(1, "second", true));
            assertThat(server.next()).isEqualTo("DATA " + (2 * i + 3) + " second END");
            server.send(Http2Client.data(2 * i + 3, "def", true));
            assertThat(clients.get(i).next()).isEqualTo("DATA 1 def END");
        }
    }

    /** A client that takes nothing holds up its own stream, whose window stays closed, and no other. */
    @InEachWorld
    void shouldHoldUpOnlyTheStreamOfASlowClient(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Http2Client slow = Http2Client.over(world.connect("web"));
        slow.send(Http2Client.settings(4, 5), slow.get(1, "/slow"));
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3" + ASKED + "/slow");
        server.send(server.answer(3, false, "200"));
        String piece = "0123456789abcdef".repeat(1024);
        for (int i = 0; i < 4; i++) { // all of the stream's window, 64 KiB
            server.send(Http2Client.data(3, piece, false));
        }
        assertThat(slow.next()).startsWith("HEADERS 1 :status=200");
        assertThat(slow.next()).isEqualTo("DATA 1 01234");
        for (int stream = 5; stream < 11; stream += 2) {
            Peer quick = client(world, "/quick");
            assertThat(server.next("HEADERS", "DATA", "WINDOW 3")).startsWith("HEADERS " + stream);
            server.send(
                    server.answer(stream, false, "200", "content-length", "16384"),
                    Http2Client.data(stream, piece, true));
            quick.readUntil("\r\n\r\n");
            quick.expect(piece);
        }
        slow.send(Http2Client.window(1, 4 * piece.length()), Http2Client.window(0, 4 * piece.length()));
        assertThat(server.next("WINDOW 3")).isNotNull();
        StringBuilder rest = new StringBuilder("01234");
        while (rest.length() < 4 * piece.length()) {
            rest.append(slow.next().replaceAll("DATA 1 | END", ""));
        }
        assertThat(rest.toString()).isEqualTo(piece.repeat(4));
        server.send(Http2Client.data(3, "", true));
        assertThat(slow.next()).isEqualTo("DATA 1  END");
    }

    /**
     * The server has closed the connection, whose loop retires too: complete answers wait with their clients by then.
     */
    @InEachWorld
    void shouldKeepCompleteAnswersForSlowClients(PluginWorld world) {
        Origin origin = start(world, "");
        List<Http2Client> clients = new ArrayList<>();
        String body = "0123456789".repeat(500);
        for (int i = 0; i < 4; i++) { // so many that some are on each loop
            Http2Client client = Http2Client.over(world.connect("web"));
            client.send(Http2Client.settings(4, 5), client.get(1, "/" + i));
            clients.add(client);
            Peer connection = origin.accept();
            Http2Client server = Http2Client.serving(connection);
            assertThat(server.next()).startsWith("HEADERS 3");
            server.send(
                    Http2Client.goAway(3, Http2Error.NO_ERROR),
                    server.answer(3, false, "200"),
                    Http2Client.data(3, body.substring(0, 5), false));
            assertThat(client.next()).startsWith("HEADERS 1 :status=200");
            assertThat(client.next()).isEqualTo("DATA 1 01234");
            server.send(Http2Client.data(3, "56789", false)); // fills what the client's end takes
            server.send(Http2Client.data(3, body.substring(10), true));
            connection.readAll();
        }
        world.retireLoop(1);
        for (Http2Client client : clients) {
            client.send(Http2Client.window(1, body.length()));
            StringBuilder all = new StringBuilder("01234");
            while (all.length() < body.length()) {
                all.append(client.next().replaceAll("DATA 1 | END", ""));
            }
            assertThat(all.toString()).isEqualTo(body);
        }
    }

    /** The answer is complete, and waits for its client, which sends on: no room for that is waited for any longer. */
    @InEachWorld
    void shouldDropTheRestOfARequestWhoseAnswerWaits(PluginWorld world) {
        Origin origin = start(world, "");
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(Http2Client.settings(4, 5), client.get(1, "/stays"));
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        client.send(client.post(3, "/"));
        assertThat(server.next()).startsWith("HEADERS 5"); // on the client's loop, so that nothing is posted
        server.send(server.answer(5, false, "200"), Http2Client.data(5, "0123456789", false));
        assertThat(client.next()).startsWith("HEADERS 3 :status=200");
        assertThat(client.next()).isEqualTo("DATA 3 01234");
        server.send(Http2Client.data(5, "abc", true), Http2Client.reset(5, Http2Error.NO_ERROR), Http2Client.ping(0));
        assertThat(server.next("PING ACK")).isNotNull();
        String piece = "x".repeat(16 * 1024);
        for (int i = 0; i < 3; i++) {
            client.send(Http2Client.data(3, piece, false));
        }
        assertThat(client.next("WINDOW 3")).isNotNull();
        client.send(client.head(3, true, "x-sum", "3"), Http2Client.window(3, 100));
        StringBuilder rest = new StringBuilder();
        while (rest.indexOf("END") < 0) {
            rest.append(client.next().replace("DATA 3 ", ""));
        }
        assertThat(rest.toString()).isEqualTo("56789abc END");
        server.send(server.answer(3, true, "204"));
        assertThat(client.next()).isEqualTo("HEADERS 1 :status=204 END");
    }

    /** An answer may come before all of its request is sent, and that may wait for the server's window for ever. */
    @InEachWorld
    void shouldEndTheStreamOfAnAnswerThatIsCompleteBeforeItsRequest(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(client.post(1, "/"));
        Http2Client server = Http2Client.serving(origin.accept(), 4, 5); // a window of five bytes
        assertThat(server.next()).startsWith("HEADERS 3");
        assertThat(server.next("SETTINGS ACK")).isNotNull();
        client.send(Http2Client.data(1, "0123456789", true));
        assertThat(server.next()).isEqualTo("DATA 3 01234");
        server.send(server.answer(3, true, "413"));
        assertThat(client.next()).startsWith("HEADERS 1 :status=413");
        assertThat(server.next()).isEqualTo("RESET 3 NO_ERROR");
    }

    /** The exchange is over for its client: the stream is, and the connection stays. */
    @InEachWorld
    void shouldCancelTheStreamOfAClientThatIsGone(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Peer stays = client(world, "/stays");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3" + ASKED + "/stays");
        Http2Client client = Http2Client.over(world.connect("web"));
        client.send(client.get(1, "/gone"));
        assertThat(server.next()).startsWith("HEADERS 5" + ASKED + "/gone");
        client.send(Http2Client.reset(1, Http2Error.CANCEL));
        assertThat(server.next()).isEqualTo("RESET 5 CANCEL");
        server.send(server.answer(5, false, "200"), Http2Client.data(5, "late", true)); // on its way already
        server.send(server.answer(3, true, "204"));
        assertThat(head(stays)).startsWith("HTTP/1.1 204 ");
    }

    /** What a GOAWAY lets finish finishes; what comes next goes to another connection. */
    @InEachWorld
    void shouldFinishWhatWasBegunBeforeAGoAway(PluginWorld world) {
        Origin origin = start(world, "");
        Peer first = client(world, "/1");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3" + ASKED + "/1");
        server.send(Http2Client.goAway(3, Http2Error.NO_ERROR), Http2Client.ping(0));
        assertThat(server.next("PING ACK")).isNotNull();
        Peer second = client(world, "/2");
        Http2Client next = Http2Client.serving(origin.accept());
        assertThat(next.next()).startsWith("HEADERS 3" + ASKED + "/2");
        server.send(server.answer(3, true, "204"));
        assertThat(head(first)).startsWith("HTTP/1.1 204 ");
        next.send(next.answer(3, true, "204"));
        assertThat(head(second)).startsWith("HTTP/1.1 204 ");
    }

    /** A reset ends its exchange: with 502 if nothing has come of the answer, else without the end of it. */
    @InEachWorld
    void shouldEndOneExchangeWhenItsStreamIsReset(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Peer stays = client(world, "/stays");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        Peer early = world.connect("web");
        early.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1\r\n\r\nx");
        assertThat(server.next()).startsWith("HEADERS 5");
        assertThat(server.next()).isEqualTo("DATA 5 x END");
        server.send(Http2Client.reset(5, Http2Error.INTERNAL_ERROR));
        assertThat(head(early)).startsWith("HTTP/1.1 502 ");
        Http2Client late = Http2Client.over(world.connect("web"));
        late.send(late.get(1, "/"));
        assertThat(server.next()).startsWith("HEADERS 7");
        server.send(server.answer(7, false, "200"), Http2Client.data(7, "some", false));
        assertThat(late.next()).startsWith("HEADERS 1 :status=200");
        assertThat(late.next()).isEqualTo("DATA 1 some");
        server.send(Http2Client.reset(7, Http2Error.CANCEL));
        assertThat(late.next()).startsWith("RESET 1 ");
        server.send(server.answer(3, true, "204"));
        assertThat(head(stays)).startsWith("HTTP/1.1 204 ");
    }

    /**
     * Behind the head of a response a client hears what it would hear of the server itself, as far as that holds for
     * its own connection: gRPC makes a status of it.
     */
    @InEachWorld
    void shouldTellTheClientHowAServerEndsAResponse(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1, eject: off");
        client(world, "/stays");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        Http2Client client = Http2Client.over(world.connect("web"));
        Map<Http2Error, Http2Error> told = new LinkedHashMap<>();
        told.put(Http2Error.CANCEL, Http2Error.CANCEL);
        told.put(Http2Error.ENHANCE_YOUR_CALM, Http2Error.ENHANCE_YOUR_CALM);
        for (Http2Error each : List.of(
                Http2Error.NO_ERROR,
                Http2Error.INTERNAL_ERROR,
                Http2Error.REFUSED_STREAM,
                Http2Error.INADEQUATE_SECURITY,
                Http2Error.PROTOCOL_ERROR)) {
            told.put(each, Http2Error.INTERNAL_ERROR);
        }
        int stream = 1;
        for (Map.Entry<Http2Error, Http2Error> each : told.entrySet()) {
            client.send(client.get(stream, "/"));
            int there = stream + 4;
            assertThat(server.next()).startsWith("HEADERS " + there);
            server.send(server.answer(there, false, "200"), Http2Client.reset(there, each.getKey()));
            assertThat(client.next()).isEqualTo("HEADERS " + stream + " :status=200");
            assertThat(client.next()).isEqualTo("RESET " + stream + " " + each.getValue());
            stream += 2;
        }
    }

    /** A connection that has served before may have died; a server that resets a stream has not, and may have acted. */
    @InEachWorld
    void shouldNotTakeAResetForADeadConnection(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Peer stays = client(world, "/stays");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        Peer first = client(world, "/first");
        assertThat(server.next()).startsWith("HEADERS 5");
        server.send(server.answer(5, true, "204"));
        assertThat(head(first)).startsWith("HTTP/1.1 204 ");
        Peer second = world.connect("web");
        second.send("DELETE / HTTP/1.1\r\nHost: shop\r\n\r\n");
        assertThat(server.next()).startsWith("HEADERS 7 :method=DELETE");
        server.send(Http2Client.reset(7, Http2Error.INTERNAL_ERROR));
        assertThat(head(second)).startsWith("HTTP/1.1 502 ");
        server.send(server.answer(3, true, "204"));
        assertThat(head(stays)).startsWith("HTTP/1.1 204 ");
    }

    @InEachWorld
    void shouldCountAResetAsAFailureOfTheServer(PluginWorld world) {
        Origin origin = world.origin();
        Origin other = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app } }
                upstreams:
                  app: { servers: ["%s", "%s"], protocol: http/2, max-connections: 1, eject: { failures: 1 } }
                """.formatted(origin.address(), other.address()));
        client(world, "/stays");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).startsWith("HEADERS 3");
        client(world, "/stays");
        Http2Client next = Http2Client.serving(other.accept());
        assertThat(next.next()).startsWith("HEADERS 3");
        for (int stream = 5; stream < 9; stream += 2) {
            Peer client = client(world, "/");
            assertThat(server.next()).startsWith("HEADERS " + stream);
            server.send(
                    stream == 5
                            ? server.answer(stream, true, "204")
                            : Http2Client.reset(stream, Http2Error.INTERNAL_ERROR));
            if (stream == 5) {
                assertThat(head(client)).startsWith("HTTP/1.1 204 ");
                client = client(world, "/");
            }
            assertThat(next.next()).startsWith("HEADERS " + stream);
            next.send(next.answer(stream, true, "204"));
            assertThat(head(client)).startsWith("HTTP/1.1 204 "); // the second after a retry
        }
        assertThat(world.metrics()
                        .counter(
                                "baton_upstream_ejections_total",
                                "",
                                "upstream",
                                "app",
                                "server",
                                origin.address(),
                                "reason",
                                "no_answer")
                        .count())
                .isOne();
    }

    /** What would become a tunnel is refused where the server offers none, and what may be ignored is. */
    @InEachWorld
    void shouldRefuseAWebSocketThatIsNotOffered(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        client.send(WEBSOCKET);
        Http2Client.serving(origin.accept());
        assertThat(head(client)).startsWith("HTTP/1.1 501 ");
        Peer other = world.connect("web");
        other.send("GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        Http2Client server = Http2Client.serving(origin.accept());
        assertThat(server.next()).isEqualTo("HEADERS 3" + ASKED + "/" + FORWARDED + " END");
        server.send(server.answer(3, true, "204"));
        assertThat(head(other)).startsWith("HTTP/1.1 204 ");
    }

    /** A server is told why an idle connection to it closes: here by its time in the pool. */
    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldSayGoodbyeToTheServer(PluginWorld world) {
        Origin origin = start(world, ", pool: { idle-timeout: 2s }");
        Peer client = client(world, "/");
        Peer connection = origin.accept();
        Http2Client server = Http2Client.serving(connection);
        assertThat(server.next()).startsWith("HEADERS 3");
        server.send(server.answer(3, true, "204"));
        assertThat(head(client)).startsWith("HTTP/1.1 204 ");
        world.pass(Duration.ofSeconds(10));
        assertThat(server.next("GOAWAY")).isEqualTo("GOAWAY 0 NO_ERROR");
        assertThat(connection.readAll()).isEmpty();
    }

    /** What a client has sent last can wait for a window that never opens: its stream must not. */
    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldEndATunnelWhoseServerTakesNoMore(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Http2Client client = Http2Client.over(world.connect("web"));
        Http2Client server = tunnel(client, origin, 8, 1, 4, 4);
        client.send(Http2Client.data(1, "ping-pong", true));
        assertThat(server.next()).isEqualTo("DATA 3 ping");
        world.pass(Duration.ofSeconds(6));
        assertThat(server.next()).isEqualTo("RESET 3 CANCEL");
    }

    /** The server reads slowly: what it has no room for yet is not lost. */
    @InEachWorld
    void shouldSendTheTailOfATunnelWhenTheStreamsWindowOpens(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Http2Client client = Http2Client.over(world.connect("web"));
        Http2Client server = tunnel(client, origin, 8, 1, 4, 4);
        client.send(Http2Client.data(1, "ping-pong", true));
        assertThat(server.next()).isEqualTo("DATA 3 ping");
        server.send(Http2Client.window(3, 100));
        assertThat(server.next()).isEqualTo("DATA 3 -pong END");
    }

    /** The same where another exchange has used up the window of the connection. */
    @InEachWorld
    void shouldSendTheTailOfATunnelWhenTheConnectionsWindowOpens(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Http2Client client = Http2Client.over(world.connect("web"));
        Http2Client server = tunnel(client, origin, 8, 1);
        int body = 65_535;
        Peer other = world.connect("web");
        other.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: " + (body + 1) + "\r\n\r\n");
        assertThat(server.next()).startsWith("HEADERS 5 :method=POST");
        other.send("x".repeat(body));
        for (int came = 0; came < body; ) {
            came += server.next().substring("DATA 5 ".length()).length();
        }
        client.send(Http2Client.data(1, "pong", true));
        assertThat(client.next()).isEqualTo("DATA 1  END");
        server.send(Http2Client.window(0, 100));
        assertThat(server.next()).isEqualTo("DATA 3 pong END");
    }

    /** Opens a WebSocket on stream 1, which is the server's 3. */
    private static Http2Client tunnel(Http2Client client, Origin origin, int... settings) {
        client.send(client.head(
                1,
                false,
                ":method",
                "CONNECT",
                ":protocol",
                "websocket",
                ":scheme",
                "http",
                ":authority",
                "shop",
                ":path",
                "/chat"));
        Http2Client server = Http2Client.serving(origin.accept(), settings);
        assertThat(server.next()).startsWith("HEADERS 3 :method=CONNECT");
        server.send(server.answer(3, false, "200"));
        assertThat(client.next()).isEqualTo("HEADERS 1 :status=200");
        return server;
    }

    /** RFC 8441, from a client of HTTP/1.1 and one of HTTP/2; the key is the example of RFC 6455. */
    @InEachWorld
    void shouldOpenWebSockets(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Peer client = world.connect("web");
        client.send(WEBSOCKET);
        Http2Client server = Http2Client.serving(origin.accept(), 8, 1);
        assertThat(server.next())
                .isEqualTo("HEADERS 3 :method=CONNECT :protocol=websocket :authority=shop :scheme=http :path=/chat"
                        + " sec-websocket-version=13" + FORWARDED);
        server.send(server.answer(3, false, "200"), Http2Client.data(3, "hello", false));
        assertThat(head(client))
                .startsWith("HTTP/1.1 101 Switching Protocols\r\n")
                .contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
        client.expect("hello");
        client.send("ping");
        assertThat(server.next()).isEqualTo("DATA 3 ping");
        Http2Client modern = Http2Client.over(world.connect("web"));
        modern.send(modern.head(
                1,
                false,
                ":method",
                "CONNECT",
                ":protocol",
                "websocket",
                ":scheme",
                "http",
                ":authority",
                "shop",
                ":path",
                "/chat"));
        assertThat(server.next()).startsWith("HEADERS 5 :method=CONNECT :protocol=websocket");
        server.send(server.answer(5, false, "200"));
        assertThat(modern.next()).isEqualTo("HEADERS 1 :status=200");
        modern.send(Http2Client.data(1, "pong", false));
        assertThat(server.next()).isEqualTo("DATA 5 pong");
        server.send(Http2Client.data(5, "", true));
        assertThat(modern.next()).isEqualTo("DATA 1  END");
        client.close();
        assertThat(server.next("DATA 3", "RESET 3")).isNotNull();
    }

    /** A server that answers a PING is there, however long a request takes; one that does not is given up. */
    @InEachWorld
    void shouldProbeAConnectionOnWhichNothingComes(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Http2Client longer = Http2Client.over(world.connect("web"));
        longer.send(longer.get(1, "/long"));
        Peer connection = origin.accept();
        Http2Client server = Http2Client.serving(connection);
        assertThat(server.next()).startsWith("HEADERS 3");
        assertThat(server.next("SETTINGS ACK")).isNotNull();
        for (int stream = 5; stream < 9; stream += 2) {
            Http2Client client = Http2Client.over(world.connect("web"));
            client.send(client.get(1, "/"));
            assertThat(server.next()).startsWith("HEADERS " + stream);
            client.send(Http2Client.reset(1, Http2Error.CANCEL));
            assertThat(server.next()).isEqualTo("RESET " + stream + " CANCEL");
            assertThat(server.next("PING")).isNotNull();
            if (world.where() != Where.SIMULATION) {
                return; // the rest takes its time
            }
            if (stream == 5) {
                server.send(Http2Client.ping(1));
                world.pass(PROBE);
            }
        }
        connection.readAll();
        assertThat(longer.next()).startsWith("HEADERS 1 :status=502");
    }

    /** A WebSocket waits for what the server offers, which may never be said. */
    @InEachWorld
    void shouldProbeAConnectionWithoutSettings(PluginWorld world) {
        Origin origin = start(world, ", max-connections: 1");
        Peer client = world.connect("web");
        client.send(WEBSOCKET);
        Peer connection = origin.accept();
        connection.readUntil("SM\r\n\r\n");
        client.close();
        if (world.where() == Where.SIMULATION) { // the rest takes its time
            world.pass(PROBE);
            connection.readAll();
        }
    }
}
