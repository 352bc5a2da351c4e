package dev.baton.suites;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.BatonDatagramChannel;
import dev.baton.embed.BatonServerSocketChannel;
import dev.baton.embed.BatonSocketChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.socket.SocketEchoTest;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import io.netty.util.Version;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

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

    /** Or on what it is compared with. */
    @Test
    void shouldRunOnTheChannelsThatAreAskedFor() throws Exception {
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
        List<Class<? extends Channel>> wanted = switch (System.getProperty("suites.on", "baton")) {
            case "nio" -> List.of(NioServerSocketChannel.class, NioSocketChannel.class, NioDatagramChannel.class);
            case "epoll" ->
                List.of(EpollServerSocketChannel.class, EpollSocketChannel.class, EpollDatagramChannel.class);
            default -> List.of(BatonServerSocketChannel.class, BatonSocketChannel.class, BatonDatagramChannel.class);
        };
        assertThat(server).isInstanceOf(wanted.get(0));
        assertThat(client).isInstanceOf(wanted.get(1));
        assertThat(datagrams).isInstanceOf(wanted.get(2));
    }
}
