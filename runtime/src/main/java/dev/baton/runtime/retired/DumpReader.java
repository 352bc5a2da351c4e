package dev.baton.runtime.retired;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Reads the numbers of a heap dump in HPROF's binary format (hprof_b_spec.h of OpenJDK), from the beginning to the end.
 * One thread.
 */
final class DumpReader implements Closeable {
    private static final int PIECE_BYTES = 1 << 20;
    private static final int NAME_BYTES_MAX = 64;

    private final FileChannel file;
    private final ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES).flip();
    private final int idBytes;
    private long before;

    DumpReader(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.READ);
        int length = 0;
        while (u1() != 0) { // the name of the format
            if (++length > NAME_BYTES_MAX) {
                throw new IOException(path + " is no dump of a heap");
            }
        }
        idBytes = u4();
        skip(8); // when it was made
    }

    private void need(int bytes) throws IOException {
        if (piece.remaining() >= bytes) {
            return;
        }
        before += piece.position();
        piece.compact();
        while (piece.position() < bytes) {
            if (file.read(piece) < 0) {
                throw new EOFException("the dump of the heap is cut short");
            }
        }
        piece.flip();
    }

    /** How many bytes were read. */
    long position() {
        return before + piece.position();
    }

    boolean isAtEnd() throws IOException {
        return position() >= file.size();
    }

    int idBytes() {
        return idBytes;
    }

    int u1() throws IOException {
        need(1);
        return piece.get() & 0xff;
    }

    int u2() throws IOException {
        need(2);
        return piece.getShort() & 0xffff;
    }

    int u4() throws IOException {
        need(4);
        return piece.getInt();
    }

    long id() throws IOException {
        need(idBytes);
        return idBytes == 4 ? piece.getInt() & 0xffffffffL : piece.getLong();
    }

    String text(int bytes) throws IOException {
        byte[] all = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            all[i] = (byte) u1();
        }
        return new String(all, StandardCharsets.UTF_8);
    }

    void skip(long bytes) throws IOException {
        long left = bytes;
        int here = (int) Math.min(left, piece.remaining());
        piece.position(piece.position() + here);
        left -= here;
        if (left > 0) {
            before += piece.position() + left;
            piece.position(0).limit(0);
            file.position(file.position() + left);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
