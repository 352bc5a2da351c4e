package dev.baton.runtime.posix;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.File;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;
import jnr.posix.Passwd;

/**
 * The system calls of the Linux that this process runs on: jnr-posix where it has the call, the layer below it
 * ({@link LibC}) where it has not, or where jnr-posix would cost an allocation a call.
 *
 * <p>The error number is read right after each call, on the same thread and before anything else native. jnr-posix is
 * loaded by the first call that needs it, because that takes longer than everything else here together.
 */
public final class JnrPosix implements Posix {
    private static final int MFD_CLOEXEC = 1;
    private static final int SOCKET_FLAGS = Sockets.SOCK_CLOEXEC | Sockets.SOCK_NONBLOCK;
    private static final int EPOLL_CLOEXEC = 0x80000;
    private static final int EVENTFD_FLAGS = 0x80000 | 0x800; // EFD_CLOEXEC | EFD_NONBLOCK
    private static final int EVENTFD_SIZE = Long.BYTES;
    private static final int PIPE_FLAGS = 0x80000 | 0x800; // O_CLOEXEC | O_NONBLOCK
    private static final int SPLICE_FLAGS = 1 | 2; // SPLICE_F_MOVE | SPLICE_F_NONBLOCK
    private static final int O_NOFOLLOW = 0x20000;
    private static final int O_CLOEXEC = 0x80000;
    private static final int O_PATH = 0x200000;
    private static final int F_GETFD = 1;
    private static final int F_SETFD = 2;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int F_SETSIG = 10;
    private static final int F_GETSIG = 11;
    private static final int F_DUPFD_CLOEXEC = 1030; // not among jnr's constants, hence all are here
    private static final int F_SETPIPE_SZ = 1031;
    private static final int FD_CLOEXEC = 1;
    private static final int SO_LINGER = 13;
    private static final int LINGER_SIZE = 8;
    private static final int RLIMIT_NOFILE = 7;
    private static final File OPEN_FDS = new File("/proc/self/fd");

    /** {@code struct msghdr}: name, its length, iovecs, their count, control, its length, flags. */
    private static final int MESSAGE_NAME = Scratch.MESSAGE;

    private static final int MESSAGE_NAME_LENGTH = Scratch.MESSAGE + 8;
    private static final int MESSAGE_IOVECS = Scratch.MESSAGE + 16;
    private static final int MESSAGE_IOVEC_COUNT = Scratch.MESSAGE + 24;
    private static final int MESSAGE_CONTROL = Scratch.MESSAGE + 32;
    private static final int MESSAGE_CONTROL_LENGTH = Scratch.MESSAGE + 40;
    private static final int MESSAGE_FLAGS = Scratch.MESSAGE + 48;

    /** Never freed, like everything here that is static: a process has one C library and ends with it. */
    private static final Scratch SCRATCH = new Scratch();

    /** The value that eventfdWrite adds: written once, only read afterwards. */
    private static final NativeMemory ONE = NativeMemory.allocate(EVENTFD_SIZE);

    /** Where eventfdRead puts the count, which is not used: threads may overwrite each other's. */
    private static final NativeMemory SINK = NativeMemory.allocate(EVENTFD_SIZE);

    static {
        ONE.putLong(0, 1);
    }

    /**
     * Binds the C library.
     *
     * @throws IllegalStateException if this is not a Linux that jnr knows, or its native library cannot be loaded; the
     *     message says what to do
     */
    public JnrPosix() {
        try {
            LibC.lastError();
        } catch (LinkageError e) {
            throw new IllegalStateException(
                    "cannot load the native library of jnr for " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch")
                            + ": it is not in lib/jni of the distribution, and cannot be unpacked into "
                            + System.getProperty("java.io.tmpdir")
                            + " (full, read-only or mounted noexec?): BATON_JAVA_OPTS=-Djffi.extract.dir=DIR names"
                            + " another folder",
                    e);
        }
    }

    @Override
    public int epollCreate() {
        return result(LibC.epollCreate1(EPOLL_CLOEXEC));
    }

    @Override
    public int epollCtl(int epfd, int op, int fd, int events, long data) {
        NativeMemory block = SCRATCH.take();
        block.putInt(Scratch.VALUE + EpollEvent.EVENTS_OFFSET, events);
        block.putLong(Scratch.VALUE + EpollEvent.DATA_OFFSET, data);
        int result = result(LibC.epollCtl(epfd, op, fd, block.address() + Scratch.VALUE));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
        return result(LibC.epollWait(epfd, eventsAddress, maxEvents, timeoutMillis));
    }

    @Override
    public int poll(long pollfdsAddress, int count, int timeoutMillis) {
        return result(LibC.poll(pollfdsAddress, count, timeoutMillis));
    }

    @Override
    public int eventfd() {
        return result(LibC.eventfd(0, EVENTFD_FLAGS));
    }

    @Override
    public int eventfdWrite(int fd) {
        return Math.min(result(LibC.write(fd, ONE.address(), EVENTFD_SIZE)), 0);
    }

    @Override
    public int eventfdRead(int fd) {
        return Math.min(result(LibC.read(fd, SINK.address(), EVENTFD_SIZE)), 0);
    }

    @Override
    public int socket(int domain, int type, int protocol) {
        return result(LibC.socket(domain, type | SOCKET_FLAGS, protocol));
    }

    @Override
    public int bind(int fd, SocketAddress address) {
        NativeMemory block = SCRATCH.take();
        int length = SocketAddresses.encode(address, block, Scratch.ADDRESS);
        int result = length < 0 ? length : result(LibC.bind(fd, block.address() + Scratch.ADDRESS, length));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int listen(int fd, int backlog) {
        return result(LibC.listen(fd, backlog));
    }

    @Override
    public int accept(int fd) {
        return result(LibC.accept4(fd, 0, 0, SOCKET_FLAGS));
    }

    @Override
    public int accept(int fd, PeerAddress peer) {
        NativeMemory block = SCRATCH.take();
        block.putInt(Scratch.ADDRESS_LENGTH, SocketAddresses.SIZE_MAX);
        int result =
                result(LibC.accept4(fd, peer.memoryAddress(), block.address() + Scratch.ADDRESS_LENGTH, SOCKET_FLAGS));
        if (result >= 0) {
            peer.filled(block.getInt(Scratch.ADDRESS_LENGTH), false);
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int connect(int fd, SocketAddress address) {
        NativeMemory block = SCRATCH.take();
        int length = SocketAddresses.encode(address, block, Scratch.ADDRESS);
        int result = length < 0 ? length : result(LibC.connect(fd, block.address() + Scratch.ADDRESS, length));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int disconnect(int fd) {
        NativeMemory block = SCRATCH.take();
        int length = SocketAddresses.encodeUnspecified(block, Scratch.ADDRESS);
        int result = result(LibC.connect(fd, block.address() + Scratch.ADDRESS, length));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public SocketAddress localAddress(int fd) throws PosixException {
        NativeMemory block = SCRATCH.take();
        try {
            block.putInt(Scratch.ADDRESS_LENGTH, SocketAddresses.SIZE_MAX);
            int result = result(
                    LibC.getsockname(fd, block.address() + Scratch.ADDRESS, block.address() + Scratch.ADDRESS_LENGTH));
            return decode("tell the local address of fd ", fd, block, result);
        } finally {
            SCRATCH.give(block);
        }
    }

    @Override
    public SocketAddress remoteAddress(int fd) throws PosixException {
        NativeMemory block = SCRATCH.take();
        try {
            block.putInt(Scratch.ADDRESS_LENGTH, SocketAddresses.SIZE_MAX);
            int result = result(
                    LibC.getpeername(fd, block.address() + Scratch.ADDRESS, block.address() + Scratch.ADDRESS_LENGTH));
            return decode("tell the remote address of fd ", fd, block, result);
        } finally {
            SCRATCH.give(block);
        }
    }

    @Override
    public int recv(int fd, long address, int length, int flags) {
        return result(LibC.recv(fd, address, length, flags));
    }

    @Override
    public int send(int fd, long address, int length) {
        return result(LibC.send(fd, address, length, Sockets.MSG_NOSIGNAL));
    }

    @Override
    public int sendGather(int fd, long iovecsAddress, int count) {
        NativeMemory block = SCRATCH.take();
        putMessage(block, 0, 0, iovecsAddress, count, 0);
        int result = result(LibC.sendmsg(fd, block.address() + Scratch.MESSAGE, Sockets.MSG_NOSIGNAL));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int sendFile(int fd, int file, long offset, int length) {
        NativeMemory block = SCRATCH.take();
        block.putLong(Scratch.VALUE, offset);
        int result = result(LibC.sendfile(fd, file, block.address() + Scratch.VALUE, length));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int pipe(int[] fds) {
        NativeMemory block = SCRATCH.take();
        int result = result(LibC.Pipes.pipe2(block.address() + Scratch.VALUE, PIPE_FLAGS));
        if (result == 0) {
            fds[0] = block.getInt(Scratch.VALUE);
            fds[1] = block.getInt(Scratch.VALUE + Integer.BYTES);
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int setPipeSize(int fd, int bytes) {
        return result(LibC.Processes.fcntl(fd, F_SETPIPE_SZ, bytes));
    }

    @Override
    public int splice(int from, int to, int length) {
        return result(LibC.Pipes.splice(from, to, length, SPLICE_FLAGS));
    }

    @Override
    public int readPipe(int fd, long address, int length) {
        return result(LibC.read(fd, address, length));
    }

    @Override
    public int sendTo(int fd, long address, int length, SocketAddress receiver) {
        NativeMemory block = SCRATCH.take();
        int result = SocketAddresses.encode(receiver, block, Scratch.ADDRESS);
        if (result >= 0) {
            long iovec = putIoVec(block, address, length);
            putMessage(block, block.address() + Scratch.ADDRESS, result, iovec, 1, 0);
            result = result(LibC.sendmsg(fd, block.address() + Scratch.MESSAGE, Sockets.MSG_NOSIGNAL));
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int recvFrom(int fd, long address, int length, PeerAddress sender) {
        NativeMemory block = SCRATCH.take();
        long iovec = putIoVec(block, address, length);
        putMessage(block, sender.memoryAddress(), SocketAddresses.SIZE_MAX, iovec, 1, 0);
        int result = result(LibC.recvmsg(fd, block.address() + Scratch.MESSAGE, 0));
        if (result >= 0) {
            boolean truncated = (block.getInt(MESSAGE_FLAGS) & Sockets.MSG_TRUNC) != 0;
            sender.filled(block.getInt(MESSAGE_NAME_LENGTH), truncated);
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int sendFds(int fd, long address, int length, int[] fds) {
        if (fds.length == 0 || fds.length > PassedFds.COUNT_MAX) {
            return -Errno.EINVAL;
        }
        NativeMemory block = SCRATCH.take();
        int controlLength = ControlMessages.putFds(block, Scratch.CONTROL, fds);
        putMessage(block, 0, 0, putIoVec(block, address, length), 1, controlLength);
        int result = result(LibC.sendmsg(fd, block.address() + Scratch.MESSAGE, Sockets.MSG_NOSIGNAL));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int recvFds(int fd, long address, int length, PassedFds received) {
        NativeMemory block = SCRATCH.take();
        putMessage(block, 0, 0, putIoVec(block, address, length), 1, ControlMessages.SPACE_MAX);
        int result = result(LibC.recvmsg(fd, block.address() + Scratch.MESSAGE, Sockets.MSG_CMSG_CLOEXEC));
        int controlLength = result < 0 ? 0 : (int) block.getLong(MESSAGE_CONTROL_LENGTH);
        boolean truncated = result >= 0 && (block.getInt(MESSAGE_FLAGS) & Sockets.MSG_CTRUNC) != 0;
        received.set(ControlMessages.fds(block, Scratch.CONTROL, controlLength), truncated);
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int socketPair(int type, int[] fds) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.socketpair(Sockets.AF_UNIX, type | SOCKET_FLAGS, 0, fds));
    }

    @Override
    public int memoryFile(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        try (NativeMemory text = NativeMemory.allocate(bytes.length + 1)) {
            text.putBytes(0, bytes);
            text.putByte(bytes.length, (byte) 0);
            return LibC.MemoryFiles.isThere()
                    ? result(LibC.MemoryFiles.create(text.address(), MFD_CLOEXEC))
                    : -Errno.ENOSYS;
        }
    }

    @Override
    public int shutdown(int fd, int how) {
        return result(LibC.shutdown(fd, how));
    }

    @Override
    public int close(int fd) {
        return result(LibC.close(fd));
    }

    @Override
    public int dup(int fd) {
        // dup(2) would leave a gap in which a child process inherits the new fd.
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.libc().fcntl(fd, F_DUPFD_CLOEXEC, 0));
    }

    @Override
    public int dupTo(int fd, int number) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.dup2(fd, number));
    }

    @Override
    public int statusFlags(int fd) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.libc().fcntl(fd, F_GETFL));
    }

    @Override
    public int setStatusFlags(int fd, int flags) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.libc().fcntl(fd, F_SETFL, flags));
    }

    @Override
    public int inputSignal(int fd) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.libc().fcntl(fd, F_GETSIG));
    }

    @Override
    public int setInputSignal(int fd, int signal) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.libc().fcntl(fd, F_SETSIG, signal));
    }

    @Override
    public int closeOnExec(int fd) {
        POSIX posix = Lazy.INSTANCE;
        int flags = result(posix, posix.libc().fcntl(fd, F_GETFD));
        return flags < 0 ? flags : flags & FD_CLOEXEC;
    }

    @Override
    public int setCloseOnExec(int fd, boolean on) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.libc().fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
    }

    @Override
    public int setMode(int fd, int mode) {
        POSIX posix = Lazy.INSTANCE;
        return result(posix, posix.fchmod(fd, mode));
    }

    @Override
    public int userId(String name) {
        Passwd found = Lazy.INSTANCE.getpwnam(name);
        return found == null ? -Errno.ENOENT : (int) found.getUID();
    }

    @Override
    public int hold(Path file, FileWork work) throws IOException {
        POSIX posix = Lazy.INSTANCE;
        int fd = result(posix, posix.open(file.toString(), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0));
        if (fd < 0) {
            return fd;
        }
        try {
            work.on(Path.of("/proc/self/fd/" + fd));
            return 0;
        } finally {
            LibC.close(fd); // never in the table: nobody polls it
        }
    }

    @Override
    public int setIntOption(int fd, int level, int option, int value) {
        NativeMemory block = SCRATCH.take();
        block.putInt(Scratch.VALUE, value);
        int result = result(LibC.setsockopt(fd, level, option, block.address() + Scratch.VALUE, Integer.BYTES));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int intOption(int fd, int level, int option) {
        NativeMemory block = SCRATCH.take();
        int result = getOption(block, fd, level, option, Integer.BYTES);
        if (result == 0) {
            result = block.getInt(Scratch.VALUE);
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int setOption(int fd, int level, int option, long address, int length) {
        return result(LibC.setsockopt(fd, level, option, address, length));
    }

    @Override
    public int option(int fd, int level, int option, long address, int length) {
        NativeMemory block = SCRATCH.take();
        block.putInt(Scratch.ADDRESS_LENGTH, length);
        int result = result(LibC.getsockopt(fd, level, option, address, block.address() + Scratch.ADDRESS_LENGTH));
        if (result == 0) {
            result = block.getInt(Scratch.ADDRESS_LENGTH);
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int setLinger(int fd, int seconds) {
        NativeMemory block = SCRATCH.take();
        block.putInt(Scratch.VALUE, seconds < 0 ? 0 : 1);
        block.putInt(Scratch.VALUE + 4, Math.max(seconds, 0));
        int result = result(
                LibC.setsockopt(fd, SocketOptions.SOL_SOCKET, SO_LINGER, block.address() + Scratch.VALUE, LINGER_SIZE));
        SCRATCH.give(block);
        return result;
    }

    @Override
    public int linger(int fd) {
        NativeMemory block = SCRATCH.take();
        int result = getOption(block, fd, SocketOptions.SOL_SOCKET, SO_LINGER, LINGER_SIZE);
        if (result == 0) {
            result = block.getInt(Scratch.VALUE) == 0 ? Integer.MAX_VALUE : block.getInt(Scratch.VALUE + 4);
        }
        SCRATCH.give(block);
        return result;
    }

    @Override
    public FdLimit fdLimit() throws PosixException {
        NativeMemory block = SCRATCH.take();
        try {
            int result = result(LibC.getrlimit(RLIMIT_NOFILE, block.address() + Scratch.VALUE));
            if (result < 0) {
                throw PosixException.of("read the limit of open files", result);
            }
            return new FdLimit(limit(block.getLong(Scratch.VALUE)), limit(block.getLong(Scratch.VALUE + 8)));
        } finally {
            SCRATCH.give(block);
        }
    }

    @Override
    public int openFds() {
        String[] names = OPEN_FDS.list();
        return names == null ? -1 : names.length - 1; // one of them reads the folder
    }

    @Override
    public FdLimit raiseFdLimit() throws PosixException {
        NativeMemory block = SCRATCH.take();
        try {
            int result = result(LibC.getrlimit(RLIMIT_NOFILE, block.address() + Scratch.VALUE));
            if (result == 0) {
                block.putLong(Scratch.VALUE, block.getLong(Scratch.VALUE + 8));
                result = result(LibC.setrlimit(RLIMIT_NOFILE, block.address() + Scratch.VALUE));
            }
            if (result < 0) {
                throw PosixException.of("raise the limit of open files", result);
            }
            return new FdLimit(limit(block.getLong(Scratch.VALUE)), limit(block.getLong(Scratch.VALUE + 8)));
        } finally {
            SCRATCH.give(block);
        }
    }

    @Override
    public boolean isTerminal(int fd) {
        return LibC.isatty(fd) == 1;
    }

    private int getOption(NativeMemory block, int fd, int level, int option, int size) {
        // The length's place in the block is free: options have no address.
        block.putInt(Scratch.ADDRESS_LENGTH, size);
        block.putLong(Scratch.VALUE, 0); // some options are a single byte
        return result(LibC.getsockopt(
                fd, level, option, block.address() + Scratch.VALUE, block.address() + Scratch.ADDRESS_LENGTH));
    }

    private static SocketAddress decode(String action, int fd, NativeMemory block, int result) throws PosixException {
        if (result < 0) {
            throw PosixException.of(action + fd, result);
        }
        int length = block.getInt(Scratch.ADDRESS_LENGTH);
        if (!SocketAddresses.isKnown(block, Scratch.ADDRESS, length)) {
            throw PosixException.of(action + fd, -Errno.EAFNOSUPPORT);
        }
        return SocketAddresses.decode(block, Scratch.ADDRESS, length);
    }

    private static long putIoVec(NativeMemory block, long address, int length) {
        block.putLong(Scratch.IOVEC + IoVec.BASE_OFFSET, address);
        block.putLong(Scratch.IOVEC + IoVec.LENGTH_OFFSET, length);
        return block.address() + Scratch.IOVEC;
    }

    /** Fills the message header; the control data is always the block's own. */
    private static void putMessage(
            NativeMemory block, long name, int nameLength, long iovecs, int iovecCount, int controlLength) {
        block.putLong(MESSAGE_NAME, name);
        block.putLong(MESSAGE_NAME_LENGTH, nameLength);
        block.putLong(MESSAGE_IOVECS, iovecs);
        block.putLong(MESSAGE_IOVEC_COUNT, iovecCount);
        block.putLong(MESSAGE_CONTROL, controlLength == 0 ? 0 : block.address() + Scratch.CONTROL);
        block.putLong(MESSAGE_CONTROL_LENGTH, controlLength);
        block.putLong(MESSAGE_FLAGS, 0);
    }

    /** RLIM_INFINITY is all ones. */
    private static long limit(long value) {
        return value < 0 ? Long.MAX_VALUE : value;
    }

    private static int result(int value) {
        return value >= 0 ? value : -LibC.lastError();
    }

    /** No call takes more than 2^31 bytes at once, so that the count fits. */
    private static int result(long value) {
        return value >= 0 ? (int) value : -LibC.lastError();
    }

    private static int result(POSIX posix, int value) {
        return value >= 0 ? value : -posix.errno();
    }

    /** Loads jnr-posix at the first call that needs it. */
    private static final class Lazy {
        static final POSIX INSTANCE = POSIXFactory.getNativePOSIX();
    }
}
