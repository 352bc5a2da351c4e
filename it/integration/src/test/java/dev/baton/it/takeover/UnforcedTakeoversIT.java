package dev.baton.it.takeover;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * R28: the peer writes and closes at random moments around takeovers and deletes, 100,000 connections, with every
 * number recycled all the time. Each generation is closed once; callbacks never overlap, never come after inactive, and
 * come only to the thread that holds the claim.
 */
@Timeout(240)
class UnforcedTakeoversIT {
    private static final int IN_FLIGHT_MAX = 32;

    private final long seed = Long.getLong("seed", System.nanoTime());
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final ConcurrentMap<Long, AtomicInteger> closes = new ConcurrentHashMap<>();

    @Test
    void epoll() throws Exception {
        run(new EpollProvider(), 80_000);
    }

    @Test
    void poll() throws Exception {
        run(new PollProvider(), 20_000);
    }

    private final class Watched extends ChannelInboundHandlerAdapter {
        private final Semaphore done;
        private boolean inside;
        private boolean ended;

        Watched(Semaphore done) {
            this.done = done;
        }

        private void enter(ChannelHandlerContext ctx, String what) {
            if (inside || ended || !ctx.channel().eventLoop().inEventLoop()) {
                wrong.add(what + ": inside " + inside + ", ended " + ended + ", in loop "
                        + ctx.channel().eventLoop().inEventLoop());
            }
            inside = true;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) {
            enter(ctx, "read");
            ((ByteBuf) msg).release();
            ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {1}), ctx.voidPromise());
            inside = false;
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            enter(ctx, "inactive");
            inside = false;
            ended = true;
            done.release();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close(); // the peer was faster
        }
    }

    private void run(PollerProvider poller, int rounds) throws Exception {
        System.out.println("seed " + seed);
        SplittableRandom random = new SplittableRandom(seed);
        try (TestLoops loops = TestLoops.start(poller, 2);
                NativeMemory byteOut = NativeMemory.allocate(8)) {
            loops.hooks()
                    .set(
                            List.of(new PluginHook("test", new FdHook() {
                                @Override
                                public void closed(FdInfo fd, ClosedBy by) {
                                    if (fd.kind() == FdKind.DOWNSTREAM) {
                                        closes.computeIfAbsent(fd.fd().key(), k -> new AtomicInteger())
                                                .incrementAndGet();
                                    }
                                }
                            })),
                            (plugin, cause) -> wrong.add(plugin + " " + cause));
            int idleFds = (int) loops.counters().openFds();
            Semaphore inFlight = new Semaphore(IN_FLIGHT_MAX);
            for (int i = 0; i < rounds; i++) {
                assertThat(inFlight.tryAcquire(20, TimeUnit.SECONDS))
                        .as("a connection hangs")
                        .isTrue();
                round(loops, random.split(), inFlight, byteOut);
            }
            assertThat(inFlight.tryAcquire(IN_FLIGHT_MAX, 20, TimeUnit.SECONDS))
                    .as("a connection hangs")
                    .isTrue();
            on(loops.loop(0), () -> null);
            on(loops.loop(1), () -> null);
            assertThat(wrong).isEmpty();
            assertThat(loops.failures()).isEmpty();
            assertThat(closes).hasSize(rounds);
            assertThat(closes.values()).allMatch(count -> count.get() == 1);
            assertThat(loops.counters().openFds()).isEqualTo(idleFds);
            assertThat(loops.counters().orphans()).isZero();
            assertThat(loops.counters().takeovers(TakeoverResult.TAKEN)).isPositive();
        }
    }

    private void round(TestLoops loops, SplittableRandom random, Semaphore inFlight, NativeMemory byteOut) {
        int[] pair = new int[2];
        assertThat(loops.posix().socketPair(Sockets.SOCK_STREAM, pair)).isZero();
        int near = pair[0];
        int far = pair[1];
        BatonLoop a = loops.loop(random.nextInt(2));
        BatonLoop b = loops.loop(1 - a.id());
        Watched handler = new Watched(inFlight);
        int order = random.nextInt(6);
        boolean deletes = random.nextInt(3) == 0;
        a.execute(() -> {
            MovableStreamChannel channel =
                    MovableStreamChannel.accepted(null, loops.env(), "test", a, near, new InetSocketAddress(0));
            try {
                channel.pipeline().addLast(handler);
                a.register(channel);
            } finally {
                channel.leave();
            }
            b.execute(() -> takeAround(loops, channel, b, deletes));
            if (order >= 3) {
                a.execute(() -> takeAround(loops, channel, a, false));
            }
        });
        if (order % 3 != 0) {
            loops.posix().send(far, byteOut.address(), 1);
        }
        if (order % 3 == 2) {
            Thread.onSpinWait();
        }
        loops.posix().close(far);
    }

    private static void takeAround(TestLoops loops, MovableStreamChannel channel, BatonLoop thief, boolean deletes) {
        if (channel.takeover(thief) == TakeoverResult.TAKEN) {
            try {
                if (deletes) {
                    loops.table().fdDelete(channel.fd());
                }
            } finally {
                channel.leave();
            }
        } else if (deletes) {
            loops.table().fdDelete(channel.fd());
        }
    }
}
