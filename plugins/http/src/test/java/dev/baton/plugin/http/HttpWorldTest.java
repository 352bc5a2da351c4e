package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.time.Duration;

/** Requests and answers through the proxy's real pipelines, whichever loops the two ends of an exchange are on. */
class HttpWorldTest {

    private static final String SECONDS = "it lasts for seconds";
    private static final Duration ALMOST = Duration.ofMillis(4_900);
    private static final Duration THE_REST = Duration.ofMillis(200);

    private static Origin start(PluginWorld world) {
        return start(world, "");
    }

    /** With a timeout of 5 s. */
    private static Origin start(PluginWorld world, String timeout) {
        String more = timeout.isEmpty() ? "" : ", " + timeout + ": 5s";
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class);
        world.start("""
                listeners: { web: { bind: "127.0.0.1:0", service: shop } }
                services: { shop: { type: http, upstream: app%s } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(more, origin.address()));
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

    /**
     * An answer without a length, to a client that knows no chunks: only how the connection ends tells whether it is
     * whole.
     */
    @InEachWorld
    void shouldEndOrResetAnOldClientAsItsServerDid(PluginWorld world) {
        Origin origin = start(world);
        for (boolean whole : new boolean[] {true, false}) {
            Peer client = world.connect("web");
            client.send("GET / HTTP/1.0\r\n\r\n");
            Peer server = origin.accept();
            server.readUntil("\r\n\r\n");
            server.send("HTTP/1.1 200 OK\r\n\r\nhello");
            client.readUntil("\r\n\r\n");
            client.expect("hello");
            if (whole) {
                server.close();
                client.expectEnd();
            } else {
                server.reset();
                client.expectReset();
            }
        }
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

    // ---- time ------------------------------------------------------------------------------------------------------

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldAnswerForAServerThatIsTooSlow(PluginWorld world) {
        Origin origin = start(world, "response-timeout");
        Peer client = world.connect("web");
        client.send(get("/slow"));
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        world.pass(ALMOST);
        client.expectNothing();
        world.pass(THE_REST);
        assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 504 ");
        server.readAll();
    }

    /** Each byte that comes is progress; what counts is the silence after the last. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldWaitForAServerThatIsSlowButNotSilent(PluginWorld world) {
        Origin origin = start(world, "response-timeout");
        Peer client = world.connect("web");
        client.send(get("/slow"));
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
        client.readUntil("\r\n\r\n");
        for (String piece : new String[] {"a", "b"}) {
            world.pass(ALMOST);
            server.send(piece);
            client.expect(piece);
        }
        world.pass(ALMOST);
        client.expectNothing();
        world.pass(THE_REST);
        client.readAll(); // the answer cannot be completed: it is cut
        server.readAll();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldLetAnIdleClientGo(PluginWorld world) {
        Origin origin = start(world, "idle-timeout");
        Peer client = world.connect("web");
        client.send(get("/"));
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        server.send(ok("page"));
        client.readUntil("\r\n\r\n");
        client.expect("page");
        world.pass(ALMOST);
        client.expectNothing();
        world.pass(THE_REST);
        client.expectEnd();
    }

    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldLetAClientGoThatNeverAsks(PluginWorld world) {
        start(world, "first-request-timeout");
        Peer client = world.connect("web");
        world.pass(ALMOST);
        client.expectNothing();
        world.pass(THE_REST);
        client.expectEnd();
    }

    /** At 240 bytes a second, beyond 5 s of grace, what comes here is worth some milliseconds. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldNotWaitForABodyThatTrickles(PluginWorld world) {
        Origin origin = start(world, "rate-grace");
        Peer client = world.connect("web");
        client.send("PUT / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n");
        Peer server = origin.accept();
        server.readUntil("\r\n\r\n");
        for (int i = 0; i < 4; i++) {
            world.pass(Duration.ofSeconds(1));
            client.send("x");
            server.expect("x");
        }
        world.pass(ALMOST.minusSeconds(4));
        client.expectNothing();
        world.pass(THE_REST);
        assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 408 ");
        assertThat(server.readAll()).isEmpty();
    }

    /** The time for a head begins with its first byte, and further bytes do not begin it anew. */
    @InEachWorld(worlds = Where.SIMULATION, because = SECONDS)
    void shouldNotWaitForAHeadThatTrickles(PluginWorld world) {
        start(world, "header-timeout");
        Peer client = world.connect("web");
        client.send("GET / HTTP/1.1\r\nHost: test\r\n");
        for (int i = 0; i < 4; i++) {
            world.pass(Duration.ofSeconds(1));
            client.send("X-More: " + i + "\r\n");
        }
        world.pass(ALMOST.minusSeconds(4));
        client.expectNothing();
        world.pass(THE_REST);
        assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 408 ");
    }
}
