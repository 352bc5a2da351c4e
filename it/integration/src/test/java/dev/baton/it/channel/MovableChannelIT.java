package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A channel that changes loops: what it reads, writes and is told, before, during and after a takeover. */
@Timeout(60)
class MovableChannelIT {

    /** Records what was read and on which thread. */
    private static final class Recorder extends ChannelInboundHandlerAdapter {
        final LinkedBlockingQueue<String> read = new LinkedBlockingQueue<>();
        final LinkedBlockingQueue<String> threads = new LinkedBlockingQueue<>();
        final CountDownLatch inactive = new CountDownLatch(1);
        final CompletableFuture<Thread> inactiveOn = new CompletableFuture<>();

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            ByteBuf bytes = (ByteBuf) msg;
            assertThat(ctx.channel().eventLoop().inEventLoop()).isTrue();
            threads.add(Thread.currentThread().getName());
            read.add(bytes.toString(StandardCharsets.US_ASCII));
            bytes.release();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            inactiveOn.complete(Thread.currentThread());
            inactive.countDown();
        }
    }

    private static ByteBuf ascii(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void readsAndWritesOnWhicheverLoopOwnsIt(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Recorder recorder = new Recorder();
            MovableSocketChannel channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), recorder);
            try (Socket peer = server.accept()) {
                peer.getOutputStream().write("one".getBytes(StandardCharsets.US_ASCII));
                assertThat(recorder.read.poll(10, TimeUnit.SECONDS)).isEqualTo("one");
                String first = recorder.threads.take();
                // The handler was told inside the claim: after one more task of the loop nothing runs in the channel.
                on(loops.loop(0), () -> null);

                BatonLoop thief = loops.loop(1);
                TakeoverResult result = on(thief, () -> {
                    TakeoverResult taken = channel.takeover(thief);
                    if (taken == TakeoverResult.TAKEN) {
                        channel.leave();
                    }
                    return taken;
                });
                assertThat(result).isEqualTo(TakeoverResult.TAKEN);
                assertThat(channel.loop()).isSameAs(thief);

                peer.getOutputStream().write("two".getBytes(StandardCharsets.US_ASCII));
                assertThat(recorder.read.poll(10, TimeUnit.SECONDS)).isEqualTo("two");
                assertThat(recorder.threads.take()).isNotEqualTo(first);

                channel.writeAndFlush(ascii("three")).get(10, TimeUnit.SECONDS);
                InputStream in = peer.getInputStream();
                assertThat(in.readNBytes(5)).isEqualTo("three".getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(recorder.inactive.await(10, TimeUnit.SECONDS)).isTrue();
            channel.closeFuture().get(10, TimeUnit.SECONDS);
            assertThat(loops.table().isLive(channel.fd())).isFalse();
            assertThat(loops.failures()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void isTakenOverWhileItsOldLoopIsBlocked(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Recorder recorder = new Recorder();
            MovableSocketChannel channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), recorder);
            CountDownLatch blocked = new CountDownLatch(1);
            CountDownLatch release = new CountDownLatch(1);
            try (Socket peer = server.accept()) {
                loops.loop(0).execute(() -> {
                    blocked.countDown();
                    awaitUninterruptibly(release);
                });
                assertThat(blocked.await(10, TimeUnit.SECONDS)).isTrue();
                // F2: this task's drain is stuck with the old loop.
                CompletableFuture<String> ranOn = new CompletableFuture<>();
                channel.eventLoop()
                        .execute(() -> ranOn.complete(Thread.currentThread().getName()));
                peer.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));

                BatonLoop thief = loops.loop(1);
                assertThat(on(thief, () -> {
                            TakeoverResult taken = channel.takeover(thief, 0);
                            if (taken == TakeoverResult.TAKEN) {
                                channel.leave();
                            }
                            return taken;
                        }))
                        .isEqualTo(TakeoverResult.TAKEN);
                assertThat(ranOn.get(10, TimeUnit.SECONDS))
                        .isEqualTo(on(thief, () -> Thread.currentThread().getName()));
                assertThat(recorder.read.poll(10, TimeUnit.SECONDS)).isEqualTo("hello");
                release.countDown();
                // The old loop comes back and finds nothing of it.
                on(loops.loop(0), () -> null);
                assertThat(channel.loop()).isSameAs(thief);
                assertThat(recorder.read).isEmpty();
            } finally {
                release.countDown();
            }
            assertThat(recorder.inactive.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void deletedFromOutsideItFailsItsWritesAndGoesInactiveOnItsLastLoop(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Recorder recorder = new Recorder();
            MovableSocketChannel channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), recorder);
            try (Socket peer = server.accept()) {
                assertThat(loops.table().fdDelete(channel.fd())).isTrue();
                assertThat(loops.table().fdDelete(channel.fd())).isFalse();
                assertThat(peer.getInputStream().read()).isEqualTo(-1);
                Thread last = recorder.inactiveOn.get(10, TimeUnit.SECONDS);
                assertThat(last).isSameAs(on(loops.loop(0), Thread::currentThread));
                assertThat(channel.write(ascii("late")).await().cause()).isNotNull();
                CompletableFuture<Thread> late = new CompletableFuture<>();
                channel.eventLoop().execute(() -> late.complete(Thread.currentThread()));
                assertThat(late.get(10, TimeUnit.SECONDS)).isSameAs(last);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void tasksTimersAndPromisesOfAClosedChannelRunOnceOnItsLastLoop(PollerProvider poller) throws Exception {
        // F1
        try (TestLoops loops = TestLoops.start(poller, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), new Recorder());
            BatonLoop thief = loops.loop(1);
            List<String> ran = java.util.Collections.synchronizedList(new java.util.ArrayList<>());
            CountDownLatch done = new CountDownLatch(3);
            try (Socket peer = server.accept()) {
                on(thief, () -> {
                    assertThat(channel.takeover(thief)).isEqualTo(TakeoverResult.TAKEN);
                    try {
                        channel.eventLoop().execute(() -> note(ran, done, "task"));
                        channel.eventLoop().schedule(() -> note(ran, done, "timer"), 1, TimeUnit.MILLISECONDS);
                        channel.close().addListener(f -> note(ran, done, "closed"));
                        assertThat(loops.table().isLive(channel.fd())).isFalse();
                    } finally {
                        channel.leave();
                    }
                    return null;
                });
                assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
                String name = on(thief, () -> Thread.currentThread().getName());
                assertThat(ran).containsExactlyInAnyOrder("task " + name, "timer " + name, "closed " + name);
                assertThat(peer.getInputStream().read()).isEqualTo(-1);
            }
        }
    }

    private static void note(List<String> ran, CountDownLatch done, String what) {
        ran.add(what + " " + Thread.currentThread().getName());
        done.countDown();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        boolean interrupted = false;
        while (true) {
            try {
                latch.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
