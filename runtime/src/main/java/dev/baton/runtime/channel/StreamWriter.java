package dev.baton.runtime.channel;

import dev.baton.runtime.posix.IoVec;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;

/** Moves what a channel has flushed into the kernel. Stateless but for a scratch array of pieces a thread. */
final class StreamWriter {
    /** Pieces of memory a system call: more brings nothing, a socket buffer is full long before. */
    private static final int PIECES_MAX = 64;
    /** Bytes a system call: what a socket buffer takes at best; keeps the sum within an int. */
    private static final int BYTES_MAX = 1 << 20;

    private static final FastThreadLocal<Pieces> PIECES = new FastThreadLocal<>() {
        @Override
        protected Pieces initialValue() {
            return new Pieces();
        }

        @Override
        protected void onRemoval(Pieces pieces) {
            pieces.memory.close();
        }
    };

    private StreamWriter() {}

    /** How a round of writing ended. */
    enum Outcome {
        /** Nothing is left. */
        DONE,
        /** The socket takes no more now. */
        FULL,
        /** Enough for one entry; the rest must be written later, without waiting for the socket. */
        MORE,
        /** Enough of a file for one turn of the loop; the rest must be written in the next. */
        NEXT_TURN
    }

    /**
     * Writes until nothing is left, the socket is full, {@code rounds} calls were made, or a turn's share of files has
     * gone.
     *
     * @param memory for what of a file has to be copied
     * @throws IOException if the connection is broken
     */
    static Outcome write(Posix posix, int number, ByteBufAllocator memory, ChannelOutboundBuffer out, int rounds)
            throws IOException {
        int fileBytes = 0;
        for (int round = 0; round < rounds; round++) {
            int pieces = out.size();
            if (pieces == 0) {
                return Outcome.DONE;
            }
            Object first = out.current();
            if (first instanceof PipeBytes piped) {
                int sent = piped.write(posix, number, memory);
                if (piped.isWritten()) {
                    out.remove();
                } else if (sent == -Errno.EAGAIN) {
                    return Outcome.FULL;
                } else if (sent < 0 && sent != -Errno.EINTR) {
                    throw FdChannel.error("write", sent);
                }
                continue;
            }
            if (!(first instanceof ByteBuf piece)) {
                int moved = FileWriter.write(posix, number, memory, out, FileWriter.TURN_BYTES_MAX - fileBytes);
                if (moved < 0) {
                    return Outcome.FULL;
                }
                fileBytes += moved;
                if (fileBytes >= FileWriter.TURN_BYTES_MAX) {
                    break;
                }
                continue;
            }
            int wanted;
            int written;
            if (pieces == 1) {
                wanted = piece.readableBytes();
                written = wanted == 0 ? 0 : posix.send(number, piece.memoryAddress() + piece.readerIndex(), wanted);
            } else {
                Pieces gathered = PIECES.get();
                gathered.gather(out);
                wanted = gathered.bytes;
                written = gathered.count == 0 ? 0 : posix.sendGather(number, gathered.memory.address(), gathered.count);
            }
            if (written >= 0) {
                out.removeBytes(written);
                if (written < wanted) {
                    return Outcome.FULL;
                }
            } else if (written == -Errno.EAGAIN) {
                return Outcome.FULL;
            } else if (written != -Errno.EINTR) {
                throw FdChannel.error("write", written);
            }
        }
        if (out.isEmpty()) {
            return Outcome.DONE;
        }
        return fileBytes > 0 ? Outcome.NEXT_TURN : Outcome.MORE;
    }

    private static final class Pieces implements ChannelOutboundBuffer.MessageProcessor {
        final NativeMemory memory = NativeMemory.allocate(PIECES_MAX * IoVec.SIZE);
        int count;
        int bytes;

        void gather(ChannelOutboundBuffer out) throws IOException {
            count = 0;
            bytes = 0;
            try {
                out.forEachFlushedMessage(this);
            } catch (IOException e) {
                throw e;
            } catch (Exception e) {
                throw new IOException("cannot gather what is to be written", e);
            }
        }

        @Override
        public boolean processMessage(Object message) {
            if (!(message instanceof ByteBuf piece)) {
                return false; // a file or what is in a pipe, which goes by itself
            }
            int length = piece.readableBytes();
            if (length > 0) {
                if (count > 0 && bytes + length > BYTES_MAX) {
                    return false;
                }
                IoVec.put(memory, count, piece.memoryAddress() + piece.readerIndex(), length);
                count++;
                bytes += length;
            }
            return count < PIECES_MAX;
        }
    }
}
