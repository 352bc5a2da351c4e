package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.it.Pollers;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.DataInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the facade promises while two loops keep taking a channel from each other and other threads use it: tasks run
 * once, in order, one at a time (R30); timers fire once; promises are fulfilled; a stream does not overtake itself
 * (F3).
 */
@Timeout(120)
class FacadeIT {
    private static final int TASKS = 200_000;

    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    /** Keeps taking a channel over on both loops until it is closed. */
    private static final class PingPong implements AutoCloseable {
        private final AtomicBoolean stop = new AtomicBoolean();
        private final CountDownLatch ended;

        PingPong(TestLoops loops, MovableSocketChannel... channels) {
            ended = new CountDownLatch(2 * channels.length);
            for (MovableSocketChannel channel : channels) {
                for (int id = 0; id < 2; id++) {
                    turn(loops.loop(id), channel);
                }
            }
        }

        private void turn(BatonLoop loop, MovableSocketChannel channel) {
            loop.execute(() -> {
                if (stop.get()) {
                    ended.countDown();
                    return;
                }
                // As a rescue does it: a queue that is not empty does not protect from it.
                if (channel.loop() != loop
                        && channel.takeover(loop, ((BatonLoop) channel.loop()).id()) == TakeoverResult.TAKEN) {
                    channel.leave();
                }
                turn(loop, channel);
            });
        }

        @Override
        public void close() throws InterruptedException {
            stop.set(true);
            assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    /** Notes that somebody runs on a channel, and complains if two do. */
    private final class Exclusive {
        private final AtomicReference<Thread> inside = new AtomicReference<>();

        void run(MovableSocketChannel channel, Runnable body) {
            Thread me = Thread.currentThread();
            if (!inside.compareAndSet(null, me)) {
                wrong.add("two at once: " + inside.get() + " and " + me);
            }
            if (!channel.eventLoop().inEventLoop()) {
                wrong.add("not the holder: " + me);
            }
            body.run();
            inside.set(null);
        }
    }

    @Test
    void tasksRunOnceInOrderOneAtATimeWhileTheChannelMoves() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            Exclusive exclusive = new Exclusive();
            int[] next = new int[3];
            CountDownLatch done = new CountDownLatch(3 * TASKS);
            try (Socket peer = server.accept();
                    PingPong moving = new PingPong(loops, channel)) {
                Thread[] threads = new Thread[3];
                for (int t = 0; t < 3; t++) {
                    int lane = t;
                    Semaphore ahead = new Semaphore(1_000);
                    threads[t] = new Thread(() -> {
                        for (int i = 0; i < TASKS; i++) {
                            int number = i;
                            ahead.acquireUninterruptibly();
                            Runnable task = () -> exclusive.run(channel, () -> {
                                if (next[lane] != number) {
                                    wrong.add("lane " + lane + ": " + number + " instead of " + next[lane]);
                                }
                                next[lane] = number + 1;
                                ahead.release();
                                done.countDown();
                            });
                            switch (number % 3) {
                                case 0 -> channel.eventLoop().execute(task);
                                case 1 -> channel.post(task);
                                default -> channel.offer(task);
                            }
                        }
                    });
                    threads[t].start();
                }
                assertThat(done.await(100, TimeUnit.SECONDS)).isTrue();
                for (Thread thread : threads) {
                    thread.join();
                }
            }
            assertThat(wrong).isEmpty();
            assertThat(loops.counters().takeovers(TakeoverResult.TAKEN)).isPositive();
            assertThat(loops.failures()).isEmpty();
            channel.close().sync();
        }
    }

    @Test
    void timersFireOnceUnderAClaimAndWritesArriveInOrderWhileTheChannelMoves() throws Exception {
        int writes = 20_000;
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            Exclusive exclusive = new Exclusive();
            AtomicInteger fired = new AtomicInteger();
            CountDownLatch timers = new CountDownLatch(2_000);
            CountDownLatch promises = new CountDownLatch(writes);
            try (Socket peer = server.accept();
                    PingPong moving = new PingPong(loops, channel)) {
                for (int i = 0; i < 2_000; i++) {
                    channel.eventLoop()
                            .schedule(
                                    () -> exclusive.run(channel, () -> {
                                        fired.incrementAndGet();
                                        timers.countDown();
                                    }),
                                    i % 50,
                                    TimeUnit.MILLISECONDS);
                }
                Thread writer = new Thread(() -> {
                    for (int i = 0; i < writes; i++) {
                        ByteBuf bytes = Unpooled.buffer(4).writeInt(i);
                        channel.writeAndFlush(bytes).addListener(f -> {
                            if (!f.isSuccess()) {
                                wrong.add("write failed: " + f.cause());
                            }
                            promises.countDown();
                        });
                    }
                });
                writer.start();
                DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(peer.getInputStream()));
                for (int i = 0; i < writes; i++) {
                    assertThat(in.readInt()).isEqualTo(i);
                }
                writer.join();
                assertThat(promises.await(20, TimeUnit.SECONDS)).isTrue();
                assertThat(timers.await(20, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(fired).hasValue(2_000);
            assertThat(wrong).isEmpty();
            assertThat(loops.failures()).isEmpty();
            channel.close().sync();
        }
    }

    @Test
    void aStreamFromOneChannelToAnotherDoesNotOvertakeItself() throws Exception {
        // F3: a message that runs inline must not pass one that was queued before it.
        int messages = 200_000;
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel left =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            MovableSocketChannel right =
                    loops.connect(loops.loop(1), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            int[] seen = new int[2];
            CountDownLatch done = new CountDownLatch(2 * messages);
            try (PingPong moving = new PingPong(loops, left, right)) {
                send(left, right, 0, 0, messages, seen, done);
                send(right, left, 1, 0, messages, seen, done);
                assertThat(done.await(100, TimeUnit.SECONDS)).isTrue();
            }
            assertThat(wrong).isEmpty();
            assertThat(seen).containsExactly(messages, messages);
            assertThat(loops.failures()).isEmpty();
            left.close().sync();
            right.close().sync();
        }
    }

    /** Eight messages a turn, by a task of the sender's: some find the receiver free, some do not. */
    private void send(
            MovableSocketChannel from,
            MovableSocketChannel to,
            int lane,
            int first,
            int messages,
            int[] seen,
            CountDownLatch done) {
        from.offer(() -> {
            int end = Math.min(messages, first + 8);
            for (int i = first; i < end; i++) {
                int number = i;
                to.post(() -> {
                    if (seen[lane] != number) {
                        wrong.add("lane " + lane + ": " + number + " instead of " + seen[lane]);
                    }
                    seen[lane] = number + 1;
                    done.countDown();
                });
            }
            if (end < messages) {
                send(from, to, lane, end, messages, seen, done);
            }
        });
    }

    @Test
    void aRescueThatComesLateTakesNothingFromAHealthyLoop() throws Exception {
        // F5
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 3);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            BatonLoop second = loops.loop(1);
            BatonLoop third = loops.loop(2);
            on(second, () -> {
                assertThat(channel.takeover(second, 0)).isEqualTo(TakeoverResult.TAKEN);
                channel.leave();
                return null;
            });
            assertThat(on(third, () -> channel.takeover(third, 0))).isEqualTo(TakeoverResult.BUSY);
            assertThat(channel.loop()).isSameAs(second);
            channel.close().sync();
        }
    }

    @Test
    void whatIsPostedToALoopThatHasEndedIsRefusedAndNeverRuns() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            BatonLoop ended = loops.loop(0);
            MovableSocketChannel channel =
                    loops.connect(ended, server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            ended.shutdownGracefully(0, 20, TimeUnit.SECONDS).sync();
            List<String> ran = new ArrayList<>();
            assertThatThrownBy(() -> channel.post(() -> ran.add("refused")))
                    .isInstanceOf(RejectedExecutionException.class);
            // The loop has taken its connections with it: nobody can take them over, nor run what was refused.
            BatonLoop thief = loops.loop(1);
            on(thief, () -> {
                assertThat(channel.takeover(thief)).isEqualTo(TakeoverResult.GONE);
                assertThatThrownBy(() -> channel.post(() -> ran.add("late")))
                        .isInstanceOf(RejectedExecutionException.class);
                return true;
            });
            assertThat(channel.closeFuture().isDone()).isTrue();
            on(thief, () -> true);
            assertThat(ran).isEmpty();
        }
    }

    @Test
    void inlineCallsNestAtMostEightDeepAndThenQueue() throws Exception {
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel[] chain = new MovableSocketChannel[20];
            for (int i = 0; i < chain.length; i++) {
                chain[i] = loops.connect(
                        loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            }
            AtomicInteger deepest = new AtomicInteger();
            CountDownLatch end = new CountDownLatch(1);
            loops.loop(0).execute(() -> call(chain, 0, new int[1], deepest, end));
            assertThat(end.await(20, TimeUnit.SECONDS)).isTrue();
            // The ninth is queued; its drain is a task of the loop, inside which eight more may nest.
            assertThat(deepest).hasValue(9);
            for (MovableSocketChannel each : chain) {
                each.close().sync();
            }
        }
    }

    private static void call(
            MovableSocketChannel[] chain, int at, int[] depth, AtomicInteger deepest, CountDownLatch end) {
        if (at == chain.length) {
            end.countDown();
            return;
        }
        chain[at].post(() -> {
            depth[0]++;
            deepest.accumulateAndGet(depth[0], Math::max);
            call(chain, at + 1, depth, deepest, end);
            depth[0]--;
        });
    }

    @Test
    void whateverACallbackThrowsOnlyItsConnectionIsLost() throws Exception {
        // J1
        try (TestLoops loops = TestLoops.start(Pollers.chosen(), 1);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel bystander =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            Socket kept = server.accept(); // the JDK closes sockets that nobody refers to
            Throwable[] thrown = {
                new IllegalStateException("planted"),
                new OutOfMemoryError("planted"),
                new StackOverflowError("planted"),
                new NoClassDefFoundError("planted")
            };
            for (Throwable each : thrown) {
                MovableSocketChannel reads = loops.connect(
                        loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object msg) {
                                ((ByteBuf) msg).release();
                                sneak(each);
                            }
                        });
                try (Socket peer = server.accept()) {
                    peer.getOutputStream().write('x');
                    expectReset(peer);
                }
                assertThat(loops.table().isLive(reads.fd())).isFalse();

                MovableSocketChannel task = loops.connect(
                        loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
                try (Socket peer = server.accept()) {
                    task.eventLoop().execute(() -> sneak(each));
                    expectReset(peer);
                }
                MovableSocketChannel after = loops.connect(
                        loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
                try (Socket peer = server.accept()) {
                    on(loops.loop(0), () -> {
                        assertThat(after.tryEnter()).isTrue();
                        try {
                            after.afterLeave(() -> sneak(each));
                        } finally {
                            after.leave();
                        }
                        return null;
                    });
                    expectReset(peer);
                }
            }
            assertThat(loops.failures()).hasSize(3 * thrown.length);
            assertThat(bystander.isActive()).isTrue();
            assertThat(loops.table().isLive(bystander.fd())).isTrue();
            bystander.close().sync();
            on(loops.loop(0), () -> null);
            assertThat(loops.counters().orphans()).isZero();
            kept.close();
        }
    }

    /** What was sent before a callback threw must not look like all of it. */
    private static void expectReset(Socket peer) {
        assertThatThrownBy(() -> peer.getInputStream().read())
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset");
    }

    @SuppressWarnings("unchecked")
    private static <T extends Throwable> void sneak(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
