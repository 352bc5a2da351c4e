package dev.baton.it.http;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.channel.ChannelOutboundBuffer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A long body goes through to a reader that stops again and again until everything before it stands still: what the
 * proxy holds stays small, whatever the length. Once with both ends on one loop, once with the ends forced onto
 * different loops and moved to others at each standstill (row F4 of the list of races).
 *
 * <p>The request that follows the long exchange shows that the client's connection is in order, on whatever connection
 * to the server it goes: with the ends on two loops a client may have its answer, and ask again, before the other loop
 * has left the connection that brought it, and what is not left yet is not idle. {@link GiveBackIT} shows just that.
 */
@Timeout(120)
class BackpressureIT {
    private static final long MIB = 1 << 20;
    private static final long LONG_BODY = 1024 * MIB;
    private static final long BODY_OF_MOVED_ENDS = 448 * MIB;
    /** The reader stops after so many. */
    private static final long STEP = 64 * MIB;

    /** At a standstill, 2 ms apart: the kernel's buffers are full and not just being filled. */
    private static final int LOOKS = 20;

    private static final int PIECE = 1 << 16;

    /** Written by one side and not read by the other: mostly four buffers of the kernel, which may have 32 MiB each. */
    private static final long IN_FLIGHT_MAX = 140 * MIB;
    /** Of one channel: its high water mark and a read. */
    private static final long PENDING_MAX = 512 * 1024;

    private static final long MEMORY_MAX = 16 * MIB;
    private static final long HEAP_MAX = 64 * MIB;

    /** Of a standstill, which is there within a second on an idle machine: only what hangs takes so long. */
    private static final Duration HANGS = Duration.ofSeconds(60);

    private static final String HEAD = "Host: shop\r\nContent-Length: ";

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong read = new AtomicLong();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anAnswerGoesToASlowReader(PollerProvider poller) throws Exception {
        answer(poller, LONG_BODY, false);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRequestGoesToASlowReader(PollerProvider poller) throws Exception {
        request(poller, LONG_BODY, false);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anAnswerGoesFromOneLoopToAnother(PollerProvider poller) throws Exception {
        answer(poller, BODY_OF_MOVED_ENDS, true);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRequestGoesFromOneLoopToAnother(PollerProvider poller) throws Exception {
        request(poller, BODY_OF_MOVED_ENDS, true);
    }

    private static ProxyRig rig(PollerProvider poller, Origin origin) throws IOException {
        ProxyRig.Options options = new ProxyRig.Options();
        options.loops = 3;
        options.accepting = 1;
        return new ProxyRig(poller, options, ProxyRig.addresses(origin));
    }

    private void answer(PollerProvider poller, long length, boolean apart) throws Exception {
        CompletableFuture<Long> sum = new CompletableFuture<>();
        try (Origin origin = new Origin((connection, number) -> {
                    HttpStream.Message request;
                    while ((request = connection.readRequest()) != null) {
                        if (request.line().startsWith("GET /long ")) {
                            connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
                            sum.complete(write(connection.socket, length));
                        } else {
                            connection.send("HTTP/1.1 204 No Content\r\n\r\n");
                        }
                    }
                });
                ProxyRig rig = rig(poller, origin);
                HttpStream client = rig.client()) {
            client.send("GET /long HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.readHead()).startsWith("HTTP/1.1 200 ");
            MovableChannel from = Objects.requireNonNull(rig.upstream.channels.peek());
            MovableChannel to = Objects.requireNonNull(rig.clients.peek());
            // The reader may have the last byte before the writer has the sum.
            assertThat(slowly(rig, client, length, from, to, apart)).isEqualTo(sum.get(20, TimeUnit.SECONDS));
            client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.response().status()).isEqualTo(204);
        }
    }

    private void request(PollerProvider poller, long length, boolean apart) throws Exception {
        AtomicLong sum = new AtomicLong();
        ProxyRig[] rigs = new ProxyRig[1];
        try (Origin origin = new Origin((connection, number) -> {
                    String head;
                    while ((head = connection.readHead()) != null) {
                        if (head.startsWith("PUT ")) {
                            MovableChannel from = Objects.requireNonNull(rigs[0].clients.peek());
                            MovableChannel to = Objects.requireNonNull(rigs[0].upstream.channels.peek());
                            sum.set(slowly(rigs[0], connection, length, from, to, apart));
                        }
                        connection.send("HTTP/1.1 204 No Content\r\n\r\n");
                    }
                });
                ProxyRig rig = rig(poller, origin);
                HttpStream client = rig.client()) {
            rigs[0] = rig;
            client.send("PUT / HTTP/1.1\r\n" + HEAD + length + "\r\n\r\n");
            Future<Long> sent = threads.submit(() -> write(client.socket, length));
            client.socket.setSoTimeout(0);
            HttpStream.Message answer = client.response();
            // First: a server that failed has closed its connection, and a 502 says nothing about why.
            assertThat(origin.failures).isEmpty();
            assertThat(answer.status()).isEqualTo(204);
            assertThat(sum.get()).isEqualTo(sent.get(1, TimeUnit.SECONDS));
            client.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
            assertThat(client.response().status()).isEqualTo(204);
            assertThat(origin.failures).isEmpty();
        }
    }

    /** Writes a body as fast as the socket takes it; returns its checksum. */
    private long write(Socket to, long length) throws IOException {
        CRC32 sum = new CRC32();
        byte[] piece = new byte[PIECE];
        for (long at = 0; at < length; at += PIECE) {
            for (int i = 0; i < Long.BYTES; i++) {
                piece[i] = (byte) (at >>> (8 * i));
            }
            sum.update(piece, 0, PIECE);
            to.getOutputStream().write(piece);
            written.addAndGet(PIECE);
        }
        return sum.getValue();
    }

    /** Reads a body, and stops after each step until nothing moves; returns its checksum. */
    private long slowly(ProxyRig rig, HttpStream in, long length, MovableChannel from, MovableChannel to, boolean apart)
            throws Exception {
        ByteBufAllocatorMetric memory = ((ByteBufAllocatorMetricProvider) to.alloc()).metric();
        long memoryBefore = memory.usedDirectMemory() + memory.usedHeapMemory();
        long heapBefore = heap();
        CRC32 sum = new CRC32();
        byte[] piece = new byte[PIECE];
        for (long left = length; left > 0; left -= PIECE) {
            // With less than that left everything may be in the kernel's buffers, and nothing would ever stand still.
            if (left % STEP == 0 && left > IN_FLIGHT_MAX) {
                awaitStandstill(from, to);
                assertThat(written.get() - read.get()).isLessThan(IN_FLIGHT_MAX);
                assertThat(pending(to)).isLessThan(PENDING_MAX);
                assertThat(memory.usedDirectMemory() + memory.usedHeapMemory() - memoryBefore)
                        .isLessThan(MEMORY_MAX);
                assertThat(heap() - heapBefore).isLessThan(HEAP_MAX);
                if (apart) {
                    // Never both on one loop, and none that stays.
                    int round = (int) (left / STEP);
                    move(from, rig.loop(round % 3));
                    move(to, rig.loop((round + 1) % 3));
                    assertThat(from.loop()).isNotSameAs(to.loop());
                }
            }
            if (in.in.readNBytes(piece, 0, PIECE) < PIECE) {
                throw new AssertionError("cut off with " + left + " bytes left");
            }
            sum.update(piece, 0, PIECE);
            read.addAndGet(PIECE);
        }
        if (apart) {
            assertThat(from.loop()).isNotSameAs(to.loop());
        }
        return sum.getValue();
    }

    /** Until both ends hold back, and the writer got nothing rid of between many looks. */
    private void awaitStandstill(MovableChannel from, MovableChannel to) {
        long[] seen = {-1, 0};
        soon().until(() -> {
            long now = written.get();
            boolean still = now == seen[0] && !to.isWritable() && !from.config().isAutoRead();
            seen[0] = now;
            seen[1] = still ? seen[1] + 1 : 0;
            return seen[1] == LOOKS;
        });
    }

    private static ConditionFactory soon() {
        return await().atMost(HANGS).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(2));
    }

    private static long pending(MovableChannel channel) {
        ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
        return out == null ? 0 : out.totalPendingWriteBytes();
    }

    /** Of heap that is in use. */
    private static long heap() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    private static void move(MovableChannel channel, BatonLoop loop) {
        soon().until(() -> on(loop, () -> {
            if (channel.loop() == loop) {
                return true;
            }
            boolean taken = channel.takeover(loop) == TakeoverResult.TAKEN;
            if (taken) {
                channel.leave();
            }
            return taken;
        }));
    }
}
