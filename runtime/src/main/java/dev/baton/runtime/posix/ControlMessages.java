package dev.baton.runtime.posix;

import dev.baton.spi.posix.NativeMemory;
import java.util.Arrays;

/**
 * {@code struct cmsghdr} with passed fds (SCM_RIGHTS), to and from native memory: a length (a long), a level and a type
 * (ints), the fds (ints), padded to 8 bytes.
 *
 * <p>Written here although jnr-posix has it: there, the memory of a message belongs to objects that nothing references
 * during the call, so that the collector may free what the kernel is about to read.
 */
final class ControlMessages {
    private static final int LENGTH = 0;
    private static final int LEVEL = 8;
    private static final int TYPE = 12;
    private static final int HEADER_SIZE = 16;

    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;

    /** What the most fds of one message take. */
    static final int SPACE_MAX = HEADER_SIZE + align(PassedFds.COUNT_MAX * Integer.BYTES);

    private ControlMessages() {}

    /** Writes one message with all the fds; returns the bytes it takes. */
    static int putFds(NativeMemory memory, int offset, int[] fds) {
        int length = HEADER_SIZE + fds.length * Integer.BYTES;
        memory.putLong(offset + LENGTH, length);
        memory.putInt(offset + LEVEL, SOL_SOCKET);
        memory.putInt(offset + TYPE, SCM_RIGHTS);
        for (int i = 0; i < fds.length; i++) {
            memory.putInt(offset + HEADER_SIZE + i * Integer.BYTES, fds[i]);
        }
        return align(length);
    }

    /** Reads the fds out of all messages in {@code size} bytes; messages of another kind are skipped. */
    static int[] fds(NativeMemory memory, int offset, int size) {
        int[] fds = {};
        int at = 0;
        while (at + HEADER_SIZE <= size) {
            long length = memory.getLong(offset + at + LENGTH);
            if (length < HEADER_SIZE || length > size - at) {
                break; // no kernel writes this; an endless loop would be a poor way to say so
            }
            if (memory.getInt(offset + at + LEVEL) == SOL_SOCKET && memory.getInt(offset + at + TYPE) == SCM_RIGHTS) {
                int count = ((int) length - HEADER_SIZE) / Integer.BYTES;
                int known = fds.length;
                fds = Arrays.copyOf(fds, known + count);
                for (int i = 0; i < count; i++) {
                    fds[known + i] = memory.getInt(offset + at + HEADER_SIZE + i * Integer.BYTES);
                }
            }
            at += align((int) length);
        }
        return fds;
    }

    private static int align(int length) {
        return (length + 7) & ~7;
    }
}
