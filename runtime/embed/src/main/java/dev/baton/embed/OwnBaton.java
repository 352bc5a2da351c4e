package dev.baton.embed;

import dev.baton.runtime.loop.LentLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.util.concurrent.Future;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.spi.transport.Transport;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Starts a Baton when a Vert.x asks for its loops, and closes it when that Vert.x ends them. */
final class OwnBaton implements Transport {
    private volatile @Nullable Baton started;

    private Transport transport() {
        Baton baton = started;
        if (baton == null) {
            throw new IllegalStateException("Vert.x asks for something before it has asked for its loops");
        }
        return baton.transport().implementation();
    }

    @Override
    public EventLoopGroup eventLoopGroup(int type, int count, ThreadFactory threads, int ioRatio) {
        if (type == ACCEPTOR_EVENT_LOOP_GROUP) {
            return transport().eventLoopGroup(type, count, threads, ioRatio);
        }
        // Of its own making, so that it knows them, watches them for blocked ones, and gives them its names.
        Baton baton = Baton.builder().loops(count).threads(threads).start();
        started = baton;
        return new LastLoops(baton);
    }

    /** Their end is the end of that Baton. */
    private static final class LastLoops extends LentLoops {
        private final Baton baton;

        LastLoops(Baton baton) {
            super(baton.lent());
            this.baton = baton;
        }

        @Override
        public Future<?> shutdownGracefully(long quietPeriod, long timeout, TimeUnit unit) {
            // Not here: this may be one of the loops.
            new Thread(
                            () -> {
                                try {
                                    baton.close();
                                } finally {
                                    super.shutdownGracefully(quietPeriod, timeout, unit);
                                }
                            },
                            "baton-end")
                    .start();
            return terminationFuture();
        }
    }

    @Override
    public boolean supportsDomainSockets() {
        return true;
    }

    @Override
    public boolean supportFileRegion() {
        return transport().supportFileRegion();
    }

    @Override
    public java.net.SocketAddress convert(SocketAddress address) {
        return transport().convert(address);
    }

    @Override
    public @Nullable SocketAddress convert(java.net.SocketAddress address) {
        return transport().convert(address);
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
        return transport().ioHandlerFactory();
    }

    @SuppressWarnings("deprecation") // Vert.x 5.1 asks with it
    @Override
    public DatagramChannel datagramChannel(io.netty.channel.socket.InternetProtocolFamily family) {
        return transport().datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
        return transport().datagramChannelFactory();
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
        return transport().channelFactory(domainSocket);
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
        return transport().serverChannelFactory(domainSocket);
    }

    @Override
    public void configure(DatagramChannel channel, DatagramSocketOptions options) {
        transport().configure(channel, options);
    }

    @Override
    public void configure(TcpConfig options, boolean domainSocket, Bootstrap bootstrap) {
        transport().configure(options, domainSocket, bootstrap);
    }

    @Override
    public void configure(TcpConfig options, boolean domainSocket, ServerBootstrap bootstrap) {
        transport().configure(options, domainSocket, bootstrap);
    }
}
