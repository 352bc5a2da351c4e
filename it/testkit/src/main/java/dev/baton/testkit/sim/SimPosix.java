package dev.baton.testkit.sim;

import dev.baton.runtime.posix.IoVec;
import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.util.internal.PlatformDependent;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A kernel in memory: descriptors, stream sockets, epoll, poll, eventfd. Each call is a point of the simulation, then
 * happens at once; a number that was closed is given out again at once, the lowest first, as Linux does it.
 *
 * <p>To close a number that is not open, which on a real machine may be somebody else's by then, fails the run.
 * Datagrams are not there: their sockets answer EAFNOSUPPORT.
 */
public final class SimPosix extends PollingCalls {
    private static final int BUFFER_SIZE = 4_096;

    private final SimNetwork network = new SimNetwork(this);
    private int bufferSize = BUFFER_SIZE;

    /** A kernel without open files. */
    public SimPosix(Simulation simulation) {
        super(simulation);
    }

    /** What is around the process. */
    public SimNetwork network() {
        return network;
    }

    /** How many bytes each direction of the connections that are made from now on holds. */
    public void bufferSize(int bytes) {
        bufferSize = bytes;
    }

    StreamSocket fresh(int domain) {
        return new StreamSocket(this, domain, bufferSize);
    }

    /** The server's end of a connection. */
    StreamSocket socketFor(StreamSocket listener, StreamSocket client) {
        StreamSocket server = fresh(listener.domain);
        server.local = listener.local;
        server.remote = client.local != null ? client.local : UnixDomainSocketAddress.of("");
        return server;
    }

    void unbound(StreamSocket socket) {
        network.unbind(socket);
    }

    // ---- sockets --------------------------------------------------------------------------------------------------

    @Override
    public int socket(int domain, int type, int protocol) {
        int failed = enter("socket", -1);
        if (failed != 0) {
            return failed;
        }
        if (type != Sockets.SOCK_STREAM) {
            return done(-Errno.EAFNOSUPPORT);
        }
        return done(newNumber(fresh(domain)));
    }

    private @Nullable StreamSocket socketOf(int number) {
        return file(number) instanceof StreamSocket socket ? socket : null;
    }

    private int noSocket(int number) {
        return file(number) == null ? -Errno.EBADF : -Errno.ENOTSOCK;
    }

    @Override
    public int bind(int fd, SocketAddress address) {
        int failed = enter("bind", fd);
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? failed : done(noSocket(fd));
        }
        return done(network.bind(socket, address));
    }

    @Override
    public int listen(int fd, int backlog) {
        int failed = enter("listen", fd);
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? failed : done(noSocket(fd));
        }
        return done(network.listen(socket, backlog));
    }

    @Override
    public int accept(int fd) {
        return accept(fd, null);
    }

    @Override
    public int accept(int fd, @Nullable PeerAddress peer) {
        int failed = enter("accept", fd);
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? failed : done(noSocket(fd));
        }
        if (socket.state != StreamSocket.State.LISTENING) {
            return done(-Errno.EINVAL);
        }
        if (isFull()) {
            return done(-Errno.EMFILE);
        }
        StreamSocket accepted = socket.accept();
        if (accepted == null) {
            return done(-Errno.EAGAIN);
        }
        SocketAddress remote = accepted.remote;
        if (peer != null && remote != null) {
            peer.set(remote);
        }
        return done(newNumber(accepted));
    }

    @Override
    public int connect(int fd, SocketAddress address) {
        int failed = enter("connect", fd);
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? failed : done(noSocket(fd));
        }
        return done(network.connect(socket, address));
    }

    @Override
    public int disconnect(int fd) {
        return -Errno.EOPNOTSUPP;
    }

    @Override
    public SocketAddress localAddress(int fd) throws PosixException {
        int failed = faults().next("localAddress");
        if (failed != 0) {
            throw PosixException.of("tell the address of fd " + fd, -failed);
        }
        StreamSocket socket = socketOf(fd);
        if (socket == null) {
            throw PosixException.of("tell the address of fd " + fd, noSocket(fd));
        }
        SocketAddress local = socket.local;
        return local != null ? local : socket.isTcp() ? SimNetwork.address(0) : UnixDomainSocketAddress.of("");
    }

    @Override
    public SocketAddress remoteAddress(int fd) throws PosixException {
        StreamSocket socket = socketOf(fd);
        SocketAddress remote = socket == null ? null : socket.remote;
        if (socket == null || remote == null || !socket.hasPeer()) {
            throw PosixException.of("tell the peer of fd " + fd, socket == null ? noSocket(fd) : -Errno.ENOTCONN);
        }
        return remote;
    }

    static long optionKey(int level, int option) {
        return (long) level << 32 | option;
    }

    @Override
    public int setIntOption(int fd, int level, int option, int value) {
        int failed = faults().next("setIntOption");
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? -failed : noSocket(fd);
        }
        socket.options.put(optionKey(level, option), value);
        return 0;
    }

    @Override
    public int intOption(int fd, int level, int option) {
        int failed = faults().next("intOption");
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? -failed : noSocket(fd);
        }
        if (level == SocketOptions.SOL_SOCKET) {
            switch (option) {
                case SocketOptions.SO_ERROR -> {
                    return socket.takeError();
                }
                case SocketOptions.SO_DOMAIN -> {
                    return socket.domain;
                }
                case SocketOptions.SO_TYPE -> {
                    return Sockets.SOCK_STREAM;
                }
                case SocketOptions.SO_ACCEPTCONN -> {
                    return socket.state == StreamSocket.State.LISTENING ? 1 : 0;
                }
                default -> {}
            }
        }
        return socket.options.getOrDefault(optionKey(level, option), 0);
    }

    @Override
    public int setLinger(int fd, int seconds) {
        StreamSocket socket = socketOf(fd);
        if (socket == null) {
            return noSocket(fd);
        }
        socket.lingerSeconds = seconds;
        return 0;
    }

    @Override
    public int linger(int fd) {
        StreamSocket socket = socketOf(fd);
        return socket == null ? noSocket(fd) : socket.lingerSeconds < 0 ? Integer.MAX_VALUE : socket.lingerSeconds;
    }

    /** This kernel has no option but the int ones. */
    @Override
    public int setOption(int fd, int level, int option, long address, int length) {
        int failed = enter("setOption", fd);
        return failed != 0 ? failed : done(socketOf(fd) == null ? noSocket(fd) : -Errno.ENOPROTOOPT);
    }

    /** This kernel has no option but the int ones. */
    @Override
    public int option(int fd, int level, int option, long address, int length) {
        int failed = enter("option", fd);
        return failed != 0 ? failed : done(socketOf(fd) == null ? noSocket(fd) : -Errno.ENOPROTOOPT);
    }

    @Override
    public int shutdown(int fd, int how) {
        int failed = enter("shutdown", fd);
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? failed : done(noSocket(fd));
        }
        return done(socket.shutdown(how));
    }

    // ---- bytes ----------------------------------------------------------------------------------------------------

    @Override
    public int recv(int fd, long address, int length, int flags) {
        int failed = enter("recv", fd);
        StreamSocket socket = socketOf(fd);
        if (failed != 0 || socket == null) {
            return failed != 0 ? failed : done(noSocket(fd));
        }
        byte[] bytes = new byte[Math.min(length, bufferSize)];
        int count = socket.receive(bytes, bytes.length, (flags & Sockets.MSG_PEEK) != 0);
        if (count > 0) {
            PlatformDependent.copyMemory(bytes, 0, address, count);
        }
        return done(count);
    }

    @Override
    public int send(int fd, long address, int length) {
        int failed = enter("send", fd);
        return failed != 0 ? failed : done(sendNow(fd, bytes(address, length), List.of()));
    }

    private int sendNow(int fd, byte[] bytes, List<OpenFile> files) {
        StreamSocket socket = socketOf(fd);
        return socket == null ? noSocket(fd) : socket.send(bytes, files);
    }

    private static byte[] bytes(long address, int length) {
        byte[] bytes = new byte[length];
        if (length > 0) {
            PlatformDependent.copyMemory(address, bytes, 0, length);
        }
        return bytes;
    }

    @Override
    public int sendGather(int fd, long iovecsAddress, int count) {
        int failed = enter("sendGather", fd);
        if (failed != 0) {
            return failed;
        }
        int sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (int) PlatformDependent.getLong(iovecsAddress + (long) i * IoVec.SIZE + IoVec.LENGTH_OFFSET);
        }
        byte[] all = new byte[sum];
        int at = 0;
        for (int i = 0; i < count; i++) {
            long entry = iovecsAddress + (long) i * IoVec.SIZE;
            int length = (int) PlatformDependent.getLong(entry + IoVec.LENGTH_OFFSET);
            if (length > 0) {
                PlatformDependent.copyMemory(PlatformDependent.getLong(entry + IoVec.BASE_OFFSET), all, at, length);
            }
            at += length;
        }
        return done(sendNow(fd, all, List.of()));
    }

    /** Files are the machine's, sockets are the simulation's: what is between them is copied. */
    @Override
    public int sendFile(int fd, int file, long offset, int length) {
        return -Errno.EINVAL;
    }

    @Override
    public int pipe(int[] fds) {
        int failed = enter("pipe", -1);
        if (failed != 0) {
            return failed;
        }
        PipeEnd[] ends = PipeEnd.pair(simulation(), bufferSize);
        fds[0] = newNumber(ends[0]);
        if (fds[0] < 0) {
            ends[1].release();
            return done(fds[0]);
        }
        fds[1] = newNumber(ends[1]);
        if (fds[1] < 0) {
            giveUp(fds[0]);
            return done(fds[1]);
        }
        return done(0);
    }

    @Override
    public int setPipeSize(int fd, int bytes) {
        int failed = enter("setPipeSize", fd);
        return failed != 0
                ? failed
                : done(-Errno.EPERM); // as small as a socket's buffer: all that matters happens often
    }

    /** As many as there are, or only some of them, as the schedule has it. */
    @Override
    public int splice(int from, int to, int length) {
        int failed = enter("splice", from);
        if (failed != 0) {
            return failed;
        }
        if (file(to) instanceof PipeEnd pipe && !pipe.reads && file(from) instanceof StreamSocket source) {
            int room = Math.min(length, pipe.bytes.room());
            return done(room == 0 ? -Errno.EAGAIN : fill(pipe, source, some(room)));
        }
        if (file(from) instanceof PipeEnd pipe && pipe.reads && file(to) instanceof StreamSocket target) {
            return done(pipe.bytes.isEmpty() ? -Errno.EAGAIN : empty(pipe, target, some(length)));
        }
        return done(file(from) == null || file(to) == null ? -Errno.EBADF : -Errno.EINVAL);
    }

    private int some(int bytes) {
        return pick(3) == 0 ? 1 + pick(bytes) : bytes;
    }

    private static int fill(PipeEnd pipe, StreamSocket source, int wanted) {
        byte[] bytes = new byte[wanted];
        int count = source.receive(bytes, wanted, false);
        if (count > 0) {
            pipe.bytes.write(Arrays.copyOf(bytes, count));
        }
        return count;
    }

    private static int empty(PipeEnd pipe, StreamSocket target, int wanted) {
        byte[] bytes = new byte[wanted];
        int there = pipe.bytes.read(bytes, wanted, true);
        int count = target.send(Arrays.copyOf(bytes, there), List.of());
        if (count > 0) {
            pipe.bytes.read(bytes, count, false);
        }
        return count;
    }

    @Override
    public int readPipe(int fd, long address, int length) {
        int failed = enter("readPipe", fd);
        if (failed != 0) {
            return failed;
        }
        if (!(file(fd) instanceof PipeEnd pipe) || !pipe.reads) {
            return done(file(fd) == null ? -Errno.EBADF : -Errno.EINVAL);
        }
        byte[] bytes = new byte[Math.min(length, bufferSize)];
        int count = pipe.bytes.read(bytes, bytes.length, false);
        if (count > 0) {
            PlatformDependent.copyMemory(bytes, 0, address, count);
        }
        return done(count == 0 ? -Errno.EAGAIN : count);
    }

    @Override
    public int sendTo(int fd, long address, int length, SocketAddress receiver) {
        return -Errno.EOPNOTSUPP;
    }

    @Override
    public int recvFrom(int fd, long address, int length, PeerAddress sender) {
        return -Errno.EOPNOTSUPP;
    }

    @Override
    public int sendFds(int fd, long address, int length, int[] fds) {
        int failed = enter("sendFds", fd);
        if (failed != 0) {
            return failed;
        }
        List<OpenFile> files = new ArrayList<>();
        for (int passed : fds) {
            OpenFile file = file(passed);
            if (file == null) {
                return done(-Errno.EBADF);
            }
            files.add(file);
        }
        for (OpenFile file : files) {
            file.hold();
        }
        int sent = sendNow(fd, bytes(address, length), files);
        if (sent < 0) {
            for (OpenFile file : files) {
                file.release();
            }
        }
        return done(sent);
    }

    @Override
    public int recvFds(int fd, long address, int length, PassedFds received) {
        received.set(new int[0], false);
        StreamSocket socket = socketOf(fd);
        int count = recv(fd, address, length, 0);
        if (count <= 0 || socket == null) {
            return count;
        }
        List<Integer> numbers = new ArrayList<>();
        boolean lost = false;
        for (OpenFile file : socket.takePassed()) {
            int number = newNumber(file);
            lost |= number < 0;
            if (number >= 0) {
                numbers.add(number);
            }
        }
        received.set(numbers.stream().mapToInt(Integer::intValue).toArray(), lost);
        return count;
    }

    @Override
    public int socketPair(int type, int[] fds) {
        int failed = enter("socketPair", -1);
        if (failed != 0) {
            return failed;
        }
        if (type != Sockets.SOCK_STREAM) {
            return done(-Errno.EAFNOSUPPORT);
        }
        StreamSocket a = fresh(Sockets.AF_UNIX);
        StreamSocket b = fresh(Sockets.AF_UNIX);
        StreamSocket.connect(a, b);
        fds[0] = newNumber(a);
        fds[1] = newNumber(b);
        if (fds[1] < 0) {
            if (fds[0] >= 0) {
                giveUp(fds[0]);
            }
            return done(-Errno.EMFILE);
        }
        return done(0);
    }
}
