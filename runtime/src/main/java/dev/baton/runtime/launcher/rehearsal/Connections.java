package dev.baton.runtime.launcher.rehearsal;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/**
 * Opens connections to listeners, on one thread that all clients share: what is said of the order of a client's steps
 * is true because of it.
 */
final class Connections implements AutoCloseable {
    private static final int SAY_GOODBYE_MS = 1_000;

    private final MultiThreadIoEventLoopGroup group;
    private final EventLoop loop;
    private final Manners manners;
    private final SslContext tls;

    Connections(Manners manners) {
        ThreadFactory threads = task -> {
            Thread thread = new Thread(task, "rehearsal-clients");
            thread.setDaemon(true);
            return thread;
        };
        this.group = new MultiThreadIoEventLoopGroup(1, threads, NioIoHandler.newFactory());
        this.loop = group.next();
        this.manners = manners;
        this.tls = trusting();
    }

    /** What a client does with a connection. */
    interface User {
        /** The connection is open, after the handshake if there is one. */
        void opened(Channel channel);

        /** It could not be opened. */
        void notOpened(String why);
    }

    /** Clients are to see whether they are served; whom a certificate is for is another matter. */
    private static SslContext trusting() {
        try {
            return SslContextBuilder.forClient()
                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                    .build();
        } catch (SSLException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    /** The one thread. */
    EventLoop loop() {
        return loop;
    }

    /**
     * Opens a connection.
     *
     * @param handlers its handlers, behind the TLS if there is some
     */
    void open(Endpoint endpoint, User user, ChannelHandler... handlers) {
        Bootstrap bootstrap = new Bootstrap()
                .group(loop)
                .option(
                        ChannelOption.CONNECT_TIMEOUT_MILLIS,
                        Math.toIntExact(manners.patience().toMillis()))
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        ChannelPipeline pipeline = channel.pipeline();
                        if (endpoint.tls()) {
                            pipeline.addLast(handshake(channel, endpoint));
                        }
                        pipeline.addLast(handlers);
                    }
                });
        if (endpoint.address() instanceof UnixDomainSocketAddress) {
            bootstrap.channel(NioDomainSocketChannel.class);
        } else {
            bootstrap.channel(NioSocketChannel.class);
        }
        bootstrap.connect(endpoint.address()).addListener(connected -> {
            Channel channel = ((ChannelFuture) connected).channel();
            if (!connected.isSuccess()) {
                user.notOpened(why(connected.cause()));
            } else if (endpoint.tls()) {
                shaken(channel, user);
            } else {
                user.opened(channel);
            }
        });
    }

    private static void shaken(Channel channel, User user) {
        channel.pipeline().get(SslHandler.class).handshakeFuture().addListener(shaken -> {
            if (shaken.isSuccess()) {
                user.opened(channel);
            } else {
                channel.close();
                user.notOpened(why(shaken.cause()));
            }
        });
    }

    private SslHandler handshake(Channel channel, Endpoint endpoint) {
        String name = manners.host();
        int port = endpoint.address() instanceof InetSocketAddress ip ? ip.getPort() : 0;
        SslHandler handler = name == null
                ? tls.newHandler(channel.alloc())
                : tls.newHandler(channel.alloc(), withoutPort(name), port);
        handler.setHandshakeTimeout(manners.patience().toMillis(), TimeUnit.MILLISECONDS);
        handler.setCloseNotifyFlushTimeoutMillis(SAY_GOODBYE_MS);
        return handler;
    }

    private static String withoutPort(String authority) {
        int colon = authority.lastIndexOf(':');
        return colon > 0 && !authority.endsWith("]") ? authority.substring(0, colon) : authority;
    }

    private static String why(Throwable cause) {
        String message = cause.getMessage();
        return message == null ? cause.getClass().getSimpleName() : message;
    }

    /** What clients keep to. */
    Manners manners() {
        return manners;
    }

    /** Runs something on the thread after a time. */
    void after(Duration time, Runnable task) {
        loop.schedule(task, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Closes what is open, and ends the thread. */
    @Override
    public void close() {
        group.shutdownGracefully(0, SAY_GOODBYE_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(SAY_GOODBYE_MS);
    }
}
