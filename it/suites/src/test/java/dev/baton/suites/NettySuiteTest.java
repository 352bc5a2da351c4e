package dev.baton.suites;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.BatonDatagramChannel;
import dev.baton.embed.BatonServerSocketChannel;
import dev.baton.embed.BatonSocketChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.socket.SocketEchoTest;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import io.netty.util.Version;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** That Netty's suite is what it should be, and runs on what it should. */
class NettySuiteTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    @Test
    void shouldBeOfTheVersionOfNetty() {
        String jar = SocketEchoTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        assertThat(jar).endsWith(Version.identify().get("netty-transport").artifactVersion() + ".jar");
    }

    @DisabledIfSystemProperty(named = "suites.on", matches = "nio|epoll", disabledReason = "to compare")
    @Test
    void shouldRunOnBatonsChannels() throws Exception {
        SocketTestPermutation suite = new SocketTestPermutation();
        BootstrapComboFactory<ServerBootstrap, Bootstrap> pair = suite.socket().get(0);
        Channel server = pair.newServerInstance()
                .childHandler(new ChannelInboundHandlerAdapter())
                .bind(ANY_PORT)
                .sync()
                .channel();
        Channel client = pair.newClientInstance()
                .handler(new ChannelInboundHandlerAdapter())
                .connect(server.localAddress())
                .sync()
                .channel();
        Channel datagrams = suite.datagram(SocketProtocolFamily.INET)
                .get(0)
                .newClientInstance()
                .handler(new ChannelInboundHandlerAdapter())
                .bind(ANY_PORT)
                .sync()
                .channel();
        assertThat(server).isInstanceOf(BatonServerSocketChannel.class);
        assertThat(client).isInstanceOf(BatonSocketChannel.class);
        assertThat(datagrams).isInstanceOf(BatonDatagramChannel.class);
    }
}
