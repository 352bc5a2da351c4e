package dev.baton.testkit.sim;

import dev.baton.runtime.posix.FdLimit;
import dev.baton.runtime.posix.IoVec;
import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import io.netty.util.internal.PlatformDependent;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A kernel in memory: descriptors, stream sockets, epoll, poll, eventfd. Each call is a point of the simulation, then
 * happens at once; a number that was closed is given out again at once, the lowest first, as Linux does it.
 *
 * <p>To close a number that is not open, which on a real machine may be somebody else's by then, fails the run. Datagrams
 * are not there: their sockets answer EAFNOSUPPORT.
 */
public final class SimPosix implements Posix {
    private static final int FIRST_NUMBER = 3;
    private static final int NUMBERS_MAX = 1_024;
    private static final int BUFFER_SIZE = 4_096;
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final Simulation simulation;
    private final Faults faults;
    private final SimNetwork network = new SimNetwork(this);
    private final List<@Nullable Descriptor> descriptors = new ArrayList<>();
    private int limit = NUMBERS_MAX;
    private int bufferSize = BUFFER_SIZE;
    private final Set<Integer> others = new HashSet<>();
    private IntConsumer closeWatch = number -> {};

    /** A number's own part. */
    private static final class Descriptor {
        final OpenFile file;
        boolean closeOnExec;

        Descriptor(OpenFile file, boolean closeOnExec) {
            this.file = file;
            this.closeOnExec = closeOnExec;
        }
    }

    /** A kernel without open files. */
    public SimPosix(Simulation simulation) {
        this.simulation = simulation;
        this.faults = new Faults(simulation);
    }

    // ---- for tests ------------------------------------------------------------------------------------------------

    /** Errors to answer. */
    public Faults faults() {
        return faults;
    }

    /** What is around the process. */
    public SimNetwork network() {
        return network;
    }

    /** How many numbers there may be. */
    public void limit(int numbers) {
        limit = numbers;
    }

    /** How many bytes each direction of the connections that are made from now on holds. */
    public void bufferSize(int bytes) {
        bufferSize = bytes;
    }

    /** Is told of each number before it is closed. */
    public void watchCloses(IntConsumer watch) {
        closeWatch = watch;
    }

    /** The numbers that are open now. */
    public List<Integer> open() {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < descriptors.size(); i++) {
            if (descriptors.get(i) != null) {
                numbers.add(i);
            }
        }
        return numbers;
    }

    /** The numbers under which an epoll instance has registrations, in the order of their making. */
    public List<Integer> polled(int epfd) {
        List<Integer> numbers = new ArrayList<>();
        if (file(epfd) instanceof EpollFile epoll) {
            for (EpollItem each : epoll.items()) {
                numbers.add(each.number);
            }
        }
        return numbers;
    }

    /** Registrations that no number leads to any more although their open file lives: nobody can take them out. */
    public List<String> deadRegistrations() {
        List<String> dead = new ArrayList<>();
        for (int number : open()) {
            if (file(number) instanceof EpollFile epoll) {
                for (EpollItem each : epoll.items()) {
                    if (file(each.number) != each.file) {
                        dead.add("number " + each.number + " in epoll " + number);
                    }
                }
            }
        }
        return dead;
    }

    /** The virtual machine opens a file of its own: takes the lowest free number, which nobody else may close. */
    public int openOther() {
        int number = newNumber(new EventFile(this));
        others.add(number);
        return number;
    }

    /** The virtual machine closes a file of its own. */
    public void closeOther(int number) {
        if (!others.remove(number)) {
            throw new AssertionError(number + " is not the virtual machine's");
        }
        descriptor(number).file.release();
        descriptors.set(number, null);
    }

    /** The instances of epoll that have a number, by their own. */
    public List<Integer> pollersOf(int number) {
        List<Integer> found = new ArrayList<>();
        for (int each : open()) {
            if (polled(each).contains(number)) {
                found.add(each);
            }
        }
        return found;
    }

    Simulation simulation() {
        return simulation;
    }

    int pick(int bound) {
        return simulation.pick(bound);
    }

    // ---- numbers --------------------------------------------------------------------------------------------------

    private @Nullable OpenFile file(int number) {
        Descriptor descriptor = number < 0 || number >= descriptors.size() ? null : descriptors.get(number);
        return descriptor == null ? null : descriptor.file;
    }

    private @Nullable StreamSocket socketOf(int number) {
        return file(number) instanceof StreamSocket socket ? socket : null;
    }

    private int noSocket(int number) {
        return file(number) == null ? -Errno.EBADF : -Errno.ENOTSOCK;
    }

    private int newNumber(OpenFile file) {
        int number = FIRST_NUMBER;
        while (number < descriptors.size() && descriptors.get(number) != null) {
            number++;
        }
        if (number >= limit) {
            file.release();
            return -Errno.EMFILE;
        }
        while (descriptors.size() <= number) {
            descriptors.add(null);
        }
        descriptors.set(number, new Descriptor(file, true));
        return number;
    }

    private boolean isFull() {
        return open().size() + FIRST_NUMBER >= limit;
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

    /** A call begins: a point, then perhaps an error. */
    private int enter(String call, int number) {
        simulation.point(number < 0 ? call : call + "(" + number + ")");
        int errno = faults.next(call);
        return errno == 0 ? 0 : done(-errno);
    }

    private int done(int result) {
        simulation.trace().result(result < 0 ? "-" + Errno.name(-result) : Integer.toString(result));
        return result;
    }

    @Override
    public int close(int fd) {
        int failed = enter("close", fd);
        Descriptor descriptor = fd < 0 || fd >= descriptors.size() ? null : descriptors.get(fd);
        if (descriptor == null) {
            simulation.fail(new AssertionError("number " + fd + " is closed and is not open"));
            return -Errno.EBADF;
        }
        if (others.contains(fd)) {
            simulation.fail(new AssertionError("number " + fd + " is closed and is the virtual machine's by now"));
        }
        closeWatch.accept(fd);
        descriptors.set(fd, null);
        descriptor.file.release();
        return failed != 0 ? failed : done(0);
    }

    @Override
    public int dup(int fd) {
        int failed = enter("dup", fd);
        OpenFile file = file(fd);
        if (failed != 0 || file == null) {
            return failed != 0 ? failed : done(-Errno.EBADF);
        }
        file.hold();
        return done(newNumber(file));
    }

    @Override
    public int statusFlags(int fd) {
        OpenFile file = file(fd);
        return file == null ? -Errno.EBADF : file.statusFlags;
    }

    @Override
    public int setStatusFlags(int fd, int flags) {
        OpenFile file = file(fd);
        if (file == null) {
            return -Errno.EBADF;
        }
        file.statusFlags = flags;
        return 0;
    }

    @Override
    public int closeOnExec(int fd) {
        return file(fd) == null ? -Errno.EBADF : descriptor(fd).closeOnExec ? 1 : 0;
    }

    @Override
    public int setCloseOnExec(int fd, boolean on) {
        if (file(fd) == null) {
            return -Errno.EBADF;
        }
        descriptor(fd).closeOnExec = on;
        return 0;
    }

    private Descriptor descriptor(int number) {
        Descriptor descriptor = descriptors.get(number);
        if (descriptor == null) {
            throw new AssertionError("number " + number + " is not open");
        }
        return descriptor;
    }

    @Override
    public FdLimit fdLimit() {
        return new FdLimit(limit, limit);
    }

    @Override
    public FdLimit raiseFdLimit() {
        return fdLimit();
    }

    @Override
    public boolean isTerminal(int fd) {
        return false;
    }

    // ---- polling --------------------------------------------------------------------------------------------------

    @Override
    public int epollCreate() {
        int failed = enter("epollCreate", -1);
        return failed != 0 ? failed : done(newNumber(new EpollFile(this)));
    }

    @Override
    public int epollCtl(int epfd, int op, int fd, int events, long data) {
        int failed = enter("epollCtl", fd);
        if (failed != 0) {
            return failed;
        }
        OpenFile file = file(fd);
        if (!(file(epfd) instanceof EpollFile epoll) || file == null) {
            return done(-Errno.EBADF);
        }
        return done(epoll.control(op, fd, file, events, data));
    }

    @Override
    public int epollWait(int epfd, long eventsAddress, int maxEvents, int timeoutMillis) {
        if (!(file(epfd) instanceof EpollFile epoll)) {
            return -Errno.EBADF;
        }
        // The call holds the instance, as the kernel does.
        epoll.hold();
        epoll.waiting++;
        try {
            simulation.await("epollWait", epoll::hasEvents, deadline(timeoutMillis));
        } finally {
            epoll.waiting--;
        }
        int failed = faults.next("epollWait");
        List<EpollItem> taken = failed != 0 ? List.of() : epoll.harvest(maxEvents);
        long at = eventsAddress;
        for (EpollItem each : taken) {
            PlatformDependent.putInt(at + EpollEvent.EVENTS_OFFSET, each.happened());
            PlatformDependent.putLong(at + EpollEvent.DATA_OFFSET, each.data);
            at += EpollEvent.SIZE;
        }
        epoll.release();
        int result = done(failed != 0 ? -failed : taken.size());
        return returned(result);
    }

    @Override
    public int poll(long pollfdsAddress, int count, int timeoutMillis) {
        // While the call waits the kernel holds what it polls: a file that is closed meanwhile stays open.
        List<@Nullable OpenFile> held = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int number = PlatformDependent.getInt(pollfdsAddress + (long) i * PollFd.SIZE + PollFd.FD_OFFSET);
            OpenFile file = file(number);
            held.add(file);
            if (file != null) {
                file.hold();
            }
        }
        simulation.await("pollWait", () -> report(pollfdsAddress, held, false) > 0, deadline(timeoutMillis));
        int failed = faults.next("poll");
        int result = failed != 0 ? -failed : report(pollfdsAddress, held, true);
        for (OpenFile file : held) {
            if (file != null) {
                file.release();
            }
        }
        return returned(done(result));
    }

    private static int report(long address, List<@Nullable OpenFile> files, boolean write) {
        int found = 0;
        for (int i = 0; i < files.size(); i++) {
            long at = address + (long) i * PollFd.SIZE;
            OpenFile file = files.get(i);
            int happened = 0;
            if (PlatformDependent.getInt(at + PollFd.FD_OFFSET) >= 0) {
                int wanted = PlatformDependent.getShort(at + PollFd.EVENTS_OFFSET) | PollFd.POLLERR | PollFd.POLLHUP;
                // The bits of poll(2) are those of epoll.
                happened = file == null ? PollFd.POLLNVAL : file.events() & wanted;
            }
            if (write) {
                PlatformDependent.putShort(at + PollFd.REVENTS_OFFSET, (short) happened);
            }
            found += happened == 0 ? 0 : 1;
        }
        return found;
    }

    private long deadline(int timeoutMillis) {
        return timeoutMillis < 0 ? SimThread.NEVER : simulation.now() + timeoutMillis * NANOS_PER_MILLI;
    }

    /** The events stand in memory, and nobody has looked at them yet. */
    private int returned(int result) {
        if (result > 0) {
            simulation.point("poll.return");
        }
        return result;
    }

    @Override
    public int eventfd() {
        int failed = enter("eventfd", -1);
        return failed != 0 ? failed : done(newNumber(new EventFile(this)));
    }

    @Override
    public int eventfdWrite(int fd) {
        int failed = enter("eventfdWrite", fd);
        if (failed != 0) {
            return failed;
        }
        return done(file(fd) instanceof EventFile event ? event.write() : -Errno.EBADF);
    }

    @Override
    public int eventfdRead(int fd) {
        int failed = enter("eventfdRead", fd);
        if (failed != 0) {
            return failed;
        }
        return done(file(fd) instanceof EventFile event ? event.read() : -Errno.EBADF);
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
        if (socket == null || remote == null || socket.state != StreamSocket.State.CONNECTED) {
            throw PosixException.of("tell the peer of fd " + fd, socket == null ? noSocket(fd) : -Errno.ENOTCONN);
        }
        return remote;
    }

    static long optionKey(int level, int option) {
        return (long) level << 32 | option;
    }

    @Override
    public int setIntOption(int fd, int level, int option, int value) {
        StreamSocket socket = socketOf(fd);
        if (socket == null) {
            return noSocket(fd);
        }
        socket.options.put(optionKey(level, option), value);
        return 0;
    }

    @Override
    public int intOption(int fd, int level, int option) {
        StreamSocket socket = socketOf(fd);
        if (socket == null) {
            return noSocket(fd);
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
        return failed != 0 ? failed : done(sendNow(fd, bytes(address, length), new OpenFile[0]));
    }

    private int sendNow(int fd, byte[] bytes, OpenFile[] files) {
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
        return done(sendNow(fd, all, new OpenFile[0]));
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
        OpenFile[] files = new OpenFile[fds.length];
        for (int i = 0; i < fds.length; i++) {
            OpenFile file = file(fds[i]);
            if (file == null) {
                return done(-Errno.EBADF);
            }
            files[i] = file;
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
                descriptor(fds[0]).file.release();
                descriptors.set(fds[0], null);
            }
            return done(-Errno.EMFILE);
        }
        return done(0);
    }
}
