package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.tcpproxy.TcpProxyPlugin;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.upstream.ConnectHandler;
import dev.baton.spi.upstream.Upstream;
import dev.baton.spi.upstream.UpstreamConnections;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    // ---- whole connections ----------------------------------------------------------------------------------------

    /** A service that opens a connection for each client, without half-closure, and tells the client how it ends. */
    static final class EndsPlugin implements Plugin, ServiceFactory<EndsPlugin.Config> {
        record Config(@UpstreamName String upstream) {}

        @Override
        public void configure(PluginBinder binder) {
            binder.service("ends", Config.class, EndsPlugin.class);
        }

        @Override
        public Service create(String name, Config config, ServiceContext context) {
            Upstream upstream = context.upstream(config.upstream());
            UpstreamConnections connections = upstream.connections("ends:" + name, new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new Told());
                }
            });
            return (client, listener) -> client.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelActive(ChannelHandlerContext ctx) {
                    connections.connect(
                            upstream.next(client::clientAddress), client.loop(), client, new ConnectHandler() {
                                @Override
                                public void connected(MovableChannel connection) {
                                    connection.pipeline().get(Told.class).client = client;
                                }

                                @Override
                                public void failed(Throwable cause) {
                                    client.post(() -> client.close());
                                }
                            });
                }
            });
        }
    }

    /** Sees how a connection to a server ends. */
    private static final class Told extends ChannelInboundHandlerAdapter {
        private final List<String> seen = new ArrayList<>();
        private MovableChannel client;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            seen.add(bytes.toString(StandardCharsets.UTF_8));
            bytes.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            seen.add(cause instanceof IOException ? "cut" : "wrong");
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            seen.add("closed.");
            client.post(() -> client.writeAndFlush(Unpooled.copiedBuffer(seen.toString(), StandardCharsets.UTF_8)));
        }
    }

    private static Origin startEnds(PluginWorld world) {
        Origin origin = world.origin();
        world.plugin(EndsPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: ends } }
                services: { ends: { type: ends, upstream: app } }
                upstreams: { app: { servers: ["%s"], tls: { ca: "%s", server-name: shop.test, alpn: [x/1] } } }
                """.formatted(origin.address(), folder.resolve("shop.crt")));
        return origin;
    }

    /** A service that takes no half-closure sees the end of the connection, and before it what kind of end it is. */
    @InEachWorld
    void shouldTellACutFromAnEnd(PluginWorld world) throws Exception {
        Origin origin = startEnds(world);
        Peer client = world.connect("in");
        Peer accepted = origin.accept();
        answer(accepted).send("half");
        accepted.close();
        assertThat(client.readUntil("closed.")).isEqualTo("[half, cut, closed.");
    }

    @InEachWorld
    void shouldTakeCloseNotifyForAnEnd(PluginWorld world) throws Exception {
        Origin origin = startEnds(world);
        Peer client = world.connect("in");
        Peer accepted = origin.accept();
        TlsPeer server = answer(accepted);
        server.send("whole");
        accepted.send(server.closeNotify());
        assertThat(client.readUntil("closed.")).isEqualTo("[whole, closed.");
    }
}
