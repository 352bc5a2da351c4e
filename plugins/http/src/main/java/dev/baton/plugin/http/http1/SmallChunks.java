package dev.baton.plugin.http.http1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Joins the small chunks of one read, which then go on as one chunk: a proxy may re-chunk (RFC 9112, section 7.1), and
 * a buffer and a write for each byte of a body would cost a hundred times what the byte does.
 *
 * <p>Nothing waits for a chunk that has not come: what is joined is what is there.
 */
final class SmallChunks {
    /** Data of a chunk, in bytes, up to which copying it is cheaper than a write of its own. */
    static final int SMALL_BYTES = 1024;

    /** Most data of a joined chunk, in bytes: bounds what is copied between two questions whether there is room. */
    static final int JOINED_BYTES = 16 * 1024;

    private static final FastThreadLocal<byte[]> SCRATCH = new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
            return new byte[JOINED_BYTES];
        }
    };

    private SmallChunks() {}

    /**
     * Joins a piece with what stands behind it in the same buffer.
     *
     * @param body has found the piece just now
     * @param in begins with the piece
     * @param count length of the piece, in bytes
     * @return a buffer of its own with the piece and those behind it, taken out of {@code in}: the caller's. Null, with
     *     nothing taken: there is nothing to be joined
     * @throws IllegalArgumentException if what stands behind it is no body
     */
    static @Nullable ByteBuf join(BodyReader body, ByteBuf in, int count, ByteBufAllocator memory) {
        if (count == 0 || count > SMALL_BYTES || !body.atChunkEnd() || in.readableBytes() - count <= 2) {
            return null;
        }
        byte[] joined = SCRATCH.get();
        in.readBytes(joined, 0, count);
        int length = count;
        while (true) {
            length = body.gather(in, joined, length);
            int next = body.next(in);
            if (next == 0) {
                break;
            }
            if (next > SMALL_BYTES || next > JOINED_BYTES - length) {
                body.putBack(next);
                break;
            }
            in.readBytes(joined, length, next);
            length += next;
        }
        return memory.directBuffer(length).writeBytes(joined, 0, length);
    }
}
