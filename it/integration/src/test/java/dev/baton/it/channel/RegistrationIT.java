package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.channel.PinnedSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.AbstractChannel;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Channels that are registered by their unsafe, as some libraries do, or taken from one loop and given to another. */
@Timeout(60)
class RegistrationIT {
    private static final InetSocketAddress ANYWHERE = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    /** Notes what it reads and on which thread. */
    private static final class Told extends ChannelInboundHandlerAdapter {
        final BlockingQueue<Character> read = new LinkedBlockingQueue<>();
        final BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            threads.add(Thread.currentThread());
            while (bytes.isReadable()) {
                read.add((char) bytes.readByte());
            }
            bytes.release();
        }
    }

    private static void register(Channel channel, BatonLoop loop) throws InterruptedException {
        ChannelPromise registered = new DefaultChannelPromise(channel, loop);
        channel.unsafe().register(loop, registered);
        registered.sync();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aChannelThatWasRegisteredByItsUnsafeLives(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2)) {
            Channel server = new FdTcpServerChannel(loops.env());
            BlockingQueue<Channel> accepted = new LinkedBlockingQueue<>();
            server.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object child) {
                    accepted.add((Channel) child);
                }
            });
            register(server, loops.loop(0));
            server.bind(ANYWHERE).sync();

            Channel client = new PinnedSocketChannel(loops.env());
            register(client, loops.loop(1));
            client.connect(server.localAddress()).sync();
            Told told = new Told();
            Channel child = accepted.take();
            child.pipeline().addLast(told);
            register(child, loops.loop(1));
            client.writeAndFlush(Unpooled.copiedBuffer(new byte[] {'x'})).sync();
            assertThat(told.read.poll(10, TimeUnit.SECONDS)).isEqualTo('x');
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aMovableChannelThatWasRegisteredByItsUnsafeHasItsFacade(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1)) {
            Channel channel = new MovableSocketChannel(loops.env(), "test");
            register(channel, loops.loop(0));
            assertThat(channel.eventLoop()).isNotInstanceOf(BatonLoop.class);
            assertThat(catchThrowable(() -> register(channel, loops.loop(0)))).hasMessageContaining("registered");
            channel.close().sync();
        }
    }

    private static void goesToAnotherLoop(TestLoops loops, Channel channel, ServerSocket server) throws Exception {
        Told told = new Told();
        channel.pipeline().addLast(told);
        loops.loop(0).register(channel).sync();
        channel.connect(server.getLocalSocketAddress()).sync();
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('a');
            assertThat(told.read.poll(10, TimeUnit.SECONDS)).isEqualTo('a');
            channel.deregister().sync();
            assertThat(channel.isRegistered()).isFalse();
            assertThat(channel.isOpen()).isTrue();
            peer.getOutputStream().write('b');
            // Both loops have polled since: nobody is told while it is nowhere.
            on(loops.loop(0), () -> null);
            on(loops.loop(1), () -> null);
            assertThat(told.read).isEmpty();

            loops.loop(1).register(channel).sync();
            assertThat(told.read.poll(10, TimeUnit.SECONDS)).isEqualTo('b');
            channel.writeAndFlush(Unpooled.copiedBuffer(new byte[] {'c'})).sync();
            assertThat(peer.getInputStream().read()).isEqualTo('c');
            Thread second = on(loops.loop(1), Thread::currentThread);
            told.threads.clear();
            await().until(() -> {
                peer.getOutputStream().write('d');
                return told.threads.poll(10, TimeUnit.SECONDS) == second;
            });
            channel.close().sync();
            assertThat(peer.getInputStream().read()).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionIsTakenFromOneLoopAndGivenToAnother(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            goesToAnotherLoop(loops, new PinnedSocketChannel(loops.env()), server);
            goesToAnotherLoop(loops, new MovableSocketChannel(loops.env(), "test"), server);
        }
    }

    /** As when the thread that has the claim waits for a processor: the loop goes on asking for the connection. */
    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionGoesToItsLoopHoweverLongACallbackTakes(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel = new MovableSocketChannel(loops.env(), "test");
            loops.loop(0).register(channel).sync();
            channel.connect(server.getLocalSocketAddress()).sync();
            channel.deregister().sync();
            CountDownLatch over = new CountDownLatch(1);
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRegistered(ChannelHandlerContext ctx) throws Exception {
                    assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
                }
            });
            ChannelFuture registered = loops.loop(1).register(channel);
            turns(loops.loop(1), 3_000, over::countDown);
            registered.sync();
            await().until(() -> channel.loop() == loops.loop(1));
            channel.close().sync();
        }
    }

    private static void turns(BatonLoop loop, int count, Runnable then) {
        loop.nextTurn(count == 0 ? then : () -> turns(loop, count - 1, then));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aServerIsTakenFromOneLoopAndGivenToAnother(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2)) {
            Channel server = new FdTcpServerChannel(loops.env());
            BlockingQueue<Thread> accepts = new LinkedBlockingQueue<>();
            server.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object child) {
                    accepts.add(Thread.currentThread());
                    ((Channel) child).unsafe().closeForcibly();
                }
            });
            loops.loop(0).register(server).sync();
            server.bind(ANYWHERE).sync();
            server.deregister().sync();
            try (Socket client = new Socket()) {
                client.connect(server.localAddress());
                on(loops.loop(0), () -> null);
                assertThat(accepts).isEmpty();
                loops.loop(1).register(server).sync();
                assertThat(accepts.poll(10, TimeUnit.SECONDS)).isSameAs(on(loops.loop(1), Thread::currentThread));
            }
            server.close().sync();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectThatIsPendingCanBeCancelled(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Nobody accepts: once its backlog is full, what is sent to it gets no answer.
            for (int i = 0; i < 2; i++) {
                Channel filler = new PinnedSocketChannel(loops.env());
                loops.loop(0).register(filler).sync();
                filler.connect(full.getLocalSocketAddress()).sync();
            }
            for (AbstractChannel channel : new AbstractChannel[] {
                new PinnedSocketChannel(loops.env()), new MovableSocketChannel(loops.env(), "test")
            }) {
                loops.loop(0).register(channel).sync();
                ChannelPromise connecting = channel.newPromise();
                channel.connect(full.getLocalSocketAddress(), connecting);
                on(loops.loop(0), () -> null);
                assertThat(connecting.cancel(false)).isTrue();
                channel.closeFuture().get(10, TimeUnit.SECONDS);
                assertThatThrownBy(connecting::sync).isInstanceOf(CancellationException.class);
            }
        }
    }
}
