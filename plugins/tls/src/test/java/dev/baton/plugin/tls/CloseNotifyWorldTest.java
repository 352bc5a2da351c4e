package dev.baton.plugin.tls;

import static dev.baton.testkit.TestCertificates.entry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.runtime.tls.TlsLibrary;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.TestCertificates;
import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.TlsPeer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** A client says that it sends nothing more (close_notify): that ends its half of the connection, and no more. */
class CloseNotifyWorldTest {
    private static final int ANSWER_BYTES = 200_000;

    @TempDir
    static Path folder;

    @BeforeAll
    static void makeCertificate() throws Exception {
        TestCertificates.selfSigned(folder, "shop", "shop.test");
    }

    static final class LatePlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("late", Nothing.class, Factory.class);
        }
    }

    record Nothing() {}

    static final class Factory implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> {
                connection.config().setAllowHalfClosure(true);
                connection.pipeline().addLast(new Late());
            };
        }
    }

    /** Answers a moment after it was asked; when the client has ended its half, closes behind the answer. */
    private static final class Late extends SimpleChannelInboundHandler<ByteBuf> {
        private boolean asked;
        private boolean ended;

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            asked = true;
            context.executor().schedule(() -> answer(context), 20, TimeUnit.MILLISECONDS);
        }

        private void answer(ChannelHandlerContext context) {
            asked = false;
            context.writeAndFlush(context.alloc().buffer(ANSWER_BYTES).writeBytes(new byte[ANSWER_BYTES]));
            closeIfOver(context);
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == ChannelInputShutdownEvent.INSTANCE) {
                assertThat(ended).as("told twice").isFalse();
                ended = true;
                closeIfOver(context);
            }
        }

        private void closeIfOver(ChannelHandlerContext context) {
            if (ended && !asked) {
                context.writeAndFlush(context.alloc().buffer(1).writeByte('.'))
                        .addListener(ChannelFutureListener.CLOSE);
            }
        }
    }

    private static void start(PluginWorld world) {
        world.plugin(TlsPlugin.class);
        world.plugin(LatePlugin.class);
        world.start("""
                listeners:
                  in: { bind: "127.0.0.1:0", service: late, tls: { certificates: [CERTIFICATE] } }
                services: { late: { type: late } }
                """.replace("CERTIFICATE", entry(folder, "shop")));
    }

    private static TlsPeer client(Peer peer, String version) {
        TlsPeer client = TlsPeer.over(peer);
        client.engine().setEnabledProtocols(new String[] {version});
        return client;
    }

    private static void shouldGetAllOfTheAnswer(PluginWorld world, String version) throws Exception {
        start(world);
        for (boolean together : new boolean[] {false, true}) {
            Peer peer = world.connect("in");
            TlsPeer client = client(peer, version).handshake();
            if (together) {
                ByteArrayOutputStream both = new ByteArrayOutputStream();
                both.writeBytes(client.encrypted("what?"));
                both.writeBytes(client.closeNotify());
                peer.send(both.toByteArray());
            } else {
                client.send("what?");
                peer.send(client.closeNotify());
            }
            client.expect(new String(new byte[ANSWER_BYTES], StandardCharsets.US_ASCII) + ".");
            client.expectCloseNotify();
            peer.expectEnd();
        }
    }

    @InEachWorld
    void shouldGetAllOfTheAnswerByTls13(PluginWorld world) throws Exception {
        shouldGetAllOfTheAnswer(world, "TLSv1.3");
    }

    /** RFC 5246 has the other side drop what it has not sent, and so has the JDK. */
    @InEachWorld
    void shouldGetAllOfTheAnswerByTls12(PluginWorld world) throws Exception {
        assumeTrue(TlsLibrary.isBoringSsl(), "the JDK closes both halves");
        shouldGetAllOfTheAnswer(world, "TLSv1.2");
    }

    /** With nothing under way it is answered at once: some clients wait for that before they close. */
    @InEachWorld
    void shouldAnswerCloseNotify(PluginWorld world) throws Exception {
        start(world);
        for (String version : new String[] {"TLSv1.3", "TLSv1.2"}) {
            Peer peer = world.connect("in");
            TlsPeer client = client(peer, version).handshake();
            peer.send(client.closeNotify());
            if (version.equals("TLSv1.3") || TlsLibrary.isBoringSsl()) {
                client.expect(".");
            }
            client.expectCloseNotify();
            peer.close();
        }
    }
}
