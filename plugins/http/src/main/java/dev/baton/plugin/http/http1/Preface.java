package dev.baton.plugin.http.http1;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** The first bytes of a client that speaks HTTP/2 without being asked (RFC 9113, section 3.4). */
final class Preface {
    private static final byte[] BYTES = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    /** In bytes. */
    static final int LENGTH = BYTES.length;

    private Preface() {}

    /** What is there agrees with it, as far as it goes. */
    static boolean mayBegin(ByteBuf in) {
        int count = Math.min(in.readableBytes(), LENGTH);
        int from = in.readerIndex();
        for (int i = 0; i < count; i++) {
            if (in.getByte(from + i) != BYTES[i]) {
                return false;
            }
        }
        return count > 0;
    }
}
