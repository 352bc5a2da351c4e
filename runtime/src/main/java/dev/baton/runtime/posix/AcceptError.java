package dev.baton.runtime.posix;

import dev.baton.spi.posix.Errno;

/** What an {@code accept(2)} that gave no connection means for the listening socket. */
public enum AcceptError {
    /** The backlog is empty. */
    NOBODY_WAITS,
    /** The connection that was to be accepted is lost, or a signal came; the next may be in order. */
    ONE_CONNECTION,
    /** The process or the system has no fd left. Connections wait, and are reported again by levels only. */
    OUT_OF_FDS,
    /** The kernel has no memory left. Connections wait, as above. */
    OUT_OF_MEMORY,
    /** Anything else: the socket does not listen, or nobody knows. To try again at once would spin. */
    LISTENER_BROKEN;

    /**
     * Tells what an error number means. Any thread; allocates nothing.
     *
     * @param errno the (positive) error number of an accept
     */
    public static AcceptError of(int errno) {
        return switch (errno) {
            case Errno.EAGAIN -> NOBODY_WAITS;
            case Errno.EINTR,
                    Errno.ECONNABORTED,
                    // accept(2): an error that is pending on the connection is told by the accept.
                    Errno.ENETDOWN,
                    Errno.ENOPROTOOPT,
                    Errno.EHOSTDOWN,
                    Errno.EHOSTUNREACH,
                    Errno.ENETUNREACH,
                    Errno.EOPNOTSUPP,
                    Errno.ETIMEDOUT -> ONE_CONNECTION;
            case Errno.EMFILE, Errno.ENFILE -> OUT_OF_FDS;
            case Errno.ENOBUFS, Errno.ENOMEM -> OUT_OF_MEMORY;
            default -> LISTENER_BROKEN;
        };
    }
}
