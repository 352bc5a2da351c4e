package dev.baton.plugin.tcpproxy;

import org.jspecify.annotations.Nullable;

/**
 * What of a stream goes to the next process beside its sockets: how long it has been quiet. That a peer has ended its
 * side is not said: who reads the socket learns it once more.
 *
 * <pre>
 * 0  version   1
 * 1  client    looks at its end without a byte, of those that make a timeout
 * 2  upstream  the same for the other end
 * </pre>
 *
 * @param client looks at the client's end without a byte, 0 to {@link End#LOOKS_PER_TIMEOUT}
 * @param upstream the same for the other end
 */
record PackedStream(int client, int upstream) {
    private static final byte VERSION = 1;
    private static final int BYTES = 3;

    byte[] bytes() {
        return new byte[] {VERSION, (byte) client, (byte) upstream};
    }

    /** Reads one; null if it is none of this version. */
    static @Nullable PackedStream of(byte[] bytes) {
        return bytes.length == BYTES && bytes[0] == VERSION && isCount(bytes[1]) && isCount(bytes[2])
                ? new PackedStream(bytes[1], bytes[2])
                : null;
    }

    private static boolean isCount(byte looks) {
        return looks >= 0 && looks <= End.LOOKS_PER_TIMEOUT;
    }
}
