package dev.baton.embed;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.SocketProtocolFamily;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NettyTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final Baton baton =
            Baton.builder().loops(2).rescue(Duration.ofMillis(20)).start();
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        baton.close();
    }

    private static ChannelInitializer<Channel> initializer(CountDownLatch gate, Set<Class<?>> types) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                types.add(channel.getClass());
                channel.pipeline().addLast(new Echo(gate));
            }
        };
    }

    private final class Answers extends SimpleChannelInboundHandler<ByteBuf> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            answers.add(message.toString(StandardCharsets.US_ASCII));
        }
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    private String answer() throws InterruptedException {
        return answers.poll(10, TimeUnit.SECONDS);
    }

    private static int port(Channel server) {
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    @Test
    void shouldCarryBootstraps() throws Exception {
        Channel server = new ServerBootstrap()
                .group(baton.loops())
                .channelFactory(baton.serverChannels())
                .option(ChannelOption.SO_BACKLOG, 64)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childHandler(initializer(new CountDownLatch(0), ConcurrentHashMap.newKeySet()))
                .bind(ANY_PORT)
                .sync()
                .channel();
        Channel client = new Bootstrap()
                .group(baton.loops())
                .channelFactory(baton.channels())
                .handler(new Answers())
                .connect(server.localAddress())
                .sync()
                .channel();
        client.writeAndFlush(bytes("hello"));
        assertThat(answer()).isEqualTo("hello");
        assertThat(baton.loops().shutdownGracefully().sync().isSuccess()).isTrue();
        client.writeAndFlush(bytes("again"));
        assertThat(answer()).isEqualTo("again");
    }

    /** As Netty's proxies do it: {@code channel.getClass()} and {@code channel.eventLoop()} of another connection. */
    @Test
    void shouldMakeChannelsByTheirClassesOnTheLoopOfAnother() throws Exception {
        Set<Class<?>> types = ConcurrentHashMap.newKeySet();
        Channel server = new ServerBootstrap()
                .group(baton.loops(), baton.loops())
                .channel(BatonServerSocketChannel.class)
                .childHandler(initializer(new CountDownLatch(0), types))
                .bind(ANY_PORT)
                .sync()
                .channel();
        Channel client = new Bootstrap()
                .group(baton.loops())
                .channel(BatonSocketChannel.class)
                .handler(new Answers())
                .connect(server.localAddress())
                .sync()
                .channel();
        client.writeAndFlush(bytes("one"));
        assertThat(answer()).isEqualTo("one");
        assertThat(types).hasSize(1);
        Channel beside = new Bootstrap()
                .group(client.eventLoop())
                .channel(types.iterator().next().asSubclass(Channel.class))
                .handler(new Answers())
                .connect(server.localAddress())
                .sync()
                .channel();
        beside.writeAndFlush(bytes("two"));
        assertThat(answer()).isEqualTo("two");
    }

    @Test
    void shouldMoveWhatAServerChannelHasAccepted() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Channel server = new ServerBootstrap()
                .group(baton.loops())
                .channelFactory(baton.serverChannels())
                .childHandler(initializer(gate, ConcurrentHashMap.newKeySet()))
                .bind(ANY_PORT)
                .sync()
                .channel();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Client client = new Client(port(server));
            assertThat(client.echo("hello")).isEqualTo("hello");
            clients.add(client);
        }
        Client blocking = clients.remove(0);
        blocking.send(Echo.BLOCK);
        for (Client each : clients) {
            assertThat(each.echo("on")).isEqualTo("on");
        }
        gate.countDown();
        assertThat(blocking.read(Echo.BLOCK.length())).isEqualTo(Echo.BLOCK);
        for (Client each : clients) {
            each.close();
        }
        blocking.close();
    }

    /** A handler that throws costs the connection that it was offered, and no fd. */
    @Test
    void shouldCloseWhatNoHandlerOfTheServerTakes() throws Exception {
        ChannelInboundHandlerAdapter notSharable = new Echo();
        Channel server = new ServerBootstrap()
                .group(baton.loops())
                .channelFactory(baton.serverChannels())
                .handler(new ChannelInboundHandlerAdapter() {
                    private boolean first = true;

                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        if (first) {
                            first = false;
                            throw new IllegalStateException("planned");
                        }
                        context.fireChannelRead(message);
                    }
                })
                .childHandler(notSharable)
                .bind(ANY_PORT)
                .sync()
                .channel();
        try (Client refused = new Client(port(server))) {
            assertThat(refused.read(1)).isEmpty();
        } catch (IOException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
        try (Client served = new Client(port(server))) {
            assertThat(served.echo("fine")).isEqualTo("fine");
        }
    }

    @Test
    void shouldGiveTheLoopsAwayAndEndThemItself() throws Exception {
        EventLoopGroup lent = baton.loops();
        EventLoopGroup other = baton.loops();
        lent.shutdownGracefully().sync();
        assertThat(lent.isTerminated()).isTrue();
        assertThat(other.isShuttingDown()).isFalse();
        baton.close();
        assertThat(other.terminationFuture().await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void shouldSpreadWhatAServerChannelHasAccepted() throws Exception {
        Set<String> threads = ConcurrentHashMap.newKeySet();
        Channel server = new ServerBootstrap()
                .group(baton.loops())
                .channelFactory(baton.serverChannels())
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext context, Object message) {
                                threads.add(Thread.currentThread().getName());
                                context.writeAndFlush(message);
                            }
                        });
                    }
                })
                .bind(ANY_PORT)
                .sync()
                .channel();
        // A connection joins its loop in a turn or two: those that speak at once may still be where they were accepted.
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            clients.add(new Client(port(server)));
        }
        for (int round = 0; round < 1_000 && threads.size() < 2; round++) {
            for (Client each : clients) {
                assertThat(each.echo("on")).isEqualTo("on");
            }
        }
        assertThat(threads).containsExactlyInAnyOrder("baton-loop-0", "baton-loop-1");
        for (Client each : clients) {
            each.close();
        }
    }

    @Test
    void shouldCarryUnixSockets(@TempDir Path folder) throws Exception {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("echo.sock"));
        new ServerBootstrap()
                .group(baton.loops())
                .channel(BatonServerDomainSocketChannel.class)
                .childHandler(initializer(new CountDownLatch(0), ConcurrentHashMap.newKeySet()))
                .bind(address)
                .sync();
        Channel client = new Bootstrap()
                .group(baton.loops())
                .channel(BatonDomainSocketChannel.class)
                .handler(new Answers())
                .connect(address)
                .sync()
                .channel();
        client.writeAndFlush(bytes("unix"));
        assertThat(answer()).isEqualTo("unix");
    }

    private Channel receiver(ChannelFactory<? extends DatagramChannel> channels, InetSocketAddress address)
            throws InterruptedException {
        return new Bootstrap()
                .group(baton.loops())
                .channelFactory(channels)
                .handler(new SimpleChannelInboundHandler<DatagramPacket>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, DatagramPacket packet) {
                        answers.add(packet.content().toString(StandardCharsets.US_ASCII));
                    }
                })
                .bind(address)
                .sync()
                .channel();
    }

    @Test
    void shouldCarryDatagrams() throws Exception {
        Channel receiver = receiver(baton.datagramChannels(), ANY_PORT);
        Channel sender = new Bootstrap()
                .group(baton.loops())
                .channel(BatonDatagramChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .bind(ANY_PORT)
                .sync()
                .channel();
        sender.writeAndFlush(new DatagramPacket(bytes("datagram"), (InetSocketAddress) receiver.localAddress()))
                .sync();
        assertThat(answer()).isEqualTo("datagram");
    }

    /** Any address is that of IPv4 on the JVM: what it is bound to does not say that it should serve IPv6 too. */
    @Test
    void shouldCarryDatagramsOfTheFamilyThatWasAskedFor() throws Exception {
        Channel both = receiver(
                () -> new BatonDatagramChannel(SocketProtocolFamily.INET6), new InetSocketAddress("0.0.0.0", 0));
        for (String loopback : List.of("::1", "127.0.0.1")) {
            try (DatagramSocket sender = new DatagramSocket()) {
                sender.send(new java.net.DatagramPacket(
                        loopback.getBytes(StandardCharsets.US_ASCII),
                        loopback.length(),
                        new InetSocketAddress(loopback, port(both))));
            }
            assertThat(answer()).isEqualTo(loopback);
        }
    }

    /** As Reactor Netty's clients do it, which use the channel's loop at once. */
    @Test
    void shouldMoveAChannelThatIsRegisteredByItsUnsafe() throws Exception {
        Channel server = new ServerBootstrap()
                .group(baton.loops())
                .channelFactory(baton.serverChannels())
                .childHandler(initializer(new CountDownLatch(0), ConcurrentHashMap.newKeySet()))
                .bind(ANY_PORT)
                .sync()
                .channel();
        Channel client = new BatonSocketChannel();
        client.pipeline().addLast(new Answers());
        EventLoop loop = baton.loops().next();
        ChannelPromise registered = new DefaultChannelPromise(client, loop);
        client.unsafe().register(loop, registered);
        EventLoop own = client.eventLoop();
        assertThat(own).isNotSameAs(loop);
        registered.sync();
        assertThat(client.eventLoop()).isSameAs(own);
        client.connect(server.localAddress()).sync();
        client.writeAndFlush(bytes("hello"));
        assertThat(answer()).isEqualTo("hello");
    }

    @Test
    void shouldRefuseTheLoopsOfOthers() throws Exception {
        MultiThreadIoEventLoopGroup nio = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        try {
            assertThat(nio.register(new BatonSocketChannel()).await().cause())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("incompatible event loop type");
        } finally {
            nio.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        }
        BatonServerSocketChannel neverRegistered = new BatonServerSocketChannel();
        neverRegistered.unsafe().closeForcibly();
        assertThat(neverRegistered.isOpen()).isFalse();
        assertThat(new BatonSocketChannel().config().getReceiveBufferSize()).isZero();
    }

    @Test
    void shouldNotMoveAChannelToTheLoopsOfAnotherBaton() throws Exception {
        try (Baton other = Baton.builder().loops(1).start()) {
            Channel channel = new BatonDatagramChannel();
            baton.loops().register(channel).sync();
            channel.deregister().sync();
            assertThat(other.loops().register(channel).await().cause())
                    .hasMessageContaining("it lives with the loops of one Baton");
            channel.close();
        }
    }
}
