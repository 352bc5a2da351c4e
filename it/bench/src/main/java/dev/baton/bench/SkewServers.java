package dev.baton.bench;

import dev.baton.embed.Baton;
import dev.baton.plugin.rebalance.LoopRebalancePlugin;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A server whose handler computes in every request, for so many microseconds of its thread's processor time, and
 * answers with the name of its thread: {@code SkewServers baton|netty LOOPS MICROS}. The handlers are the same on
 * Baton, which has the plugin {@code loop-rebalance}, and on plain Netty. Prints the port, and serves until it is
 * killed.
 */
public final class SkewServers {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private SkewServers() {}

    /** Serves. */
    public static void main(String[] arguments) throws Exception {
        int loops = Integer.parseInt(arguments[1]);
        Work work = new Work(Long.parseLong(arguments[2]) * 1_000);
        System.out.println(arguments[0].equals("baton") ? baton(loops, work) : netty(loops, work));
        new CountDownLatch(1).await();
    }

    private static int baton(int loops, Work work) {
        Baton baton = Baton.builder()
                .configuration(Map.of("version", 1, "loops", loops, "loop-rebalance", Map.of()))
                .plugin("loop-rebalance", new LoopRebalancePlugin())
                .start();
        return baton.listen("127.0.0.1:0", work::initChannel).port();
    }

    private static int netty(int loops, Work work) {
        EventLoopGroup acceptors = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(loops, NioIoHandler.newFactory());
        Channel server = new ServerBootstrap()
                .group(acceptors, group)
                .channel(NioServerSocketChannel.class)
                .childHandler(work)
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        return ((InetSocketAddress) server.localAddress()).getPort();
    }

    /** What both do with a connection. */
    @ChannelHandler.Sharable
    private static final class Work extends ChannelInitializer<Channel> {
        private final long nanos;

        Work(long nanos) {
            this.nanos = nanos;
        }

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024), new Answers(nanos));
        }
    }

    private static final class Answers extends SimpleChannelInboundHandler<FullHttpRequest> {
        private final long nanos;

        Answers(long nanos) {
            this.nanos = nanos;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            long end = THREADS.getCurrentThreadCpuTime() + nanos;
            while (THREADS.getCurrentThreadCpuTime() < end) {
                Thread.onSpinWait();
            }
            byte[] body = Thread.currentThread().getName().getBytes(StandardCharsets.US_ASCII);
            DefaultFullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.wrappedBuffer(body));
            response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
            context.writeAndFlush(response);
        }
    }
}
