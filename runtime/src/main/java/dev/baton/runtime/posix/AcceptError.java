package dev.baton.runtime.posix;

import dev.baton.spi.posix.Errno;

/** What an {@code accept(2)} that gave no connection means for the listening socket. */
public enum AcceptError {
    /** The backlog is empty. */
    NOBODY_WAITS,
    /**
     * The connection that was to be accepted is lost, or a signal came; the next may be in order. Where the same error
     * may be the listener's own, as with EPERM of a security module, so many in a row say so.
     */
    ONE_CONNECTION,
    /** The process or the system has no fd left. Connections wait, and are reported again by levels only. */
    OUT_OF_FDS,
    /** The kernel has no memory left. Connections wait, as above. */
    OUT_OF_MEMORY,
    /** Anything else, for example a socket that does not listen. To try again at once would spin. */
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
                    // accept(2), "Error handling": a network error that is pending on the new connection.
                    Errno.ENETDOWN,
                    Errno.EPROTO,
                    Errno.ENOPROTOOPT,
                    Errno.EHOSTDOWN,
                    Errno.ENONET,
                    Errno.EHOSTUNREACH,
                    Errno.EOPNOTSUPP,
                    Errno.ENETUNREACH,
                    // "Firewall rules forbid connection."
                    Errno.EPERM,
                    // "Network errors for the new socket and as defined for the protocol may be returned."
                    Errno.ECONNRESET,
                    Errno.ENETRESET,
                    Errno.EPROTONOSUPPORT,
                    Errno.ESOCKTNOSUPPORT,
                    Errno.ETIMEDOUT -> ONE_CONNECTION;
            case Errno.EMFILE, Errno.ENFILE -> OUT_OF_FDS;
            case Errno.ENOBUFS, Errno.ENOMEM, Errno.ENOSR -> OUT_OF_MEMORY;
            default -> LISTENER_BROKEN;
        };
    }
}
