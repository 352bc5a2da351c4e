package dev.baton.spi.posix;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/** A system call failed where that was not expected; the message says what, on what, why, and what to do about it. */
public final class PosixException extends IOException {
    private static final long serialVersionUID = 1L;

    private static final int PORT_PRIVILEGED_MAX = 1023;

    private final int errno;

    private PosixException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /**
     * Describes a failure.
     *
     * @param action what could not be done, such as {@code create an epoll instance}
     * @param result the negative result of the call
     * @return an exception with a message such as {@code cannot create an epoll instance: EMFILE (...)}
     * @throws IllegalArgumentException if the result is not negative, so no failure
     */
    public static PosixException of(String action, int result) {
        int errno = errnoOf(result);
        return new PosixException("cannot " + action + ": " + Errno.explain(errno), errno);
    }

    /**
     * Describes a failure that is about an address, with the hint for this address.
     *
     * @param action what could not be done, such as {@code bind tcp}; the address follows it in the message
     * @param address the address
     * @param result the negative result of the call
     * @return an exception with a message such as {@code cannot bind tcp 0.0.0.0:80: EACCES (ports below 1024 need
     *     CAP_NET_BIND_SERVICE)}
     * @throws IllegalArgumentException if the result is not negative, so no failure
     */
    public static PosixException of(String action, SocketAddress address, int result) {
        int errno = errnoOf(result);
        String hint = hint(errno, address);
        String why = hint.isEmpty() ? Errno.explain(errno) : Errno.name(errno) + " (" + hint + ")";
        return new PosixException("cannot " + action + " " + text(address) + ": " + why, errno);
    }

    /**
     * Tells the error number.
     *
     * @return one of {@link Errno}, or another positive number
     */
    public int errno() {
        return errno;
    }

    private static int errnoOf(int result) {
        if (result >= 0) {
            throw new IllegalArgumentException("result " + result + " is no failure");
        }
        return -result;
    }

    private static String hint(int errno, SocketAddress address) {
        if (address instanceof InetSocketAddress inet) {
            if (errno == Errno.EACCES && inet.getPort() <= PORT_PRIVILEGED_MAX) {
                return "ports below 1024 need CAP_NET_BIND_SERVICE";
            }
            if (errno == Errno.EACCES) {
                return "permission denied; a firewall or security policy?";
            }
        } else {
            if (errno == Errno.EADDRINUSE) {
                return "another process listens there or left the file behind; ss -lxp shows it";
            }
            if (errno == Errno.EACCES) {
                return "permission denied; may this user write to the folder, and the socket?";
            }
        }
        return "";
    }

    private static String text(SocketAddress address) {
        if (address instanceof InetSocketAddress inet && !inet.isUnresolved()) {
            String host = inet.getAddress().getHostAddress();
            return (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + inet.getPort();
        }
        if (address instanceof UnixDomainSocketAddress unix) {
            return unix.getPath().toString();
        }
        return address.toString();
    }
}
