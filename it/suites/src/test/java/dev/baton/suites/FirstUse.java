package dev.baton.suites;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.socket.SocketTestPermutation;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Has bytes go forth and back once before the first test of Netty's suite. Its tests have 3 seconds, too little for the
 * first of them: on a busy machine loading the classes of Baton alone takes longer. Found by the service loader.
 */
public final class FirstUse implements TestExecutionListener {
    private static final int PATIENCE_SECONDS = 60;

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        if (plan.countTestIdentifiers(FirstUse::isNettys) > 0) {
            forthAndBack();
        }
    }

    private static boolean isNettys(TestIdentifier test) {
        return test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(source -> ((MethodSource) source).getClassName().startsWith("io.netty."))
                .orElse(false);
    }

    private static void forthAndBack() {
        CountDownLatch back = new CountDownLatch(1);
        BootstrapComboFactory<ServerBootstrap, Bootstrap> pair =
                SocketTestPermutation.INSTANCE.socket().get(0);
        Channel server = pair.newServerInstance()
                .childHandler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext context, Object message) {
                        context.writeAndFlush(message);
                    }
                })
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .syncUninterruptibly()
                .channel();
        Channel client = pair.newClientInstance()
                .handler(new SimpleChannelInboundHandler<ByteBuf>() {
                    @Override
                    protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
                        back.countDown();
                    }
                })
                .connect(server.localAddress())
                .syncUninterruptibly()
                .channel();
        client.writeAndFlush(Unpooled.copiedBuffer("first", StandardCharsets.US_ASCII));
        try {
            if (!back.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nothing came back");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        client.close().syncUninterruptibly();
        server.close().syncUninterruptibly();
    }
}
