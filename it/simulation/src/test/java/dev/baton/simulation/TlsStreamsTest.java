package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.tcpproxy.TcpProxyPlugin;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Streams to servers that speak TLS: how their directions end, and what a cut looks like. By both TLS libraries. */
class TlsStreamsTest {
    @TempDir
    static Path folder;

    private static CertifiedKey shop;

    @BeforeAll
    static void makeCertificates() throws Exception {
        shop = TestCertificates.write(
                folder, "shop", CertificateMaker.of("shop.test").make());
    }

    private static Origin start(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(TcpProxyPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: pass } }
                services: { pass: { type: tcp-proxy, upstream: app } }
                upstreams: { app: { servers: ["%s"], tls: { ca: "%s", server-name: shop.test, alpn: [x/1] } } }
                """.formatted(origin.address(), folder.resolve("shop.crt")));
        return origin;
    }

    private static TlsPeer answer(Peer accepted) throws Exception {
        return TlsPeer.serving(accepted, TlsPeer.context(shop)).offer("x/1").answer();
    }

    /** First the client's, which leaves the server's open. */
    @InEachWorld
    void shouldCarryBothDirectionsAndTheirEnds(PluginWorld world) throws Exception {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer accepted = origin.accept();
        TlsPeer server = answer(accepted);
        assertThat(server.engine().getApplicationProtocol()).isEqualTo("x/1");
        server.expect("question");
        server.send("answer");
        client.expect("answer");
        client.shutdownOutput();
        server.expectCloseNotify();
        accepted.expectEnd();
        server.send("a last word");
        accepted.send(server.closeNotify());
        accepted.close();
        client.expect("a last word");
        client.expectEnd();
    }

    /** With TLS a server that says its last hears nothing any longer, and the client's end is no cut. */
    @InEachWorld
    void shouldEndInOrderIfTheServerEndsFirst(PluginWorld world) throws Exception {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer accepted = origin.accept();
        TlsPeer server = answer(accepted);
        server.expect("question");
        server.send("answer");
        accepted.send(server.closeNotify());
        client.expect("answer");
        client.expectEnd();
        client.close();
        accepted.readAll();
    }

    /** A stream that was cut must not look complete, to either side. */
    @InEachWorld
    void shouldResetTheClientIfTheServerEndsWithoutSayingSo(PluginWorld world) throws Exception {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer accepted = origin.accept();
        TlsPeer server = answer(accepted);
        server.expect("question");
        server.send("half an ans");
        client.expect("half an ans");
        accepted.close();
        client.expectReset();
    }

    @InEachWorld
    void shouldNotSayThatAStreamIsCompleteWhoseClientResets(PluginWorld world) throws Exception {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("half a quest");
        Peer accepted = origin.accept();
        answer(accepted).expect("half a quest");
        client.reset();
        accepted.expectReset();
    }

    /** The server's first bytes come with the end of the handshake. */
    @InEachWorld
    void shouldCarryWhatAServerSaysFirst(PluginWorld world) throws Exception {
        Origin origin = start(world);
        Peer client = world.connect("in");
        Peer accepted = origin.accept();
        TlsPeer server = answer(accepted);
        server.send("220 welcome");
        client.expect("220 welcome");
        client.send("thanks");
        server.expect("thanks");
    }

    /** A server that reads slowly holds the client back. */
    @InEachWorld
    void shouldLoseNothingOfALongStream(PluginWorld world) throws Exception {
        Origin origin = start(world);
        Peer client = world.connect("in");
        TlsPeer server = answer(origin.accept());
        String piece = "0123456789".repeat(400);
        for (int i = 0; i < 20; i++) {
            client.send(piece);
            server.send(piece);
        }
        for (int i = 0; i < 20; i++) {
            server.expect(piece);
            client.expect(piece);
        }
    }
}
