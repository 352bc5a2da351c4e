package dev.baton.it.takeover;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.fd.PluginHook;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.GatedPollers;
import dev.baton.testkit.TestLoops;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The race that Baton's seed is about: loop B takes a connection over and deletes it while loop A, woken for the same
 * fd, is about to enter its handler; and the same with A inside already. Forced by a gate, not left to luck.
 */
@Timeout(60)
class SeedRaceIT {

    /** Every close of every generation, as the table tells it. */
    private static final class Closes implements FdHook {
        final Queue<String> seen = new ConcurrentLinkedQueue<>();

        @Override
        public void closed(FdInfo fd, ClosedBy by) {
            seen.add(fd.fd() + " " + by.word());
        }

        List<String> of(Fd fd) {
            List<String> found = new ArrayList<>();
            for (String each : seen) {
                if (each.startsWith(fd + " ")) {
                    found.add(each);
                }
            }
            return found;
        }
    }

    private static class Handler extends ChannelInboundHandlerAdapter {
        final LinkedBlockingQueue<String> calls = new LinkedBlockingQueue<>();
        final CountDownLatch inactive = new CountDownLatch(1);

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
            ((ByteBuf) msg).release();
            calls.add("read on " + Thread.currentThread().getName());
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            calls.add("inactive on " + Thread.currentThread().getName());
            inactive.countDown();
        }
    }

    private static Closes watch(TestLoops loops) {
        Closes closes = new Closes();
        loops.hooks().set(List.of(new PluginHook("test", closes)), (plugin, cause) -> {
            throw new AssertionError(cause);
        });
        return closes;
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theOldLoopWokenAndNotYetInsideIsRefused(PollerProvider real) throws Exception {
        GatedPollers gated = new GatedPollers(real);
        try (TestLoops loops = TestLoops.start(gated, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Closes closes = watch(loops);
            Handler handler = new Handler();
            MovableSocketChannel channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), handler);
            Fd fd = channel.fd();
            long stale = loops.counters().staleEvents();
            GatedPollers.Gate gate = gated.close(0, fd.number());
            try (Socket peer = server.accept()) {
                // 1. A fetches an event for the fd and stands before the enter.
                peer.getOutputStream().write('x');
                gate.awaitReached();
                // 2. B takes the connection over and deletes it; nobody runs in it but B.
                BatonLoop b = loops.loop(1);
                on(b, () -> {
                    assertThat(channel.takeover(b)).isEqualTo(TakeoverResult.TAKEN);
                    try {
                        assertThat(loops.table().fdDelete(fd)).isTrue();
                    } finally {
                        channel.leave();
                    }
                    return null;
                });
                assertThat(closes.of(fd)).containsExactly(fd + " leaver");
                // 3. The number is reused at once, by a connection of B.
                Handler next = new Handler();
                MovableSocketChannel reused = loops.connect(b, server.getLocalSocketAddress(), next);
                assertThat(reused.fd()).isEqualTo(new Fd(fd.number(), fd.generation() + 1));
                // 4. A goes on: its enter is refused, the new connection is not touched.
                gate.open();
                on(loops.loop(0), () -> null);
                assertThat(loops.counters().staleEvents()).isEqualTo(stale + 1);
                assertThat(handler.inactive.await(10, TimeUnit.SECONDS)).isTrue();
                assertThat(handler.calls)
                        .containsExactly("inactive on "
                                + on(b, () -> Thread.currentThread().getName()));
                try (Socket secondPeer = server.accept()) {
                    secondPeer.getOutputStream().write('y');
                    assertThat(next.calls.poll(10, TimeUnit.SECONDS)).startsWith("read on ");
                }
                assertThat(next.inactive.await(10, TimeUnit.SECONDS)).isTrue();
            } finally {
                gate.open();
            }
            assertThat(closes.of(fd)).hasSize(1);
            assertThat(loops.failures()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void theOldLoopInsideAlreadyKeepsTheFdAndClosesItWhenItLeaves(PollerProvider real) throws Exception {
        try (TestLoops loops = TestLoops.start(real, 2);
                ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Closes closes = watch(loops);
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            Handler handler = new Handler() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
                    inside.countDown();
                    assertThat(goOn.await(20, TimeUnit.SECONDS)).isTrue();
                    super.channelRead(ctx, msg);
                }
            };
            MovableSocketChannel channel = loops.connect(loops.loop(0), server.getLocalSocketAddress(), handler);
            Fd fd = channel.fd();
            try (Socket peer = server.accept()) {
                // 1. A is inside the handler.
                peer.getOutputStream().write('x');
                assertThat(inside.await(10, TimeUnit.SECONDS)).isTrue();
                // 2. B may not take it over, and may delete it, without waiting.
                BatonLoop b = loops.loop(1);
                on(b, () -> {
                    assertThat(channel.takeover(b)).isEqualTo(TakeoverResult.BUSY);
                    assertThat(loops.table().fdDelete(fd)).isTrue();
                    assertThat(channel.takeover(b)).isEqualTo(TakeoverResult.GONE);
                    return null;
                });
                // 3. A's claim keeps the number: it is not closed, and not given out again.
                assertThat(closes.of(fd)).isEmpty();
                assertThat(loops.counters().orphans()).isEqualTo(1);
                MovableSocketChannel other = loops.connect(b, server.getLocalSocketAddress(), new Handler());
                assertThat(other.fd().number()).isNotEqualTo(fd.number());
                // 4. A leaves and closes, once; the channel ends on A.
                goOn.countDown();
                assertThat(handler.inactive.await(10, TimeUnit.SECONDS)).isTrue();
                String a = on(loops.loop(0), () -> Thread.currentThread().getName());
                assertThat(handler.calls).containsExactly("read on " + a, "inactive on " + a);
                assertThat(closes.of(fd)).containsExactly(fd + " leaver");
                assertThat(loops.counters().orphans()).isZero();
                other.close().sync();
            } finally {
                goOn.countDown();
            }
            assertThat(loops.failures()).isEmpty();
        }
    }
}
