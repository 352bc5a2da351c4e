package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelOutboundBuffer;
import java.io.IOException;

/** What was written to a channel and not sent, when the connection goes to another process. Holder of the channel. */
final class UnsentBytes {
    /**
     * In bytes: with more a connection waits until some are sent, before it goes to another process. More than the
     * largest pipe holds, and few enough that those of both ends of a stream fit into a message to that process.
     */
    private static final long BYTES_MAX = 2L * Pipes.LARGE_BYTES;

    private UnsentBytes() {}

    /** Whether it is bytes, in buffers or in a pipe, and not too many. */
    static boolean isPackable(ChannelOutboundBuffer out) {
        Sum sum = new Sum();
        visit(out, sum);
        return sum.bytesOnly && sum.inPipe + out.totalPendingWriteBytes() <= BYTES_MAX;
    }

    /**
     * All of it, in order. What is in a pipe is taken out of it, so that the connection must not live on here.
     *
     * @throws IOException if it cannot be taken out of the pipe
     */
    static byte[] taken(ChannelOutboundBuffer out, Posix posix, ByteBufAllocator memory) throws IOException {
        ByteBuf all = Unpooled.buffer();
        Exception[] failure = new Exception[1];
        visit(out, message -> {
            if (message instanceof ByteBuf piece) {
                all.writeBytes(piece, piece.readerIndex(), piece.readableBytes());
                return true;
            }
            try {
                ByteBuf piped = ((PipeBytes) message).takeAll(posix, memory);
                all.writeBytes(piped, piped.readerIndex(), piped.readableBytes());
                piped.release();
                return true;
            } catch (IOException e) {
                failure[0] = e;
                return false;
            }
        });
        if (failure[0] instanceof IOException lost) {
            throw lost;
        }
        return ByteBufUtil.getBytes(all);
    }

    private static void visit(ChannelOutboundBuffer out, ChannelOutboundBuffer.MessageProcessor visitor) {
        try {
            out.addFlush(); // those that were not flushed go first elsewhere, too
            out.forEachFlushedMessage(visitor);
        } catch (Exception e) {
            throw new IllegalStateException("cannot look at what was not sent", e);
        }
    }

    private static final class Sum implements ChannelOutboundBuffer.MessageProcessor {
        boolean bytesOnly = true;
        long inPipe;

        @Override
        public boolean processMessage(Object message) {
            if (message instanceof PipeBytes piped) {
                inPipe += piped.left();
            } else {
                bytesOnly &= message instanceof ByteBuf;
            }
            return true;
        }
    }
}
