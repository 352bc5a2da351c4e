package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** R28 with TLS: Netty's SslHandler on a channel that is taken over between, and in the middle of, its round trips. */
@Timeout(120)
class TlsTakeoverIT {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final int ROUNDS = 1_000;

    @TempDir
    Path folder;

    @Test
    void echoesThroughTakeovers() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 2);
                SSLServerSocket server = echoServer()) {
            SslContext ssl = SslContextBuilder.forClient()
                    .sslProvider(SslProvider.JDK)
                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .endpointIdentificationAlgorithm(null)
                    .build();
            LinkedBlockingQueue<Integer> echoed = new LinkedBlockingQueue<>();
            MovableSocketChannel channel = loops.connect(
                    loops.loop(0), server.getLocalSocketAddress(), new ChannelInitializer<MovableSocketChannel>() {
                        @Override
                        protected void initChannel(MovableSocketChannel ch) {
                            ch.pipeline().addLast(ssl.newHandler(ch.alloc()), new Ints(echoed));
                        }
                    });
            channel.pipeline().get(SslHandler.class).handshakeFuture().get(20, TimeUnit.SECONDS);
            for (int i = 0; i < ROUNDS; i++) {
                BatonLoop thief = loops.loop(i & 1);
                int number = i;
                if (i % 3 == 0) {
                    channel.writeAndFlush(Unpooled.buffer(4).writeInt(number));
                }
                on(thief, () -> {
                    if (channel.loop() != thief && channel.takeover(thief, 1 - thief.id()) == TakeoverResult.TAKEN) {
                        channel.leave();
                    }
                    return null;
                });
                if (i % 3 != 0) {
                    channel.writeAndFlush(Unpooled.buffer(4).writeInt(number));
                }
                assertThat(echoed.poll(20, TimeUnit.SECONDS)).isEqualTo(number);
            }
            assertThat(loops.counters().takeovers(TakeoverResult.TAKEN)).isPositive();
            assertThat(loops.failures()).isEmpty();
            channel.close().get(20, TimeUnit.SECONDS);
        }
    }

    /** Puts the ints of a stream into a queue. */
    private static final class Ints extends ChannelInboundHandlerAdapter {
        private final LinkedBlockingQueue<Integer> target;
        private final ByteBuf collected = Unpooled.buffer();

        Ints(LinkedBlockingQueue<Integer> target) {
            this.target = target;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf bytes = (ByteBuf) msg;
            collected.writeBytes(bytes);
            bytes.release();
            while (collected.readableBytes() >= 4) {
                target.add(collected.readInt());
            }
            collected.discardReadBytes();
        }
    }

    private SSLServerSocket echoServer() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(selfSigned(), PASSWORD);
        context.init(keys.getKeyManagers(), null, null);
        SSLServerSocket server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread echo = new Thread(
                () -> {
                    try (SSLSocket peer = (SSLSocket) server.accept()) {
                        DataInputStream in = new DataInputStream(peer.getInputStream());
                        DataOutputStream out = new DataOutputStream(peer.getOutputStream());
                        while (true) {
                            out.writeInt(in.readInt());
                            out.flush();
                        }
                    } catch (IOException e) {
                        // The client is done.
                        return;
                    }
                },
                "tls-echo");
        echo.setDaemon(true);
        echo.start();
        return server;
    }

    /** A key of this test's own, made by the JDK's keytool. */
    private KeyStore selfSigned() throws Exception {
        Path file = folder.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "test",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        new String(PASSWORD))
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(output).isZero();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return store;
    }
}
