package dev.baton.plugin.http.http1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

/** Bytes that were read and could not be used yet, and those of the next read. */
final class Unread {
    private Unread() {}

    /**
     * Appends what was read to what waits. Netty's cumulator would keep what has been used of the first buffer, and a
     * peer whose reads never end where its messages do would have it grow for ever: here it costs no more than what
     * waits.
     *
     * @param before is released or returned
     * @param in is released or returned
     * @return both: the caller's
     */
    static ByteBuf merge(ByteBufAllocator memory, ByteBuf before, ByteBuf in) {
        int waiting = before.readableBytes();
        int added = in.readableBytes();
        if (waiting == 0) {
            before.release();
            return in;
        }
        if (before.refCnt() == 1 && before.writableBytes() >= added) {
            try {
                return before.writeBytes(in);
            } finally {
                in.release();
            }
        }
        // Byte by byte it must not be copied as a whole each time; after a long read there is nothing to expect.
        int room = added < waiting ? memory.calculateNewCapacity(waiting + added, Integer.MAX_VALUE) : waiting + added;
        try {
            return memory.directBuffer(room).writeBytes(before).writeBytes(in);
        } finally {
            before.release();
            in.release();
        }
    }
}
