package dev.baton.suites;

import dev.baton.embed.Baton;
import dev.baton.embed.BatonDatagramChannel;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The sockets on which a suite of Netty's runs: Baton's, or for comparison Netty's own.
 *
 * @param loops of all of them
 * @param servers over TCP
 * @param clients over TCP
 * @param datagrams of a family of addresses
 */
public record Sockets(
        EventLoopGroup loops,
        ChannelFactory<? extends ServerChannel> servers,
        ChannelFactory<? extends Channel> clients,
        Function<@Nullable SocketProtocolFamily, Channel> datagrams) {
    /** As many as the suite gives NIO. */
    private static final int LOOPS = 4;

    /** As the system property {@code suites.on} says: {@code baton}, {@code nio} or {@code epoll}. */
    public static Sockets chosen() {
        String on = System.getProperty("suites.on", "baton");
        return switch (on) {
            case "baton" -> baton();
            case "nio" ->
                new Sockets(
                        netty(NioIoHandler.newFactory()),
                        NioServerSocketChannel::new,
                        NioSocketChannel::new,
                        family -> family == null ? new NioDatagramChannel() : new NioDatagramChannel(family));
            case "epoll" ->
                new Sockets(
                        netty(EpollIoHandler.newFactory()),
                        EpollServerSocketChannel::new,
                        EpollSocketChannel::new,
                        family -> family == null ? new EpollDatagramChannel() : new EpollDatagramChannel(family));
            default -> throw new IllegalArgumentException("suites.on=" + on);
        };
    }

    private static Sockets baton() {
        Baton baton = Batons.start(LOOPS);
        return new Sockets(
                baton.loops(),
                baton.serverChannels(),
                baton.channels(),
                family -> family == null ? new BatonDatagramChannel() : new BatonDatagramChannel(family));
    }

    private static EventLoopGroup netty(IoHandlerFactory io) {
        return new MultiThreadIoEventLoopGroup(LOOPS, new DefaultThreadFactory("suite", true), io);
    }

    /** A server that only wants its handlers. */
    public ServerBootstrap server() {
        return new ServerBootstrap().group(loops).channelFactory(servers);
    }

    /** A client that only wants its handler. */
    public Bootstrap client() {
        return new Bootstrap().group(loops).channelFactory(clients);
    }

    /** A socket for datagrams that only wants its handler. */
    public Bootstrap datagram(@Nullable SocketProtocolFamily family) {
        return new Bootstrap().group(loops).channelFactory(() -> datagrams.apply(family));
    }
}
