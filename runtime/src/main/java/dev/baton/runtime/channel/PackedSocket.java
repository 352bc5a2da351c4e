package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * The socket of a connection that goes to another process, or comes from one.
 *
 * @param number the kernel's number in this process: of who has this object, to be used or closed
 * @param peer who it is connected to, as the channel knew it; null if that is not told
 * @param unsent what was written and is not with the kernel yet
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PackedSocket(int number, @Nullable SocketAddress peer, byte[] unsent) {
    /**
     * Who it is connected to. The kernel is asked first, but forgets it as soon as both sides have ended, while there
     * may still be bytes to read, and an end to pass on.
     *
     * @throws PosixException if it is no connection, or nobody knows
     */
    public SocketAddress peer(Posix posix) throws PosixException {
        try {
            return posix.remoteAddress(number);
        } catch (PosixException e) {
            if (peer == null || e.errno() != Errno.ENOTCONN) {
                throw e;
            }
            return peer;
        }
    }
}
