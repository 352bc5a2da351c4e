package dev.baton.runtime.posix;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PollCalls;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;
import java.net.SocketAddress;

/**
 * Every system call that Baton makes: what plugins get ({@link PollCalls}, {@link SocketCalls}) and what only the
 * runtime may do. An interface, so that tests can inject errors and count calls.
 *
 * <p>Each call makes one system call, allocates nothing unless it returns an object or is said to be rare, and returns
 * its value or minus the error number of {@link Errno}. Those for {@link OffLoop} load classes for hundreds of
 * milliseconds the first time. None retries: an interruption by a signal is {@code -EINTR}. Memory is passed by
 * address; that it stays valid during the call is the caller's business, with {@link dev.baton.spi.posix.NativeMemory}
 * or a reference-counted buffer that it holds.
 */
public interface Posix extends PollCalls, SocketCalls {

    /**
     * Takes a connection from a listening socket: non-blocking, closed on exec. Its peer's address can be asked for
     * later ({@link #remoteAddress}) as long as the peer has not reset the connection.
     *
     * @param fd the listening socket
     * @return the connection's fd, or minus the error number: {@link Errno#EAGAIN} when there is none,
     *     {@link Errno#ECONNABORTED} when the peer gave up in the queue (try the next), {@link Errno#EMFILE},
     *     {@link Errno#ENFILE}
     */
    @AnyThread
    int accept(int fd);

    /**
     * Takes a connection from a listening socket as {@link #accept(int)} does, and notes who it is from, which cannot
     * fail later.
     *
     * @param fd the listening socket
     * @param peer filled on success; one for each thread, reused
     * @return the connection's fd, or minus the error number
     */
    @AnyThread
    int accept(int fd, PeerAddress peer);

    /**
     * Starts to connect a socket, or gives a datagram socket its peer.
     *
     * @param fd the socket, of the address's family
     * @param address the peer
     * @return 0 when connected at once, {@code -EINPROGRESS} when the socket becomes writable with the outcome
     *     ({@link #socketError}), or minus another error number; {@code -EAGAIN} is how a unix socket says that the
     *     peer's backlog is full
     */
    @AnyThread
    int connect(int fd, SocketAddress address);

    /**
     * Takes a datagram socket's peer away. A port that the kernel chose at the connect goes with it.
     *
     * @param fd the datagram socket
     * @return 0, or minus the error number
     */
    @AnyThread
    int disconnect(int fd);

    /**
     * Tells who a socket is connected to.
     *
     * @param fd the socket
     * @return the peer's address
     * @throws PosixException {@link Errno#ENOTCONN} if it is not connected, or the peer has reset the connection
     */
    @AnyThread
    SocketAddress remoteAddress(int fd) throws PosixException;

    /**
     * Receives bytes. The hot path of every connection: two machine words more than the system call itself.
     *
     * @param fd the socket
     * @param address where to put the bytes
     * @param length how many there is room for
     * @return how many were received, 0 at the end of the stream, or minus the error number
     */
    @AnyThread
    default int recv(int fd, long address, int length) {
        return recv(fd, address, length, 0);
    }

    /**
     * Receives bytes, with flags.
     *
     * @param fd the socket
     * @param address where to put the bytes
     * @param length how many there is room for
     * @param flags such as {@link Sockets#MSG_PEEK}
     * @return how many were received, 0 at the end of the stream, or minus the error number
     */
    @AnyThread
    int recv(int fd, long address, int length, int flags);

    /**
     * Sends bytes, without SIGPIPE.
     *
     * @param fd the socket
     * @param address the bytes
     * @param length how many
     * @return how many were taken, perhaps fewer, or minus the error number
     */
    @AnyThread
    int send(int fd, long address, int length);

    /**
     * Sends bytes of several pieces of memory at once, without SIGPIPE.
     *
     * @param fd the socket
     * @param iovecsAddress the pieces, laid out as {@link IoVec} says
     * @param count how many pieces, at most {@link IoVec#COUNT_MAX}
     * @return how many bytes were taken, perhaps fewer, or minus the error number
     */
    @AnyThread
    int sendGather(int fd, long iovecsAddress, int count);

    /**
     * Sends bytes of a file without copying them through this process (sendfile(2)). Reads what is not in memory from
     * the disk, and the caller waits for that; the position of the open file stays as it is.
     *
     * @param fd the stream socket
     * @param file the fd of the file
     * @param offset of the first byte, from the beginning of the file
     * @param length how many bytes at most; more than the socket takes now is no error
     * @return how many were taken, 0 at or behind the end of the file, or minus the error number: {@link Errno#EAGAIN}
     *     when the socket is full, {@link Errno#EINVAL} for a file that has to be copied
     */
    @AnyThread
    int sendFile(int fd, int file, long offset, int length);

    /**
     * Makes a pipe, both ends non-blocking and closed on exec.
     *
     * @param fds filled with the end to read from and the end to write to; of length 2
     * @return 0, or minus the error number: {@link Errno#EMFILE}, {@link Errno#ENFILE}
     */
    @AnyThread
    int pipe(int[] fds);

    /**
     * Changes how many bytes a pipe can hold; at first that is 64 KiB.
     *
     * @param fd one of its ends
     * @param bytes how many, a power of two of at least a page
     * @return how many it can hold now, or minus the error number: {@link Errno#EPERM} if it is more than the user may
     *     have in one pipe or in all ({@code fs.pipe-max-size}, {@code fs.pipe-user-pages-soft})
     */
    @AnyThread
    int setPipeSize(int fd, int bytes);

    /**
     * Moves bytes between a pipe and a socket without copying them through this process (splice(2)). Never waits.
     *
     * @param from the socket, or the pipe's end to read from
     * @param to the pipe's end to write to, or the socket
     * @param length how many bytes at most
     * @return how many were moved, 0 at the end of the stream, or minus the error number: {@link Errno#EAGAIN} when
     *     there is nothing to read or no room to write, {@link Errno#EINVAL} for a socket that cannot do this
     */
    @AnyThread
    int splice(int from, int to, int length);

    /**
     * Takes bytes out of a pipe.
     *
     * @param fd the pipe's end to read from
     * @param address where to put the bytes
     * @param length how many there is room for
     * @return how many were taken, or minus the error number: {@link Errno#EAGAIN} when there are none
     */
    @AnyThread
    int readPipe(int fd, long address, int length);

    /**
     * Sends a datagram, without SIGPIPE.
     *
     * @param fd the datagram socket
     * @param address the bytes
     * @param length how many
     * @param receiver who it is for
     * @return {@code length}, or minus the error number
     */
    @AnyThread
    int sendTo(int fd, long address, int length, SocketAddress receiver);

    /**
     * Receives a datagram; what does not fit is lost, which {@link PeerAddress#truncated} tells.
     *
     * @param fd the datagram socket
     * @param address where to put the bytes
     * @param length how many there is room for
     * @param sender filled on success
     * @return how many bytes were received, or minus the error number
     */
    @AnyThread
    int recvFrom(int fd, long address, int length, PeerAddress sender);

    /**
     * Sends bytes with copies of fds over a unix socket. Rare.
     *
     * @param fd the unix socket
     * @param address the bytes; at least one, or a stream would not carry the fds
     * @param length how many
     * @param fds the fds, 1 to {@link PassedFds#COUNT_MAX}; they stay open here too
     * @return how many bytes were taken, or minus the error number: {@link Errno#EINVAL} for too many fds,
     *     {@link Errno#ETOOMANYREFS} when too many are in flight
     */
    @AnyThread
    int sendFds(int fd, long address, int length, int[] fds);

    /**
     * Receives bytes and the fds that came with them, each closed on exec; they share their O_NONBLOCK with whoever
     * sent them. Rare.
     *
     * @param fd the unix socket
     * @param address where to put the bytes
     * @param length how many there is room for
     * @param received filled on success, and emptied otherwise; the caller owns the fds in it
     * @return how many bytes were received, 0 at the end of the stream, or minus the error number
     */
    @AnyThread
    int recvFds(int fd, long address, int length, PassedFds received);

    /**
     * Makes two connected unix sockets, non-blocking and closed on exec. Rare.
     *
     * @param type {@link Sockets#SOCK_STREAM}, {@link Sockets#SOCK_DGRAM} or {@link Sockets#SOCK_SEQPACKET}
     * @param fds filled with the two fds; of length 2
     * @return 0, or minus the error number
     */
    @OffLoop
    int socketPair(int type, int[] fds);

    /**
     * Makes a file that is in memory only, closed on exec, and gone with the last fd that is open for it. Rare.
     *
     * @param name what {@code /proc} calls it
     * @return its fd, or minus the error number: {@link Errno#ENOSYS} where the C library is too old for it
     */
    @OffLoop
    int memoryFile(String name);

    /**
     * Closes an fd. Only for the fd table, and for fds that never got into it.
     *
     * <p>Never to be repeated, whatever it returns: after {@code -EINTR} the number is free on Linux and may already be
     * somebody else's.
     *
     * @param fd the fd
     * @return 0, or minus the error number: {@link Errno#EBADF} is an error of the caller
     */
    @AnyThread
    int close(int fd);

    /**
     * Makes a second fd, closed on exec, for the same open file. Rare.
     *
     * @param fd the fd
     * @return the new fd, or minus the error number
     */
    @OffLoop
    int dup(int fd);

    /**
     * Lets a number stand for another's open file: what it stood for before is closed in the same step. A child process
     * inherits it. Rare; for the standard streams, which are in no table.
     *
     * @param fd whose open file it is to be
     * @param number the number
     * @return {@code number}, or minus the error number
     */
    @OffLoop
    int dupTo(int fd, int number);

    /**
     * Reads the status flags of an open file. Rare.
     *
     * @param fd the fd
     * @return the flags, such as {@link FileFlags#O_NONBLOCK}, or minus the error number
     */
    @OffLoop
    int statusFlags(int fd);

    /**
     * Changes the status flags of an open file, for everybody who holds it. Rare.
     *
     * @param fd the fd
     * @param flags the flags, such as {@link FileFlags#O_NONBLOCK}
     * @return 0, or minus the error number
     */
    @OffLoop
    int setStatusFlags(int fd, int flags);

    /**
     * Reads which signal an open file would announce its input with ({@code F_GETSIG} of fcntl(2)). Rare.
     *
     * @param fd the fd
     * @return the number that {@link #setInputSignal} has set, 0 at first, or minus the error number
     */
    @OffLoop
    int inputSignal(int fd);

    /**
     * Changes which signal an open file would announce its input with, for everybody who holds it ({@code F_SETSIG}).
     * None comes unless {@code O_ASYNC} is set, too, so it is a mark that all processes with the file can read. Rare.
     *
     * @param fd the fd
     * @param signal the number, 0 for none
     * @return 0, or minus the error number
     */
    @OffLoop
    int setInputSignal(int fd, int signal);

    /**
     * The number of a user, by the machine's user database, which may be a server's. Rare.
     *
     * @param name the user's name
     * @return the number, or minus {@link dev.baton.spi.posix.Errno#ENOENT} if there is no such user
     */
    @OffLoop
    int userId(String name);

    /**
     * Tells whether an fd is closed on exec. Rare.
     *
     * @param fd the fd
     * @return 1 if it is, 0 if a child process would inherit it, or minus the error number
     */
    @OffLoop
    int closeOnExec(int fd);

    /**
     * Decides whether an fd is closed on exec. Rare.
     *
     * @param fd the fd
     * @param on whether to close it
     * @return 0, or minus the error number
     */
    @OffLoop
    int setCloseOnExec(int fd, boolean on);

    /**
     * Reads and clears the pending error of a socket, such as the outcome of a connect.
     *
     * @param fd the socket
     * @return 0 if there is none, else the pending error number (positive), or minus the error number of the call
     *     itself
     */
    @AnyThread
    default int socketError(int fd) {
        return intOption(fd, SocketOptions.SOL_SOCKET, SocketOptions.SO_ERROR);
    }

    /**
     * Decides what close does with unsent data.
     *
     * @param fd the socket
     * @param seconds 0 to discard it and reset the connection, more to keep trying for so long (close then blocks), -1
     *     to keep trying in the background, as is usual
     * @return 0, or minus the error number
     */
    @AnyThread
    int setLinger(int fd, int seconds);

    /**
     * Reads how long close may try to send unsent data.
     *
     * @param fd the socket
     * @return the seconds, {@code Integer.MAX_VALUE} where lingering is off, or minus the error number
     */
    @AnyThread
    int linger(int fd);

    /**
     * Reads how many fds this process may have open.
     *
     * @return the limits
     * @throws PosixException if the kernel refuses
     */
    @AnyThread
    FdLimit fdLimit() throws PosixException;

    /**
     * Raises the soft limit of open fds to the hard one, which needs no privilege.
     *
     * @return the limits that hold now
     * @throws PosixException if the kernel refuses
     */
    @AnyThread
    FdLimit raiseFdLimit() throws PosixException;

    /**
     * Counts the fds that this process has open. Reads a folder; rare.
     *
     * @return how many, or a negative number if that cannot be told
     */
    @OffLoop
    int openFds();

    /**
     * Tells whether an fd is a terminal. Rare.
     *
     * @param fd the fd, such as 1
     * @return whether it is
     */
    @AnyThread
    boolean isTerminal(int fd);
}
