package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.HeaderFields;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import org.jspecify.annotations.Nullable;

/** Writes the body of a message, framed as its new head says. */
final class BodyWriter {
    /**
     * Up to here copying bytes into one buffer with what stands around them is cheaper than one more buffer to write.
     */
    static final int COPY_LIMIT = 8 * 1024;
    /** A chunk's size in hex, three line ends, and the last chunk. */
    static final int CHUNK_OVERHEAD = 16 + 2 + 2 + 5;

    private static final byte[] HEX = HeadWriter.ascii("0123456789abcdef");
    private static final byte[] LAST_CHUNK = HeadWriter.ascii("0\r\n\r\n");
    private static final byte[] LAST_CHUNK_SIZE = HeadWriter.ascii("0\r\n");

    private BodyWriter() {}

    /**
     * Takes the next {@code count} bytes of a buffer and writes them, without a flush.
     *
     * @param last no more will come: ends a chunked body
     */
    static void write(
            ChannelHandlerContext ctx,
            ByteBuf in,
            int count,
            boolean chunked,
            boolean last,
            @Nullable HeaderFields trailers) {
        if (!chunked) {
            if (count > 0) {
                ctx.write(in.readRetainedSlice(count), ctx.voidPromise());
            }
            return;
        }
        if (count == 0 && !last) {
            return;
        }
        boolean copied = count <= COPY_LIMIT;
        ByteBuf before = ctx.alloc().directBuffer(CHUNK_OVERHEAD + (copied ? count : 0));
        if (count > 0) {
            writeSize(before, count);
        }
        if (copied) {
            append(before, in, count, last, trailers);
            ctx.write(before, ctx.voidPromise());
            return;
        }
        ctx.write(before, ctx.voidPromise());
        ctx.write(in.readRetainedSlice(count), ctx.voidPromise());
        ByteBuf after = ctx.alloc().directBuffer(CHUNK_OVERHEAD);
        after.writeByte('\r').writeByte('\n');
        if (last) {
            writeEnd(after, trailers);
        }
        ctx.write(after, ctx.voidPromise());
    }

    /** As {@link #write}, but into a buffer that has room for the bytes and {@link #CHUNK_OVERHEAD}. */
    static void copy(
            ByteBuf out, ByteBuf in, int count, boolean chunked, boolean last, @Nullable HeaderFields trailers) {
        if (!chunked) {
            out.writeBytes(in, count);
            return;
        }
        if (count > 0) {
            writeSize(out, count);
        }
        append(out, in, count, last, trailers);
    }

    private static void append(ByteBuf out, ByteBuf in, int count, boolean last, @Nullable HeaderFields trailers) {
        if (count > 0) {
            out.writeBytes(in, count).writeByte('\r').writeByte('\n');
        }
        if (last) {
            writeEnd(out, trailers);
        }
    }

    private static void writeSize(ByteBuf out, int size) {
        for (int shift = (31 - Integer.numberOfLeadingZeros(size)) & ~3; shift >= 0; shift -= 4) {
            out.writeByte(HEX[(size >>> shift) & 15]);
        }
        out.writeByte('\r').writeByte('\n');
    }

    /** Trailers that frame, route or end here have no business behind a body: only what is end-to-end goes on. */
    private static void writeEnd(ByteBuf out, @Nullable HeaderFields trailers) {
        if (trailers == null) {
            out.writeBytes(LAST_CHUNK);
            return;
        }
        HeadWriter writer = HeadWriter.begin().raw(LAST_CHUNK_SIZE);
        for (int i = 0; i < trailers.size(); i++) {
            if (trailers.kind(i).isEndToEnd()) {
                writer.field(trailers.name(i), trailers.value(i));
            }
        }
        writer.crlf();
        out.writeBytes(writer.bytes(), 0, writer.length());
    }
}
