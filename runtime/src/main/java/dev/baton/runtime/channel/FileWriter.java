package dev.baton.runtime.channel;

import dev.baton.runtime.posix.FileNumbers;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.FileRegion;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the bytes of {@link FileRegion}s into a socket.
 *
 * <table>
 *   <caption>how</caption>
 *   <tr><td>a {@link DefaultFileRegion} of a file whose number is known</td><td>sendfile(2): nothing is copied here</td></tr>
 *   <tr><td>where sendfile(2) refuses the file ({@code /proc}, some file systems)</td><td>copied</td></tr>
 *   <tr><td>any other region</td><td>copied: {@link FileRegion#transferTo} writes to the socket, piece by piece</td></tr>
 * </table>
 *
 * <p>What is not in the page cache is read from the disk while the loop waits, whichever way it goes: a slow disk holds
 * up the loop for as long as {@link #TURN_BYTES_MAX} take, and then its other connections have a turn. A file must not
 * be closed while it is sent, which the region's reference count sees to unless the file itself is closed.
 */
final class FileWriter {
    /**
     * Bytes of files that a connection may send in one turn of its loop: enough that the turn costs nothing beside
     * them, and few enough that a disk of 100 MB/s holds the loop up for 5 ms.
     */
    static final int TURN_BYTES_MAX = 512 << 10;

    /** Bytes of a piece that is copied. */
    private static final int COPY_BYTES_MAX = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(FileWriter.class);

    /** Where Netty's region keeps its file, and how far it is; null where it must not be looked into. */
    private static final @Nullable VarHandle FILE = handle("file", FileChannel.class);

    private static final @Nullable VarHandle TRANSFERRED = handle("transferred", long.class);

    private FileWriter() {}

    /**
     * Writes the region that comes next, and takes it off the buffer when all of it has gone.
     *
     * @param limit bytes at most, at least 1
     * @return how many bytes went, {@code n}; or {@code ~n} if the socket is full then
     * @throws IOException if the connection is broken, or the file cannot be read or is shorter than the region
     */
    static int write(Posix posix, int number, ByteBufAllocator memory, ChannelOutboundBuffer out, int limit)
            throws IOException {
        FileRegion region = (FileRegion) out.current();
        long left = region.count() - region.transferred();
        int wanted = (int) Math.min(left, limit);
        int moved = 0;
        boolean full = false;
        if (wanted > 0) {
            int sent = region instanceof DefaultFileRegion known ? send(posix, number, known, wanted) : -Errno.EINVAL;
            if (sent == -Errno.EAGAIN) {
                full = true;
            } else if (sent > 0) {
                moved = sent;
            } else {
                Copy copy = new Copy(posix, number, memory, wanted);
                moved = (int) Math.max(0, region.transferTo(copy, region.transferred()));
                full = copy.full;
                if (moved == 0 && !full) {
                    throw new IOException("cannot send a file: " + region + " gave nothing at " + region.transferred()
                            + " of " + region.count() + " bytes");
                }
            }
            if (moved > 0) {
                out.progress(moved);
            }
        }
        if (region.transferred() >= region.count()) {
            out.remove();
        }
        return full ? ~moved : moved;
    }

    /** By sendfile(2): bytes, {@code -EAGAIN}, or {@code -EINVAL} if it has to be copied. */
    private static int send(Posix posix, int number, DefaultFileRegion region, int wanted) throws IOException {
        if (FILE == null || TRANSFERRED == null) {
            return -Errno.EINVAL;
        }
        region.open(); // where it has a path only
        int file = FILE.get(region) instanceof FileChannel channel ? FileNumbers.of(channel) : FileNumbers.UNKNOWN;
        if (file == FileNumbers.UNKNOWN) {
            return -Errno.EINVAL;
        }
        int sent;
        do {
            sent = posix.sendFile(number, file, region.position() + region.transferred(), wanted);
        } while (sent == -Errno.EINTR);
        if (sent > 0) {
            TRANSFERRED.set(region, region.transferred() + sent);
            return sent;
        }
        return switch (-sent) {
            case Errno.EAGAIN, Errno.EINVAL -> sent;
            // At the end of the file before the end of the region (0), or closed meanwhile: copying says so as Netty
            // does.
            case 0, Errno.EBADF, Errno.ENOSYS, Errno.EOPNOTSUPP, Errno.ESPIPE -> -Errno.EINVAL;
            default -> throw FdChannel.error("send a file", sent);
        };
    }

    private static @Nullable VarHandle handle(String field, Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(DefaultFileRegion.class, MethodHandles.lookup())
                    .findVarHandle(DefaultFileRegion.class, field, type);
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOG.debug("cannot look into Netty's file regions: files are copied", e);
            return null;
        }
    }

    /** The socket, as a region writes to it: takes what there is room for, up to a limit. */
    private static final class Copy implements WritableByteChannel {
        private final Posix posix;
        private final int number;
        private final ByteBufAllocator memory;
        private int left;
        boolean full;

        Copy(Posix posix, int number, ByteBufAllocator memory, int limit) {
            this.posix = posix;
            this.number = number;
            this.memory = memory;
            this.left = limit;
        }

        @Override
        public int write(ByteBuffer source) throws IOException {
            int begin = source.position();
            int size = Math.min(Math.min(source.remaining(), left), COPY_BYTES_MAX);
            if (size == 0 || full) {
                return 0;
            }
            ByteBuf piece = memory.directBuffer(size);
            try {
                while (size > 0 && !full) {
                    piece.clear();
                    piece.writeBytes(source.duplicate().limit(source.position() + size));
                    int sent = posix.send(number, piece.memoryAddress(), size);
                    if (sent >= 0) {
                        source.position(source.position() + sent);
                        left -= sent;
                        full = sent < size;
                    } else if (sent == -Errno.EAGAIN) {
                        full = true;
                    } else if (sent != -Errno.EINTR) {
                        throw FdChannel.error("write", sent);
                    }
                    size = Math.min(Math.min(source.remaining(), left), COPY_BYTES_MAX);
                }
            } finally {
                piece.release();
            }
            return source.position() - begin;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {} // the channel's to close
    }
}
