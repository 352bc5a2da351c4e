package dev.baton.spi.tls;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;

/** Writes DER (ITU-T X.690), as far as keys and certificates need it. */
final class Der {
    static final int INTEGER = 0x02;
    static final int BIT_STRING = 0x03;
    static final int OCTET_STRING = 0x04;
    static final int SEQUENCE = 0x30;

    private static final int LENGTH_SHORT_MAX = 0x7f;
    private static final int LENGTH_LONG = 0x80;

    private Der() {}

    static byte[] sequence(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return element(SEQUENCE, all.toByteArray());
    }

    static byte[] element(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length <= LENGTH_SHORT_MAX) {
            out.write(content.length);
        } else {
            byte[] length = BigInteger.valueOf(content.length).toByteArray();
            int from = length[0] == 0 ? 1 : 0;
            out.write(LENGTH_LONG + length.length - from);
            out.write(length, from, length.length - from);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }
}
