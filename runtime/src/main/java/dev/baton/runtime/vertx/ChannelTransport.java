package dev.baton.runtime.vertx;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.FdDatagramChannel;
import dev.baton.runtime.channel.FdServerChannel;
import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.FdUnixServerChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.channel.PinnedUnixChannel;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Sockets;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.net.TcpOption;
import io.vertx.core.spi.transport.Transport;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;

/** Baton's channels as Vert.x asks for them; whose loops they live on its subclasses say. Threading: any. */
abstract class ChannelTransport implements Transport {
    final ChannelEnv env;

    ChannelTransport(ChannelEnv env) {
        this.env = env;
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
        throw new UnsupportedOperationException("Baton's loops come whole: ask for an event loop group");
    }

    // ---- channels -------------------------------------------------------------------------------------------------

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return domainSocket ? () -> new PinnedUnixChannel(env) : () -> new PinnedSocketChannel(env);
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return domainSocket ? () -> new FdUnixServerChannel(env) : () -> new FdTcpServerChannel(env);
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
        return () -> new FdDatagramChannel(env);
    }

    @SuppressWarnings("deprecation") // Vert.x 5.1 asks with it
    @Override
    public DatagramChannel datagramChannel(io.netty.channel.socket.InternetProtocolFamily family) {
        boolean v6 = family == io.netty.channel.socket.InternetProtocolFamily.IPv6;
        return new FdDatagramChannel(env, v6 ? Sockets.AF_INET6 : Sockets.AF_INET);
    }

    // ---- options --------------------------------------------------------------------------------------------------

    /** Vert.x's own knows the options of java.net only. */
    @Override
    public void configure(TcpConfig options, boolean domainSocket, ServerBootstrap bootstrap) {
        if (!domainSocket) {
            bootstrap.option(UnixChannelOption.SO_REUSEPORT, options.isSoReusePort());
        }
        Integer userTimeout = options.getOption(TcpOption.USER_TIMEOUT);
        if (userTimeout != null && userTimeout > 0) {
            bootstrap.option(FdServerChannel.TCP_USER_TIMEOUT, userTimeout);
        }
        Transport.super.configure(options, domainSocket, bootstrap);
    }

    /**
     * Sets what Vert.x sets on NIO alone, the options of multicast, and on epoll alone, {@code SO_REUSEPORT}. Whether
     * datagrams come back is said the other way round there: {@code loopbackModeDisabled}, which is the default, lets
     * them. An application finds the same here.
     */
    @Override
    public void configure(DatagramChannel channel, DatagramSocketOptions options) {
        channel.config().setOption(UnixChannelOption.SO_REUSEPORT, options.isReusePort());
        Transport.super.configure(channel, options);
        channel.config().setLoopbackModeDisabled(!options.isLoopbackModeDisabled());
        if (options.getMulticastTimeToLive() != -1) {
            channel.config().setTimeToLive(options.getMulticastTimeToLive());
        }
        String name = options.getMulticastNetworkInterface();
        if (name != null) {
            channel.config().setNetworkInterface(network(name));
        }
    }

    private static NetworkInterface network(String name) {
        NetworkInterface network;
        try {
            network = NetworkInterface.getByName(name);
        } catch (SocketException e) {
            throw new IllegalArgumentException("cannot look for network interface " + name, e);
        }
        if (network == null) {
            throw new IllegalArgumentException("there is no network interface " + name);
        }
        return network;
    }

    /**
     * Baton's stream channels send files by sendfile(2), a turn's share at a time. A slow disk holds the loop up, as it
     * does when Vert.x reads the file in pieces, which is its other way and runs on the loop as well.
     */
    @Override
    public boolean supportFileRegion() {
        return true;
    }

    // ---- addresses ------------------------------------------------------------------------------------------------

    @Override
    public boolean supportsDomainSockets() {
        return true;
    }

    /** A path that begins with NUL is an abstract name, as with Vert.x's native transports. */
    @Override
    public java.net.SocketAddress convert(SocketAddress address) {
        if (!address.isDomainSocket()) {
            return Transport.super.convert(address);
        }
        String path = address.path();
        return path.startsWith("\0") ? new AbstractUnixAddress(path.substring(1)) : UnixDomainSocketAddress.of(path);
    }

    @Override
    public @Nullable SocketAddress convert(java.net.SocketAddress address) {
        if (address instanceof UnixDomainSocketAddress unix) {
            return SocketAddress.domainSocketAddress(unix.getPath().toString());
        }
        if (address instanceof AbstractUnixAddress unix) {
            return SocketAddress.domainSocketAddress("\0" + unix.name());
        }
        return Transport.super.convert(address);
    }
}
