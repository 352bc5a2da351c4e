package dev.baton.plugin.tcpproxy;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What of a stream goes to the next process beside its sockets.
 *
 * <pre>
 * 0  version    1
 * 1  client     bit 0: its output is to end behind what is to be written
 * 2  quiet      looks at the client's end without a byte, of those that make a timeout
 * 3  upstream   as for the client
 * 4  quiet      as for the client
 * </pre>
 *
 * <p>That a peer has ended its side is not said here: who reads the socket learns it once more.
 *
 * @param client its end of the stream
 * @param upstream the other end
 */
record PackedStream(Half client, Half upstream) {
    private static final byte VERSION = 1;
    private static final int BYTES = 5;
    private static final int OUTPUT_ENDS = 1;

    /**
     * One end.
     *
     * @param outputEnds its partner's peer has ended its side
     * @param quietLooks looks without a byte, 0 to {@link End#LOOKS_PER_TIMEOUT}
     */
    record Half(boolean outputEnds, int quietLooks) {
        private void write(ByteBuffer to) {
            to.put((byte) (outputEnds ? OUTPUT_ENDS : 0)).put((byte) quietLooks);
        }

        private static @Nullable Half read(ByteBuffer from) {
            int flags = from.get();
            int quiet = from.get();
            return (flags & ~OUTPUT_ENDS) != 0 || quiet < 0 || quiet > End.LOOKS_PER_TIMEOUT
                    ? null
                    : new Half(flags != 0, quiet);
        }
    }

    byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES).put(VERSION);
        client.write(bytes);
        upstream.write(bytes);
        return bytes.array();
    }

    /** Reads one; null if it is none of this version. */
    static @Nullable PackedStream of(byte[] bytes) {
        if (bytes.length != BYTES || bytes[0] != VERSION) {
            return null;
        }
        ByteBuffer from = ByteBuffer.wrap(bytes, 1, BYTES - 1);
        Half client = Half.read(from);
        Half upstream = Half.read(from);
        return client == null || upstream == null ? null : new PackedStream(client, upstream);
    }
}
