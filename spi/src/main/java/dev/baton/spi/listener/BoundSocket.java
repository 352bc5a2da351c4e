package dev.baton.spi.listener;

import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.util.Optional;

/**
 * A socket that a {@link ListenerEndpoint} has bound or adopted. It does not own the fd: {@link #refuse} and
 * {@link #queued} are only called while the number is this socket's, {@link #cleanUp} only after the close.
 */
public interface BoundSocket {

    /** Answer of {@link #queued}: this kind cannot tell. */
    int UNKNOWN = -1;

    /**
     * The real address, in the form of a {@code bind}, for example with the port that the kernel chose. Of a socket
     * that was not made here, in the form of the kind that makes such sockets.
     */
    @AnyThread
    String address();

    /**
     * Binds exactly this address again: for the other sockets of {@code sockets: per-loop}, and for the trial after an
     * unbind that shows when the address is free.
     *
     * <p>Empty if there is one socket only, and the address is free as soon as it is closed and cleaned up.
     */
    @AnyThread
    default Optional<ListenerEndpoint> again() {
        return Optional.empty();
    }

    /**
     * Makes the kernel refuse new connections (or ignore them, so that the client tries again) and keep those that wait
     * for accept. For good.
     *
     * @return whether it could
     */
    @AnyThread
    default boolean refuse() {
        return false;
    }

    /** How many connections wait for accept, or {@link #UNKNOWN}. Cost: a system call. */
    @AnyThread
    default int queued() {
        return UNKNOWN;
    }

    /**
     * How many connections to its address are being established and may still come to wait for accept. Cost: may be
     * O(connections of the machine).
     */
    @OffLoop
    default int handshakes() {
        return 0;
    }

    /**
     * Does what is left when the socket has been closed, for example unlinks its file. Called once, and not if another
     * process still uses the socket.
     *
     * @throws IOException if something of the socket is still in the way of the next one on its address
     */
    @OffLoop
    default void cleanUp() throws IOException {}
}
