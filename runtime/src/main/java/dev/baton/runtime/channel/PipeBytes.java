package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.AbstractReferenceCounted;
import io.netty.util.ReferenceCounted;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Bytes in a pipe, as a message of the channel that they are for: they keep their place among what else it has to
 * write, go wherever it goes, and end when it does. None at all is a mark that says when everything before it was
 * written.
 *
 * <p>Threading: the holder of the channel that they are written to.
 */
final class PipeBytes extends AbstractReferenceCounted {
    private final Tunnel tunnel;
    /** Null for a mark. */
    private final @Nullable Pipe pipe;
    /** In bytes: what is in the pipe, or in the copy if there is one. */
    private int left;
    /** What was in the pipe, and had to be taken back. */
    private @Nullable ByteBuf copy;

    /** This becomes the user of the pipe, unless it has been written when the sender looks. */
    PipeBytes(Tunnel tunnel, Pipe pipe, int bytes) {
        this.tunnel = tunnel;
        this.pipe = pipe;
        this.left = bytes;
    }

    /** A mark. */
    PipeBytes(Tunnel tunnel) {
        this.tunnel = tunnel;
        this.pipe = null;
        this.left = 0;
    }

    /** How many are still to be written. */
    int left() {
        return left;
    }

    boolean isWritten() {
        return left == 0;
    }

    /**
     * Writes some to a socket.
     *
     * @param memory for a copy, where the socket cannot take them from the pipe
     * @return how many, or minus the error number: {@link Errno#EAGAIN} if the socket is full
     * @throws IOException if they cannot be taken out of the pipe
     */
    int write(Posix posix, int number, ByteBufAllocator memory) throws IOException {
        if (left == 0) {
            return 0;
        }
        int sent = copy == null && pipe != null ? posix.splice(pipe.readEnd(), number, left) : 0;
        if (copy == null && Tunnel.isUnable(sent)) {
            tunnel.targetIsUnable();
            copy = taken(posix, memory);
        }
        ByteBuf copied = copy;
        if (copied != null) {
            sent = posix.send(number, copied.memoryAddress() + copied.readerIndex(), left);
            copied.skipBytes(Math.max(0, sent));
        }
        if (sent == 0) {
            throw new IOException("a pipe that should hold " + left + " bytes holds none");
        }
        if (sent > 0) {
            left -= sent;
            tunnel.passed(sent);
        }
        return sent;
    }

    /** All that are left, which are in no pipe then; the caller releases them. */
    ByteBuf takeAll(Posix posix, ByteBufAllocator memory) throws IOException {
        ByteBuf copied = copy;
        if (copied == null) {
            copied = taken(posix, memory);
            copy = copied;
        }
        return copied.retainedDuplicate();
    }

    private ByteBuf taken(Posix posix, ByteBufAllocator memory) throws IOException {
        ByteBuf into = memory.directBuffer(Math.max(1, left));
        while (pipe != null && into.writerIndex() < left) {
            int begin = into.writerIndex();
            int result = posix.readPipe(pipe.readEnd(), into.memoryAddress() + begin, left - begin);
            if (result > 0) {
                into.writerIndex(begin + result);
            } else if (result != -Errno.EINTR) {
                into.release();
                throw result == 0
                        ? new IOException("a pipe that should hold " + left + " bytes holds " + begin)
                        : FdChannel.error("read from a pipe", result);
            }
        }
        return into;
    }

    /** Written, or given up by the channel's end. */
    @Override
    protected void deallocate() {
        if (copy != null) {
            copy.release();
        }
        tunnel.released(pipe, isWritten());
    }

    @Override
    public ReferenceCounted touch(Object hint) {
        return this;
    }
}
