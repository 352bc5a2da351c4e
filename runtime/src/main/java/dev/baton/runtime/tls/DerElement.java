package dev.baton.runtime.tls;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An element of DER (ITU-T X.690) as it is read, as far as certificates and OCSP need it. What is malformed throws an
 * IllegalArgumentException.
 */
final class DerElement {
    static final int INTEGER = 0x02;
    static final int BIT_STRING = 0x03;
    static final int OCTET_STRING = 0x04;
    static final int OBJECT_IDENTIFIER = 0x06;
    static final int GENERALIZED_TIME = 0x18;
    static final int SEQUENCE = 0x30;
    /** {@code [0]} around other elements. */
    static final int EXPLICIT_0 = 0xa0;

    private static final int LONG_LENGTH = 0x80;
    private static final int LENGTH_BYTES_MAX = 3;

    private final byte[] bytes;
    private final int from;
    private final int content;
    private final int to;

    private DerElement(byte[] bytes, int from, int content, int to) {
        this.bytes = bytes;
        this.from = from;
        this.content = content;
        this.to = to;
    }

    /** The one that the bytes begin with. */
    static DerElement of(byte[] bytes) {
        return at(bytes, 0, bytes.length);
    }

    private static DerElement at(byte[] bytes, int from, int limit) {
        if (limit - from < 2) {
            throw new IllegalArgumentException("it is cut short");
        }
        int length = bytes[from + 1] & 0xff;
        int content = from + 2;
        if (length >= LONG_LENGTH) {
            int count = length - LONG_LENGTH;
            if (count == 0 || count > LENGTH_BYTES_MAX || count > limit - content) {
                throw new IllegalArgumentException("it has a length that cannot be");
            }
            length = new BigInteger(1, Arrays.copyOfRange(bytes, content, content + count)).intValue();
            content += count;
        }
        if (length > limit - content) {
            throw new IllegalArgumentException("it is cut short");
        }
        return new DerElement(bytes, from, content, content + length);
    }

    int tag() {
        return bytes[from] & 0xff;
    }

    /** What it has inside. */
    List<DerElement> children() {
        List<DerElement> children = new ArrayList<>();
        for (int at = content; at < to; ) {
            DerElement child = at(bytes, at, to);
            children.add(child);
            at = child.to;
        }
        return children;
    }

    /** The one inside at an index. */
    DerElement child(int index) {
        List<DerElement> children = children();
        if (index >= children.size()) {
            throw new IllegalArgumentException("it lacks something");
        }
        return children.get(index);
    }

    /** The content, without tag and length. */
    byte[] content() {
        return Arrays.copyOfRange(bytes, content, to);
    }

    /** The element that the content is, of an octet string. */
    DerElement unwrapped() {
        return at(bytes, content, to);
    }

    // ---- writing --------------------------------------------------------------------------------------------------

    /** An element as bytes, of parts that follow each other; for contents of less than 64 KiB. */
    static byte[] write(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        int header = length < LONG_LENGTH ? 2 : length <= 0xff ? 3 : 4;
        byte[] out = new byte[header + length];
        out[0] = (byte) tag;
        if (header == 2) {
            out[1] = (byte) length;
        } else {
            out[1] = (byte) (LONG_LENGTH + header - 2);
            out[header - 1] = (byte) length;
            if (header == 4) {
                out[2] = (byte) (length >> 8);
            }
        }
        int at = header;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, out, at, part.length);
            at += part.length;
        }
        return out;
    }
}
