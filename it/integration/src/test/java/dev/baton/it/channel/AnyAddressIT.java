package dev.baton.it.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.NetUtil;
import java.net.ConnectException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A socket that is bound to any address serves what one of the JVM's own would serve, and shows the same addresses. */
@Timeout(60)
class AnyAddressIT {
    private static final String V4 = "127.0.0.1";
    private static final String V6 = "::1";

    private final FaultyPosix calls = new FaultyPosix(new JnrPosix());
    private final TestLoops loops = TestLoops.start(Pollers.chosen(), calls.posix(), 1);
    private final BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
    private final BlockingQueue<InetSocketAddress> senders = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        loops.close();
    }

    private Channel listen(InetSocketAddress address) {
        return new ServerBootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public boolean isSharable() {
                        return true;
                    }

                    @Override
                    public void channelActive(ChannelHandlerContext context) {
                        accepted.add(context.channel());
                    }
                })
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    private FdDatagramChannel receive(InetSocketAddress address) {
        return (FdDatagramChannel) new Bootstrap()
                .group(loops.loop(0))
                .channelFactory(() -> new FdDatagramChannel(loops.env()))
                .handler(new SimpleChannelInboundHandler<DatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
                        senders.add(packet.sender());
                    }
                })
                .bind(address)
                .syncUninterruptibly()
                .channel();
    }

    /** That is written as one, never looked up. */
    private static InetAddress address(String text) {
        return NetUtil.createInetAddressFromIpAddressString(text);
    }

    private static InetSocketAddress at(String host, Channel server) {
        return new InetSocketAddress(address(host), ((InetSocketAddress) server.localAddress()).getPort());
    }

    private void isReached(Channel server, String host) throws Exception {
        try (Socket client = new Socket()) {
            client.connect(at(host, server));
            Channel child = accepted.take();
            assertThat(child.localAddress()).isEqualTo(client.getRemoteSocketAddress());
            assertThat(child.remoteAddress()).isEqualTo(client.getLocalSocketAddress());
        }
    }

    private void hears(FdDatagramChannel receiver, String host) throws Exception {
        try (DatagramSocket sender = new DatagramSocket(new InetSocketAddress(address(host), 0))) {
            sender.send(new java.net.DatagramPacket(new byte[1], 1, at(host, receiver)));
            assertThat(senders.poll(10, TimeUnit.SECONDS)).isEqualTo(sender.getLocalSocketAddress());
        }
    }

    private static InetAddress hostOf(Channel channel) {
        return ((InetSocketAddress) channel.localAddress()).getAddress();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0.0.0.0", "::"})
    void bothFamiliesAreServed(String any) throws Exception {
        InetSocketAddress address = any.isEmpty() ? new InetSocketAddress(0) : new InetSocketAddress(address(any), 0);
        Channel server = listen(address);
        assertThat(hostOf(server)).isEqualTo(address("::"));
        isReached(server, V4);
        isReached(server, V6);
        FdDatagramChannel receiver = receive(address);
        assertThat(hostOf(receiver)).isEqualTo(address("::"));
        hears(receiver, V4);
        hears(receiver, V6);
    }

    @Test
    void aFamilyThatIsAskedForIsServedAlone() throws Exception {
        FdDatagramChannel v4 = new FdDatagramChannel(loops.env(), Sockets.AF_INET);
        loops.loop(0).register(v4).sync();
        v4.bind(new InetSocketAddress(0)).sync();
        assertThat(hostOf(v4)).isEqualTo(address("0.0.0.0"));
        Channel server = listen(new InetSocketAddress(address(V4), 0));
        assertThat(hostOf(server)).isEqualTo(address(V4));
    }

    /** {@code -Djava.net.preferIPv4Stack=true}, which is looked at when a socket is bound. */
    @Test
    void ipv4IsServedAloneWhereTheJvmPrefersIt() throws Exception {
        System.setProperty("java.net.preferIPv4Stack", "true");
        Channel server;
        FdDatagramChannel receiver;
        try {
            server = listen(new InetSocketAddress(0));
            receiver = receive(new InetSocketAddress(0));
        } finally {
            System.clearProperty("java.net.preferIPv4Stack");
        }
        isOfIpv4(server, receiver);
        try (Socket client = new Socket()) {
            assertThat(catchThrowable(() -> client.connect(at(V6, server)))).isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void ipv4IsServedWhereThereIsNoIpv6() throws Exception {
        calls.plant("socket", 0, Sockets.AF_INET6, -Errno.EAFNOSUPPORT, Integer.MAX_VALUE);
        isOfIpv4(listen(new InetSocketAddress(0)), receive(new InetSocketAddress(address("::"), 0)));
    }

    private void isOfIpv4(Channel server, FdDatagramChannel receiver) throws Exception {
        assertThat(hostOf(server)).isEqualTo(address("0.0.0.0"));
        assertThat(hostOf(receiver)).isEqualTo(address("0.0.0.0"));
        isReached(server, V4);
        hears(receiver, V4);
    }

    /** A process before this one may have had no IPv6. */
    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::"})
    void aSocketThatWasLeftServesOn(String left) throws Exception {
        InetSocketAddress address = new InetSocketAddress(address(left), 0);
        int number =
                calls.posix().socket(left.equals("::") ? Sockets.AF_INET6 : Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        assertThat(calls.posix().bind(number, address)).isZero();
        assertThat(calls.posix().listen(number, 16)).isZero();
        InetSocketAddress bound = (InetSocketAddress) calls.posix().localAddress(number);
        List<SocketAddress> asked = new ArrayList<>();
        loops.env().servers().left(wanted -> {
            asked.add(wanted);
            return wanted.equals(bound) ? number : -1;
        });
        Channel server = listen(new InetSocketAddress(bound.getPort()));
        assertThat(server.localAddress()).isEqualTo(bound);
        assertThat(asked.get(0)).isEqualTo(new InetSocketAddress(address("::"), bound.getPort()));
        isReached(server, V4);
    }

    @ParameterizedTest
    @ValueSource(strings = {V4, V6})
    void aClientMayBeBoundToAnyAddressBeforeItConnects(String host) throws Exception {
        Channel server = listen(new InetSocketAddress(0));
        for (boolean first : new boolean[] {true, false}) {
            PinnedSocketChannel client = new PinnedSocketChannel(loops.env());
            loops.loop(0).register(client).sync();
            InetSocketAddress from = new InetSocketAddress(0);
            if (first) {
                client.bind(from).sync();
                client.connect(at(host, server)).sync();
            } else {
                client.connect(at(host, server), from).sync();
            }
            assertThat(accepted.take().remoteAddress()).isEqualTo(client.localAddress());
            assertThat(client.remoteAddress()).isEqualTo(at(host, server));
        }
    }
}
