package dev.baton.spi.posix;

/**
 * Linux's error numbers, with a name, a text and, where something can be done about it, a hint for a person.
 *
 * <p>Ints and not an enum, because calls return them negated ({@code result == -Errno.EAGAIN}) and a hot path compares
 * without a lookup. The values are the same on x86-64 and aarch64 ({@code asm-generic/errno.h}); those listed are the
 * ones that the calls of this package can give.
 */
public final class Errno {
    /** Operation not permitted. */
    public static final int EPERM = 1;

    /** No such file. */
    public static final int ENOENT = 2;

    /** Interrupted by a signal. */
    public static final int EINTR = 4;

    /** Input/output error. */
    public static final int EIO = 5;

    /** Fd is not open. */
    public static final int EBADF = 9;

    /** Would block. */
    public static final int EAGAIN = 11;

    /** Out of memory. */
    public static final int ENOMEM = 12;

    /** Permission denied. */
    public static final int EACCES = 13;

    /** Bad address. */
    public static final int EFAULT = 14;

    /** Busy. */
    public static final int EBUSY = 16;

    /** Exists already. */
    public static final int EEXIST = 17;

    /** No such device. */
    public static final int ENODEV = 19;

    /** Not a directory. */
    public static final int ENOTDIR = 20;

    /** Is a directory. */
    public static final int EISDIR = 21;

    /** Invalid argument. */
    public static final int EINVAL = 22;

    /** Too many open files in the system. */
    public static final int ENFILE = 23;

    /** Too many open files in this process. */
    public static final int EMFILE = 24;

    /** Not a terminal. */
    public static final int ENOTTY = 25;

    /** No space left. */
    public static final int ENOSPC = 28;

    /** Cannot seek. */
    public static final int ESPIPE = 29;

    /** Read-only file system. */
    public static final int EROFS = 30;

    /** The peer has closed. */
    public static final int EPIPE = 32;

    /** Name too long. */
    public static final int ENAMETOOLONG = 36;

    /** Not in this kernel. */
    public static final int ENOSYS = 38;

    /** Too many symbolic links. */
    public static final int ELOOP = 40;

    /** Out of streams resources. */
    public static final int ENOSR = 63;

    /** Machine is not on the network. */
    public static final int ENONET = 64;

    /** Protocol error. */
    public static final int EPROTO = 71;

    /** Not a socket. */
    public static final int ENOTSOCK = 88;

    /** Destination address required. */
    public static final int EDESTADDRREQ = 89;

    /** Message too long. */
    public static final int EMSGSIZE = 90;

    /** Wrong protocol for this socket. */
    public static final int EPROTOTYPE = 91;

    /** No such socket option. */
    public static final int ENOPROTOOPT = 92;

    /** Protocol not supported. */
    public static final int EPROTONOSUPPORT = 93;

    /** Socket type not supported. */
    public static final int ESOCKTNOSUPPORT = 94;

    /** Operation not supported. */
    public static final int EOPNOTSUPP = 95;

    /** Protocol family not supported. */
    public static final int EPFNOSUPPORT = 96;

    /** Address family not supported. */
    public static final int EAFNOSUPPORT = 97;

    /** Address in use. */
    public static final int EADDRINUSE = 98;

    /** Address not available. */
    public static final int EADDRNOTAVAIL = 99;

    /** Network is down. */
    public static final int ENETDOWN = 100;

    /** Network unreachable. */
    public static final int ENETUNREACH = 101;

    /** Connection dropped by network. */
    public static final int ENETRESET = 102;

    /** Connection aborted. */
    public static final int ECONNABORTED = 103;

    /** Connection reset by peer. */
    public static final int ECONNRESET = 104;

    /** No buffer space. */
    public static final int ENOBUFS = 105;

    /** Connected already. */
    public static final int EISCONN = 106;

    /** Not connected. */
    public static final int ENOTCONN = 107;

    /** Shut down already. */
    public static final int ESHUTDOWN = 108;

    /** Too many fds in flight. */
    public static final int ETOOMANYREFS = 109;

    /** Timed out. */
    public static final int ETIMEDOUT = 110;

    /** Connection refused. */
    public static final int ECONNREFUSED = 111;

    /** Host is down. */
    public static final int EHOSTDOWN = 112;

    /** No route to host. */
    public static final int EHOSTUNREACH = 113;

    /** In progress already. */
    public static final int EALREADY = 114;

    /** In progress. */
    public static final int EINPROGRESS = 115;

    /** Canceled. */
    public static final int ECANCELED = 125;

    private Errno() {}

    /**
     * Tells the symbolic name.
     *
     * @param errno the (positive) error number
     * @return such as {@code EACCES}; {@code errno 999} for one that is not listed
     */
    public static String name(int errno) {
        return switch (errno) {
            case EPERM -> "EPERM";
            case ENOENT -> "ENOENT";
            case EINTR -> "EINTR";
            case EIO -> "EIO";
            case EBADF -> "EBADF";
            case EAGAIN -> "EAGAIN";
            case ENOMEM -> "ENOMEM";
            case EACCES -> "EACCES";
            case EFAULT -> "EFAULT";
            case EBUSY -> "EBUSY";
            case EEXIST -> "EEXIST";
            case ENODEV -> "ENODEV";
            case ENOTDIR -> "ENOTDIR";
            case EISDIR -> "EISDIR";
            case EINVAL -> "EINVAL";
            case ENFILE -> "ENFILE";
            case EMFILE -> "EMFILE";
            case ENOTTY -> "ENOTTY";
            case ENOSPC -> "ENOSPC";
            case ESPIPE -> "ESPIPE";
            case EROFS -> "EROFS";
            case EPIPE -> "EPIPE";
            case ENAMETOOLONG -> "ENAMETOOLONG";
            case ENOSYS -> "ENOSYS";
            case ELOOP -> "ELOOP";
            case ENOSR -> "ENOSR";
            case ENONET -> "ENONET";
            case EPROTO -> "EPROTO";
            case ENOTSOCK -> "ENOTSOCK";
            case EDESTADDRREQ -> "EDESTADDRREQ";
            case EMSGSIZE -> "EMSGSIZE";
            case EPROTOTYPE -> "EPROTOTYPE";
            case ENOPROTOOPT -> "ENOPROTOOPT";
            case EPROTONOSUPPORT -> "EPROTONOSUPPORT";
            case ESOCKTNOSUPPORT -> "ESOCKTNOSUPPORT";
            case EOPNOTSUPP -> "EOPNOTSUPP";
            case EPFNOSUPPORT -> "EPFNOSUPPORT";
            case EAFNOSUPPORT -> "EAFNOSUPPORT";
            case EADDRINUSE -> "EADDRINUSE";
            case EADDRNOTAVAIL -> "EADDRNOTAVAIL";
            case ENETDOWN -> "ENETDOWN";
            case ENETUNREACH -> "ENETUNREACH";
            case ENETRESET -> "ENETRESET";
            case ECONNABORTED -> "ECONNABORTED";
            case ECONNRESET -> "ECONNRESET";
            case ENOBUFS -> "ENOBUFS";
            case EISCONN -> "EISCONN";
            case ENOTCONN -> "ENOTCONN";
            case ESHUTDOWN -> "ESHUTDOWN";
            case ETOOMANYREFS -> "ETOOMANYREFS";
            case ETIMEDOUT -> "ETIMEDOUT";
            case ECONNREFUSED -> "ECONNREFUSED";
            case EHOSTDOWN -> "EHOSTDOWN";
            case EHOSTUNREACH -> "EHOSTUNREACH";
            case EALREADY -> "EALREADY";
            case EINPROGRESS -> "EINPROGRESS";
            case ECANCELED -> "ECANCELED";
            default -> "errno " + errno;
        };
    }

    /**
     * Tells what the error means, in a few words.
     *
     * @param errno the (positive) error number
     * @return such as {@code permission denied}; {@code unknown error} for one that is not listed
     */
    public static String text(int errno) {
        return switch (errno) {
            case EPERM -> "operation not permitted";
            case ENOENT -> "no such file";
            case EINTR -> "interrupted by a signal";
            case EIO -> "input/output error";
            case EBADF -> "fd is not open";
            case EAGAIN -> "would block";
            case ENOMEM -> "out of memory";
            case EACCES -> "permission denied";
            case EFAULT -> "bad address";
            case EBUSY -> "busy";
            case EEXIST -> "exists already";
            case ENODEV -> "no such device";
            case ENOTDIR -> "not a directory";
            case EISDIR -> "is a directory";
            case EINVAL -> "invalid argument";
            case ENFILE -> "too many open files in the system";
            case EMFILE -> "too many open files in this process";
            case ENOTTY -> "not a terminal";
            case ENOSPC -> "no space left";
            case ESPIPE -> "cannot seek";
            case EROFS -> "read-only file system";
            case EPIPE -> "the peer has closed";
            case ENAMETOOLONG -> "name too long";
            case ENOSYS -> "not in this kernel";
            case ELOOP -> "too many symbolic links";
            case ENOSR -> "out of streams resources";
            case ENONET -> "machine is not on the network";
            case EPROTO -> "protocol error";
            case ENOTSOCK -> "not a socket";
            case EDESTADDRREQ -> "destination address required";
            case EMSGSIZE -> "message too long";
            case EPROTOTYPE -> "wrong protocol for this socket";
            case ENOPROTOOPT -> "no such socket option";
            case EPROTONOSUPPORT -> "protocol not supported";
            case ESOCKTNOSUPPORT -> "socket type not supported";
            case EOPNOTSUPP -> "operation not supported";
            case EPFNOSUPPORT -> "protocol family not supported";
            case EAFNOSUPPORT -> "address family not supported";
            case EADDRINUSE -> "address in use";
            case EADDRNOTAVAIL -> "address not available";
            case ENETDOWN -> "network is down";
            case ENETUNREACH -> "network unreachable";
            case ENETRESET -> "connection dropped by network";
            case ECONNABORTED -> "connection aborted";
            case ECONNRESET -> "connection reset by peer";
            case ENOBUFS -> "no buffer space";
            case EISCONN -> "connected already";
            case ENOTCONN -> "not connected";
            case ESHUTDOWN -> "shut down already";
            case ETOOMANYREFS -> "too many fds in flight";
            case ETIMEDOUT -> "timed out";
            case ECONNREFUSED -> "connection refused";
            case EHOSTDOWN -> "host is down";
            case EHOSTUNREACH -> "no route to host";
            case EALREADY -> "in progress already";
            case EINPROGRESS -> "in progress";
            case ECANCELED -> "canceled";
            default -> "unknown error";
        };
    }

    /**
     * Tells what a person can do about the error, where that does not depend on the operation.
     *
     * @param errno the (positive) error number
     * @return a hint, or an empty string where none would help more than {@link #text}
     */
    public static String hint(int errno) {
        return switch (errno) {
            case EADDRINUSE -> "another process listens there; ss -ltnp shows it";
            case EADDRNOTAVAIL -> "this machine does not have that address; ip addr shows those it has";
            case EMFILE -> "too many open files in this process; raise its limit: ulimit -n";
            case ENFILE -> "too many open files in the system; raise fs.file-max";
            case ENOSPC -> "out of watches or disk; for epoll raise fs.epoll.max_user_watches";
            case ENOBUFS, ENOMEM -> "the kernel is out of memory";
            case EAFNOSUPPORT -> "this kernel or socket has no such kind of address; is IPv6 disabled?";
            case ECONNREFUSED -> "nothing listens there";
            case EHOSTUNREACH, ENETUNREACH -> "no route there; ip route get shows why";
            case ETIMEDOUT -> "the peer does not answer; a firewall?";
            default -> "";
        };
    }

    /**
     * Explains the error for a message: its name, and in brackets the hint or, without one, the text.
     *
     * @param errno the (positive) error number
     * @return such as {@code EADDRINUSE (another process listens there; ss -ltnp shows it)}
     */
    public static String explain(int errno) {
        String hint = hint(errno);
        return name(errno) + " (" + (hint.isEmpty() ? text(errno) : hint) + ")";
    }
}
