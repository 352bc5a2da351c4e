package dev.baton.it.channel;

import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.runtime.channel.FdTcpServerChannel;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.FaultyPosix;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelProgressiveFuture;
import io.netty.channel.ChannelProgressiveFutureListener;
import io.netty.channel.ChannelProgressivePromise;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import io.netty.util.AbstractReferenceCounted;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Files that a handler writes as {@link FileRegion}s, as Netty's file server does: what arrives, what is told, what is
 * given back.
 */
@Timeout(60)
class FileRegionIT {
    private static final Posix REAL = new JnrPosix();
    private static final int BYTES = 6 << 20;
    private static final int OFFSET = 4711;

    @TempDir
    private Path folder;

    private byte[] content = new byte[0];
    private Path file = Path.of("");

    @BeforeEach
    void fill() throws IOException {
        content = new byte[OFFSET + BYTES + 100];
        new Random(11).nextBytes(content);
        file = Files.write(folder.resolve("file"), content);
    }

    private DefaultFileRegion region(long offset, long bytes) throws IOException {
        return new DefaultFileRegion(new RandomAccessFile(file.toFile(), "r").getChannel(), offset, bytes);
    }

    /** A server that hands out what it accepts, and a client of the JDK's. */
    private static final class Pair implements AutoCloseable {
        final Channel server;
        final Socket client;
        final Channel accepted;

        Pair(TestLoops loops) throws Exception {
            BlockingQueue<Channel> accepts = new LinkedBlockingQueue<>();
            server = new ServerBootstrap()
                    .group(loops.loop(0))
                    .channelFactory(() -> new FdTcpServerChannel(loops.env()))
                    .childHandler(new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext ctx) {
                            accepts.add(ctx.channel());
                        }

                        @Override
                        public boolean isSharable() {
                            return true;
                        }
                    })
                    .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .sync()
                    .channel();
            int port = ((InetSocketAddress) server.localAddress()).getPort();
            client = new Socket(InetAddress.getLoopbackAddress(), port);
            accepted = accepts.poll(10, TimeUnit.SECONDS);
        }

        byte[] read(int bytes) throws IOException {
            return client.getInputStream().readNBytes(bytes);
        }

        @Override
        public void close() throws Exception {
            client.close();
            accepted.close().sync();
            server.close().sync();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aFileArrivesWholeBetweenOtherBytes(PollerProvider poller) throws Exception {
        FaultyPosix calls = new FaultyPosix(REAL);
        arrives(poller, calls, region(OFFSET, BYTES));
        assertThat(calls.calls("sendFile")).as("nothing is copied").isPositive();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aFileThatTheKernelDoesNotSendIsCopied(PollerProvider poller) throws Exception {
        FaultyPosix calls = new FaultyPosix(REAL);
        calls.plant("sendFile", -Errno.EINVAL);
        arrives(poller, calls, region(OFFSET, BYTES));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aFileThatIsOpenedLateArrives(PollerProvider poller) throws Exception {
        arrives(poller, new FaultyPosix(REAL), new DefaultFileRegion(file.toFile(), OFFSET, BYTES));
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aRegionOfAnotherKindArrives(PollerProvider poller) throws Exception {
        arrives(poller, new FaultyPosix(REAL), new MemoryRegion(Arrays.copyOfRange(content, OFFSET, OFFSET + BYTES)));
    }

    private void arrives(PollerProvider poller, FaultyPosix calls, FileRegion region) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, calls.posix(), 1);
                Pair pair = new Pair(loops)) {
            AtomicLong progress = new AtomicLong();
            ChannelProgressivePromise promise = pair.accepted.newProgressivePromise();
            promise.addListener(new ChannelProgressiveFutureListener() {
                @Override
                public void operationProgressed(ChannelProgressiveFuture future, long sent, long total) {
                    progress.set(sent);
                }

                @Override
                public void operationComplete(ChannelProgressiveFuture future) {}
            });
            FileRegion empty = region(0, 0);
            pair.accepted.write(Unpooled.wrappedBuffer(new byte[] {1, 2}));
            pair.accepted.write(Unpooled.EMPTY_BUFFER);
            pair.accepted.write(empty);
            pair.accepted.write(region, promise);
            ChannelFuture last = pair.accepted.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {3}));
            // The client has not read a byte: no socket buffer holds so much.
            assertThat(promise.isDone()).isFalse();
            assertThat(pair.read(2)).containsExactly(1, 2);
            assertThat(pair.read(BYTES)).isEqualTo(Arrays.copyOfRange(content, OFFSET, OFFSET + BYTES));
            assertThat(pair.read(1)).containsExactly(3);
            last.sync();
            assertThat(promise.isSuccess()).isTrue();
            assertThat(progress).hasValue(BYTES);
            assertThat(region.transferred()).isEqualTo(BYTES);
            assertThat(region.refCnt()).isZero();
            assertThat(empty.refCnt()).isZero();
            assertThat(loops.failures()).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aFileThatIsTooShortEndsTheConnectionAndSaysWhy(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                Pair pair = new Pair(loops)) {
            FileRegion region = region(OFFSET + BYTES, 1_000);
            ChannelFuture write = pair.accepted.writeAndFlush(region);
            assertThat(catchThrowable(write::sync))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("1000");
            pair.accepted.closeFuture().sync();
            assertThat(pair.read(1_000)).as("what there was, and then the end").hasSize(100);
            assertThat(region.refCnt()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aCloseGivesBackWhatHasNotGone(PollerProvider poller) throws Exception {
        try (TestLoops loops = TestLoops.start(poller, 1);
                Pair pair = new Pair(loops)) {
            FileRegion first = region(0, BYTES);
            FileRegion second = region(0, BYTES);
            ChannelFuture write = pair.accepted.write(first);
            ChannelFuture other = pair.accepted.writeAndFlush(second);
            pair.read(1);
            pair.accepted.close().sync();
            assertThat(write.await().isSuccess()).isFalse();
            assertThat(other.await().isSuccess()).isFalse();
            assertThat(first.refCnt()).isZero();
            assertThat(second.refCnt()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void othersHaveATurnWhileAFileIsSent(PollerProvider poller) throws Exception {
        FaultyPosix calls = new FaultyPosix(REAL);
        int share = 512 << 10;
        calls.plant("sendFile", share); // a socket that never is full
        try (TestLoops loops = TestLoops.start(poller, calls.posix(), 1);
                Pair pair = new Pair(loops)) {
            BatonLoop loop = loops.loop(0);
            long before = loop.turns();
            pair.accepted.writeAndFlush(region(0, 40L * share)).sync();
            assertThat(loop.turns() - before).isGreaterThanOrEqualTo(39);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aConnectionThatIsRescuedGoesOnSendingItsFile(PollerProvider poller) throws Exception {
        FaultyPosix calls = new FaultyPosix(REAL);
        int share = 512 << 10;
        calls.plant("sendFile", share);
        CountDownLatch blocked = new CountDownLatch(1);
        try (TestLoops loops = TestLoops.start(poller, calls.posix(), 2);
                ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            MovableSocketChannel channel =
                    loops.connect(loops.loop(0), listener.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            CountDownLatch begun = new CountDownLatch(1);
            BlockingQueue<ChannelFuture> writes = new LinkedBlockingQueue<>();
            loops.loop(0).execute(() -> {
                writes.add(channel.writeAndFlush(new MemoryOfNothing(40L * share)));
                begun.countDown();
                await(blocked); // in the same turn: the rest of the file is due in the next
            });
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
            TakeoverResult taken = on(loops.loop(1), () -> {
                TakeoverResult result = channel.takeover(loops.loop(1), 0);
                channel.leave();
                return result;
            });
            assertThat(taken).isEqualTo(TakeoverResult.TAKEN);
            ChannelFuture write = writes.take();
            assertThat(write.await(10, TimeUnit.SECONDS))
                    .as("sent while its old loop is blocked")
                    .isTrue();
            assertThat(write.isSuccess()).isTrue();
            blocked.countDown();
            channel.close().sync();
        } finally {
            blocked.countDown();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** A file of zeros that is known to have a share a call. */
    private static final class MemoryOfNothing extends Region {
        MemoryOfNothing(long count) {
            super(count);
        }

        @Override
        public long transferTo(WritableByteChannel target, long position) {
            long share = Math.min(512 << 10, count() - position);
            transferred += share;
            return share;
        }
    }

    private static final class MemoryRegion extends Region {
        private final ByteBuffer bytes;

        MemoryRegion(byte[] bytes) {
            super(bytes.length);
            this.bytes = ByteBuffer.wrap(bytes);
        }

        @Override
        public long transferTo(WritableByteChannel target, long position) throws IOException {
            int sent = target.write(bytes.duplicate().position((int) position));
            transferred += sent;
            return sent;
        }
    }

    private abstract static class Region extends AbstractReferenceCounted implements FileRegion {
        private final long count;
        long transferred;

        Region(long count) {
            this.count = count;
        }

        @Override
        public long position() {
            return 0;
        }

        @Deprecated
        @Override
        public long transfered() {
            return transferred;
        }

        @Override
        public long transferred() {
            return transferred;
        }

        @Override
        public long count() {
            return count;
        }

        @Override
        protected void deallocate() {}

        @Override
        public FileRegion retain() {
            super.retain();
            return this;
        }

        @Override
        public FileRegion retain(int increment) {
            super.retain(increment);
            return this;
        }

        @Override
        public FileRegion touch() {
            return this;
        }

        @Override
        public FileRegion touch(Object hint) {
            return this;
        }
    }
}
