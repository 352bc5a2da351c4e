package dev.baton.runtime.channel;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.MaxMessagesRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * How large a stream channel's read buffers are, unless it was given an allocator of its own: as Netty's adaptive one
 * does it, large soon after a buffer was filled, smaller after two reads that left half of it empty.
 *
 * <p>Netty keeps 144 bytes a channel for that. All that has to be remembered from one read to the next is the size,
 * which is {@link ReadingChannel#readSize}; the rest belongs to a read in progress, and a thread reads from one channel
 * at a time: reads begin with an event or with a task of the loop, never inside each other.
 */
final class AdaptiveReads implements MaxMessagesRecvByteBufAllocator {
    static final AdaptiveReads SHARED = new AdaptiveReads();

    /** In bytes: a head or two of an interactive client, until it is known better. */
    static final int INITIAL_BYTES = 2048;
    /** In bytes: less saves nothing, a buffer is pooled and lives as long as the read. */
    private static final int MIN_BYTES = 512;
    /** In bytes: more than a socket buffer holds most of the time is for nothing. */
    private static final int MAX_BYTES = 64 * 1024;
    /** To what a size that was filled grows: few steps from the first size to the largest. */
    private static final int GROWTH = 16;

    private static final int READS_A_TURN = ReadingChannel.METADATA.defaultMaxMessagesPerRead();

    private static final FastThreadLocal<Read> OF_THREAD = new FastThreadLocal<>() {
        @Override
        protected Read initialValue() {
            return new Read();
        }
    };

    private AdaptiveReads() {}

    /** The thread's: good until its next read begins. */
    static RecvByteBufAllocator.ExtendedHandle begin(ReadingChannel channel) {
        Read read = OF_THREAD.get();
        read.channel = channel;
        return read;
    }

    /**
     * The size after a read, or several in a row, that brought so many bytes.
     *
     * @param size the size before. Negative: the last read was small already, one more makes it smaller
     */
    static int next(int size, int bytes) {
        int room = Math.abs(size);
        if (bytes >= room) {
            return Math.min(room * GROWTH, MAX_BYTES);
        }
        if (bytes > room / 2) {
            return size;
        }
        return size < 0 ? Math.max(room / 2, MIN_BYTES) : -room;
    }

    /** A handle that does not need a thread: for those who ask a channel's unsafe for one. */
    @SuppressWarnings("deprecation") // the interface's method
    @Override
    public Handle newHandle() {
        return new AdaptiveRecvByteBufAllocator()
                .maxMessagesPerRead(READS_A_TURN)
                .newHandle();
    }

    @Override
    public int maxMessagesPerRead() {
        return READS_A_TURN;
    }

    @Override
    public MaxMessagesRecvByteBufAllocator maxMessagesPerRead(int count) {
        if (count != READS_A_TURN) {
            throw new UnsupportedOperationException(
                    "all channels share this allocator: give the channel one of its own, or set it in its config");
        }
        return this;
    }

    private static final class Read implements RecvByteBufAllocator.ExtendedHandle {
        private @Nullable ReadingChannel channel;
        private int reads;
        private int bytes;
        private int attempted;
        private int last;

        private ReadingChannel channel() {
            ReadingChannel known = channel;
            if (known == null) {
                throw new IllegalStateException("no read is under way");
            }
            return known;
        }

        @Override
        public void reset(ChannelConfig config) {
            reads = 0;
            bytes = 0;
            attempted = 0;
            last = 0;
        }

        @Override
        public int guess() {
            return Math.abs(channel().readSize);
        }

        @Override
        public ByteBuf allocate(ByteBufAllocator allocator) {
            return allocator.ioBuffer(guess());
        }

        @Override
        public void attemptedBytesRead(int count) {
            attempted = count;
        }

        @Override
        public int attemptedBytesRead() {
            return attempted;
        }

        @Override
        public void lastBytesRead(int count) {
            last = count;
            if (count > 0) {
                bytes += count;
            }
            if (count == attempted) {
                // At once: the next read of this turn needs the room already.
                record(count);
            }
        }

        @Override
        public int lastBytesRead() {
            return last;
        }

        @Override
        public void incMessagesRead(int count) {
            reads += count;
        }

        @Override
        public boolean continueReading() {
            return last == attempted && goesOn();
        }

        @Override
        public boolean continueReading(UncheckedBooleanSupplier mayHaveMore) {
            return mayHaveMore.get() && goesOn();
        }

        private boolean goesOn() {
            return reads < READS_A_TURN && bytes > 0 && channel().config().isAutoRead();
        }

        @Override
        public void readComplete() {
            record(bytes);
            channel = null; // a thread must not keep a connection alive
        }

        private void record(int count) {
            ReadingChannel read = channel();
            read.readSize = next(read.readSize, count);
        }
    }
}
