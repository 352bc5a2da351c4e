package dev.baton.runtime.tls;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Stands before what decrypts a connection, and knows whether all that was read ends with a whole record. Of one that
 * does not, the beginning is within this process, where no look at the socket finds it. Runs under the claim.
 */
final class RecordBounds extends ChannelInboundHandlerAdapter {
    /** RFC 8446, section 5.1: a type, a version, and the length of what follows in the last two bytes. */
    private static final int HEADER_BYTES = 5;

    private static final int LENGTH_AT = 3;

    /** Bytes of a record's header that were read; 0: none, or it was read whole. */
    private int headerBytes;
    /** What these say of the length. */
    private int length;
    /** Bytes of a record that its header has announced and that were not read. */
    private int missing;

    boolean isBetweenRecords() {
        return headerBytes == 0 && missing == 0;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof ByteBuf in) {
            walk(in);
        }
        ctx.fireChannelRead(message);
    }

    private void walk(ByteBuf in) {
        int at = in.readerIndex();
        int end = in.writerIndex();
        while (at < end) {
            if (missing > 0) {
                int step = Math.min(missing, end - at);
                missing -= step;
                at += step;
                continue;
            }
            if (headerBytes >= LENGTH_AT) {
                length = (length << Byte.SIZE) | in.getUnsignedByte(at);
            }
            at++;
            headerBytes++;
            if (headerBytes == HEADER_BYTES) {
                missing = length;
                headerBytes = 0;
                length = 0;
            }
        }
    }
}
