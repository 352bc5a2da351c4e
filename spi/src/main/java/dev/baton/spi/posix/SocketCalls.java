package dev.baton.spi.posix;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.file.Path;

/**
 * The system calls a listener or a service needs to prepare a socket; accepting, connecting and closing belong to the
 * runtime.
 *
 * <p>All of them may be called from any thread, never block (every socket made here is non-blocking), return the value
 * of the call or minus the error number, and know these addresses: {@link java.net.InetSocketAddress} (resolved; IPv6
 * with its scope), {@link java.net.UnixDomainSocketAddress} and {@link AbstractUnixAddress}.
 */
@ByBaton
public interface SocketCalls {

    /**
     * Makes a socket; {@code SOCK_CLOEXEC} and {@code SOCK_NONBLOCK} are always added to its type.
     *
     * @param domain an address family of {@link Sockets}, such as {@link Sockets#AF_INET}
     * @param type {@link Sockets#SOCK_STREAM} or another type of {@link Sockets}
     * @param protocol 0 for the usual one of the type
     * @return the new fd, or minus the error number ({@link Errno#EMFILE}, {@link Errno#EAFNOSUPPORT} where the kernel
     *     has no IPv6, ...)
     */
    @AnyThread
    int socket(int domain, int type, int protocol);

    /**
     * Gives a socket its local address.
     *
     * @param fd the socket
     * @param address the address, of the socket's own family
     * @return 0, or minus the error number: {@link Errno#EADDRINUSE}, {@link Errno#EACCES},
     *     {@link Errno#EADDRNOTAVAIL}; {@link Errno#EAFNOSUPPORT} for a kind of address that is not known,
     *     {@link Errno#ENAMETOOLONG} for a unix path of more than 107 bytes, {@link Errno#EINVAL} for an unresolved
     *     name
     */
    @AnyThread
    int bind(int fd, SocketAddress address);

    /**
     * Makes a bound socket accept connections; called again it changes the backlog.
     *
     * @param fd the socket
     * @param backlog how many connections the kernel keeps for accept; capped by {@code net.core.somaxconn}
     * @return 0, or minus the error number ({@link Errno#EADDRINUSE}, ...)
     */
    @AnyThread
    int listen(int fd, int backlog);

    /**
     * Sets a socket option that is an int (or a flag: 0 or 1).
     *
     * @param fd the socket
     * @param level the level of the option, such as {@link SocketOptions#SOL_SOCKET}
     * @param option the option, from {@link SocketOptions}
     * @param value the value
     * @return 0, or minus the error number
     */
    @AnyThread
    int setIntOption(int fd, int level, int option, int value);

    /**
     * Reads a socket option that is an int (or a flag: 0 or 1).
     *
     * <p>A negative result is always an error: none of the options in {@link SocketOptions} has a negative value to
     * read, which is the condition for using this call with any other.
     *
     * @param fd the socket
     * @param level the level of the option, such as {@link SocketOptions#SOL_SOCKET}
     * @param option the option, from {@link SocketOptions}
     * @return the value, or minus the error number
     */
    @AnyThread
    int intOption(int fd, int level, int option);

    /**
     * Sets a socket option that is no int.
     *
     * @param fd the socket
     * @param level the level of the option, such as {@link SocketOptions#SOL_SOCKET}
     * @param option the option, from {@link SocketOptions}
     * @param address where the value is
     * @param length its length in bytes
     * @return 0, or minus the error number
     */
    @AnyThread
    int setOption(int fd, int level, int option, long address, int length);

    /**
     * Reads a socket option that is no int.
     *
     * @param fd the socket
     * @param level the level of the option, such as {@link SocketOptions#SOL_SOCKET}
     * @param option the option, from {@link SocketOptions}
     * @param address where to put the value
     * @param length how many bytes there is room for
     * @return how many bytes were put there, or minus the error number
     */
    @AnyThread
    int option(int fd, int level, int option, long address, int length);

    /**
     * Shuts one or both directions of a socket, for everybody who holds the open file.
     *
     * @param fd the socket
     * @param how {@link Sockets#SHUT_RD}, {@link Sockets#SHUT_WR} or {@link Sockets#SHUT_RDWR}
     * @return 0, or minus the error number: {@link Errno#ENOTCONN} when the peer was faster
     */
    @AnyThread
    int shutdown(int fd, int how);

    /**
     * Tells the address a socket is bound to; for port 0 the port that the kernel chose.
     *
     * @param fd the socket
     * @return the address; for an unbound internet socket the wildcard with port 0
     * @throws PosixException if the kernel refuses, for example because {@code fd} is not a socket
     */
    @AnyThread
    SocketAddress localAddress(int fd) throws PosixException;

    /**
     * Sets the permissions of a socket's own inode. On Linux the file that a later {@link #bind} of a unix socket makes
     * begins with them, less the process's umask, so that it is at no moment open to more users than wanted.
     *
     * @param fd the socket
     * @param mode permissions, such as 0660
     * @return 0, or minus the error number
     */
    @AnyThread
    int setMode(int fd, int mode);

    /** What is done with a file that is held. */
    @FunctionalInterface
    interface FileWork {
        /**
         * Does it.
         *
         * @param held a path that stays this file's
         */
        void on(Path held) throws IOException;
    }

    /**
     * Does something with a file that cannot be exchanged for another one meanwhile: it is opened without following a
     * link ({@code O_PATH|O_NOFOLLOW}; if it is a link, the link itself is held), and reached through
     * {@code /proc/self/fd}.
     *
     * @param file the file; it needs no permissions
     * @return 0 when the work is done, or minus the error number of the open
     * @throws IOException what the work throws
     */
    @OffLoop
    int hold(Path file, FileWork work) throws IOException;
}
