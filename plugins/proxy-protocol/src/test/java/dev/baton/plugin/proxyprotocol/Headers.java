package dev.baton.plugin.proxyprotocol;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Headers of version 2, byte for byte as the protocol describes them. */
final class Headers {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";

    private Headers() {}

    /** A header, with the length that its content has. */
    static byte[] v2(int command, int kind, byte[]... content) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        int length = 0;
        for (byte[] part : content) {
            length += part.length;
        }
        all.writeBytes(HexFormat.of().parseHex(SIGNATURE));
        all.write(command);
        all.write(kind);
        all.write(length >> 8);
        all.write(length);
        for (byte[] part : content) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** From 192.0.2.7:4711 to 198.51.100.9:443, with extensions. */
    static byte[] ipv4(byte[]... extensions) {
        byte[] addresses = HexFormat.of().parseHex("c0000207" + "c6336409" + "1267" + "01bb");
        byte[][] content = new byte[extensions.length + 1][];
        content[0] = addresses;
        System.arraycopy(extensions, 0, content, 1, extensions.length);
        return v2(0x21, 0x11, content);
    }

    /** A path as it stands in {@code sockaddr_un}. */
    static byte[] path(String path) {
        byte[] field = new byte[108];
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, field, 0, bytes.length);
        return field;
    }
}
