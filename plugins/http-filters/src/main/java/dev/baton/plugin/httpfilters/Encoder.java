package dev.baton.plugin.httpfilters;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/**
 * Encodes a body piece by piece, as gzip (RFC 1952) or zlib (RFC 1950). What a piece has is in what comes out for it,
 * so that a client sees a stream of events as they happen. Has memory outside of the heap until it is closed.
 */
final class Encoder implements AutoCloseable {
    /** No name, no time; of an unknown system. */
    private static final byte[] GZIP_HEAD = {0x1F, (byte) 0x8B, Deflater.DEFLATED, 0, 0, 0, 0, 0, 0, (byte) 0xFF};

    private static final int ROOM_MIN = 256;
    /** What a flush adds, and the trailer. */
    private static final int ROOM_MORE = 32;

    private final Deflater deflater;
    private final CRC32 sum = new CRC32();
    private final boolean gzip;
    private boolean begun;
    private int length;

    Encoder(Coding coding, int level) {
        gzip = coding == Coding.GZIP;
        deflater = new Deflater(level, gzip);
    }

    /** Encodes a piece. The caller owns what is returned. */
    ByteBuf encode(ByteBuf piece, boolean last, ByteBufAllocator allocator) {
        ByteBuf out = allocator.heapBuffer(Math.max(ROOM_MIN, piece.readableBytes() / 2 + ROOM_MORE));
        boolean encoded = false;
        try {
            encode(piece, last, out);
            encoded = true;
        } finally {
            if (!encoded) {
                out.release();
            }
        }
        return out;
    }

    private void encode(ByteBuf piece, boolean last, ByteBuf out) {
        if (gzip && !begun) {
            out.writeBytes(GZIP_HEAD);
        }
        begun = true;
        for (ByteBuffer bytes : piece.nioBuffers()) {
            length += bytes.remaining(); // modulo 2^32, as the trailer has it
            if (gzip) {
                sum.update(bytes.duplicate());
            }
            deflater.setInput(bytes);
            deflate(out, Deflater.NO_FLUSH);
        }
        if (last) {
            deflater.finish();
            deflate(out, Deflater.NO_FLUSH);
            if (gzip) {
                out.writeIntLE((int) sum.getValue()).writeIntLE(length);
            }
        } else {
            deflate(out, Deflater.SYNC_FLUSH);
        }
    }

    /** Takes out everything that the deflater has. */
    private void deflate(ByteBuf out, int flush) {
        int count;
        do {
            out.ensureWritable(ROOM_MIN);
            count = deflater.deflate(out.array(), out.arrayOffset() + out.writerIndex(), out.writableBytes(), flush);
            out.writerIndex(out.writerIndex() + count);
        } while (count > 0);
    }

    @Override
    public void close() {
        deflater.end();
    }
}
