package dev.baton.it.pool;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.HttpPlugin;
import dev.baton.plugin.proxyprotocol.ProxyProtocolPlugin;
import dev.baton.plugin.takeover.ConnectionTakeoverPlugin;
import dev.baton.plugin.tcpproxy.TcpProxyPlugin;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Timeout;

/**
 * {@code proxy-protocol} of an upstream: what a server reads first is the header of its client, byte for byte as the
 * load balancer before this process has sent it; and no connection is another client's later.
 */
@Timeout(60)
class UpstreamHeadersIT {
    private static final String TCP4 = "PROXY TCP4 192.0.2.7 198.51.100.9 4711 443\r\n";
    private static final String TCP6 = "PROXY TCP6 2001:db8::7 2001:db8::9 4711 443\r\n";
    private static final String UNKNOWN = "PROXY UNKNOWN\r\n";
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";
    private static final byte[] INET = hex("2111000c" + "c0000207" + "c6336409" + "1267" + "01bb");
    private static final byte[] INET6 =
            hex("21210024" + "20010db8000000000000000000000007" + "20010db8000000000000000000000009" + "1267" + "01bb");
    private static final byte[] UNIX = hex("213100d8" + path("2f612e736f636b") + path("0062"));

    private static byte[] hex(String rest) {
        return HexFormat.of().parseHex(SIGNATURE + rest);
    }

    private static String path(String hex) {
        return hex + "00".repeat(108 - hex.length() / 2);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static Origin start(PluginWorld world, String more) {
        Origin origin = world.origin();
        world.plugin(HttpPlugin.class)
                .plugin(TcpProxyPlugin.class)
                .plugin(ProxyProtocolPlugin.class)
                .plugin(ConnectionTakeoverPlugin.class);
        world.start("""
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop, filters: [ proxy-protocol ] }
                  in: { bind: "127.0.0.1:0", service: pass, filters: [ proxy-protocol ] }
                  plain: { bind: "127.0.0.1:0", service: pass }
                services:
                  shop: { type: http, upstream: app }
                  pass: { type: tcp-proxy, upstream: app }
                upstreams: { app: { servers: ["%s"]%s } }
                """.formatted(origin.address(), more));
        return origin;
    }

    /** What a server reads that a client speaks to with a header. */
    private static void carries(PluginWorld world, Origin origin, byte[] header, byte[] expected) {
        Peer client = world.connect("in");
        client.send(header);
        client.send("question");
        Peer server = origin.accept();
        server.expect(expected);
        server.expect("question");
        server.send("answer");
        client.expect("answer");
    }

    @InEachWorld
    void shouldTellTheClientInALine(PluginWorld world) {
        Origin origin = start(world, ", proxy-protocol: v1");
        carries(world, origin, bytes(TCP4), bytes(TCP4));
        carries(world, origin, bytes(TCP6), bytes(TCP6));
        carries(world, origin, INET, bytes(TCP4));
        carries(world, origin, INET6, bytes(TCP6));
        carries(world, origin, UNIX, bytes(UNKNOWN));
    }

    @InEachWorld
    void shouldTellTheClientInBytes(PluginWorld world) {
        Origin origin = start(world, ", proxy-protocol: v2");
        carries(world, origin, bytes(TCP4), INET);
        carries(world, origin, bytes(TCP6), INET6);
        carries(world, origin, INET, INET);
        carries(world, origin, INET6, INET6);
        carries(world, origin, UNIX, UNIX);
    }

    /** Where no filter has found anything out, the client's socket says who it is. */
    @InEachWorld
    void shouldTellTheAddressesOfTheClientsSocket(PluginWorld world) {
        Origin origin = start(world, ", proxy-protocol: v1");
        int port = ((InetSocketAddress) world.address("plain")).getPort();
        world.connect("plain").send("question");
        Peer server = origin.accept();
        assertThat(server.readUntil("\r\n"))
                .matches("PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ " + port + "\r\n");
        server.expect("question");
    }

    /** A server that speaks first has the header before the client has said anything. */
    @InEachWorld
    void shouldNotWaitForTheClient(PluginWorld world) {
        Origin origin = start(world, ", proxy-protocol: v1");
        Peer client = world.connect("in");
        client.send(TCP4);
        Peer server = origin.accept();
        server.expect(TCP4);
        server.send("220 ready");
        client.expect("220 ready");
    }

    private static String get(int i) {
        return "GET /" + i + " HTTP/1.1\r\nHost: test\r\n\r\n";
    }

    private static void answers(Peer server, Peer client, int i) {
        assertThat(server.readUntil("\r\n\r\n")).startsWith("GET /" + i + " HTTP/1.1\r\n");
        server.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + i);
        client.readUntil("\r\n\r\n");
        client.expect("" + i);
    }

    /**
     * What a server reads behind a header is that client's: a request of another one there would be taken for the first
     * one's.
     */
    @InEachWorld
    void shouldKeepNoConnectionForTheNextRequest(PluginWorld world) {
        Origin origin = start(world, ", proxy-protocol: v1");
        Peer client = world.connect("web");
        client.send(TCP4);
        for (int i = 0; i < 3; i++) {
            client.send(get(i));
            Peer server = origin.accept();
            server.expect(TCP4);
            answers(server, client, i);
            server.expectEnd();
        }
        Peer other = world.connect("web");
        other.send(TCP6 + get(3));
        Peer server = origin.accept();
        server.expect(TCP6);
        answers(server, other, 3);
        server.expectEnd();
        assertThat(world.view().pools()).allSatisfy(pool -> {
            assertThat(pool.idle()).isZero();
            assertThat(pool.reusesLocal() + pool.reusesTakeover()).isZero();
        });
    }

    /** The same clients without a header: the pool is there. */
    @InEachWorld
    void shouldKeepConnectionsThatHaveNoHeader(PluginWorld world) {
        Origin origin = start(world, "");
        Peer client = world.connect("web");
        client.send(TCP4 + get(0));
        Peer server = origin.accept();
        answers(server, client, 0);
        world.await("an idle connection", () -> world.view().pools().get(0).idle() == 1);
        Peer other = world.connect("web");
        other.send(TCP6 + get(1));
        answers(server, other, 1);
    }
}
