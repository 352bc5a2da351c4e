package dev.baton.runtime.posix;

import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;

/**
 * Who is at the other end of a unix socket, as the kernel tells it: at the time of its connect or listen.
 *
 * @param pid the process, as this one sees it; 0 if it is in another pid namespace
 * @param uid its effective user
 */
public record PeerCredentials(int pid, int uid) {
    /** {@code struct ucred}: pid, uid, gid. */
    private static final int UCRED_BYTES = 12;

    private static final int PID_OFFSET = 0;
    private static final int UID_OFFSET = 4;

    /**
     * Reads {@code SO_PEERCRED}. Any thread; a system call.
     *
     * @param number a connected unix socket
     * @throws PosixException if the kernel does not tell
     */
    public static PeerCredentials of(Posix posix, int number) throws PosixException {
        try (NativeMemory memory = NativeMemory.allocate(UCRED_BYTES)) {
            int result = posix.option(
                    number, SocketOptions.SOL_SOCKET, SocketOptions.SO_PEERCRED, memory.address(), UCRED_BYTES);
            if (result < 0) {
                throw PosixException.of("ask who is at the other end of fd " + number, result);
            }
            return new PeerCredentials(memory.getInt(PID_OFFSET), memory.getInt(UID_OFFSET));
        }
    }
}
