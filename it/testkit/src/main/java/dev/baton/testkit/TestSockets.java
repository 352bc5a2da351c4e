package dev.baton.testkit;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Real sockets, non-blocking, for one thread at a time; each goes in and out through a table. */
public final class TestSockets implements AutoCloseable {
    private static final int CHUNK_SIZE = 4096;
    private static final int BACKLOG = 128;
    private static final int REOPEN_ATTEMPTS = 100;

    private final Posix posix;
    private final Fds fds;
    private final NativeMemory chunk = NativeMemory.allocate(CHUNK_SIZE);

    /**
     * Two ends of a connection.
     *
     * @param fd the end that a test polls
     * @param peer the other end
     */
    public record Pair(Fd fd, Fd peer) {}

    /** Makes none yet. */
    public TestSockets(Posix posix, Fds fds) {
        this.posix = posix;
        this.fds = fds;
    }

    /** Two connected unix sockets: what is sent on one is readable on the other when the call returns. */
    public Pair pair() {
        int[] numbers = new int[2];
        check("socketpair", posix.socketPair(Sockets.SOCK_STREAM, numbers));
        return new Pair(fds.fdInsert(numbers[0], FdKind.DOWNSTREAM), fds.fdInsert(numbers[1], FdKind.UPSTREAM));
    }

    /** Closes an fd and makes a new pair whose {@link Pair#fd} has its number. */
    public Pair reopen(Fd closed) {
        close(closed);
        List<Pair> wrong = new ArrayList<>();
        try {
            for (int i = 0; i < REOPEN_ATTEMPTS; i++) {
                Pair pair = pair();
                if (pair.fd.number() == closed.number()) {
                    return pair;
                }
                if (pair.peer.number() == closed.number()) {
                    return new Pair(pair.peer, pair.fd);
                }
                // The virtual machine itself has opened a file in between: it gives the number back soon.
                wrong.add(pair);
            }
        } finally {
            for (Pair pair : wrong) {
                close(pair.fd);
                close(pair.peer);
            }
        }
        throw new IllegalStateException("the number of " + closed + " does not come back");
    }

    /** A socket that listens on a free port of the loopback address. */
    public Fd listener() {
        Fd fd = tcp();
        check("bind", posix.bind(fd.number(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
        check("listen", posix.listen(fd.number(), BACKLOG));
        return fd;
    }

    /** Where a socket is bound. */
    public SocketAddress address(Fd fd) {
        try {
            return posix.localAddress(fd.number());
        } catch (PosixException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A socket whose connect has begun. */
    public Fd connect(SocketAddress address) {
        Fd fd = tcp();
        int result = posix.connect(fd.number(), address);
        if (result != -Errno.EINPROGRESS) {
            check("connect", result);
        }
        return fd;
    }

    /** An address where nothing listens. */
    public SocketAddress deaf() {
        Fd fd = tcp();
        check("bind", posix.bind(fd.number(), new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)));
        // Bound and not listening until the test ends: so no other process gets the port.
        return address(fd);
    }

    private Fd tcp() {
        int family = InetAddress.getLoopbackAddress().getAddress().length == 4 ? Sockets.AF_INET : Sockets.AF_INET6;
        return fds.fdInsert(check("socket", posix.socket(family, Sockets.SOCK_STREAM, 0)), FdKind.UPSTREAM);
    }

    /** Takes a connection; it must be there. */
    public Fd accept(Fd listener) {
        return fds.fdInsert(check("accept", posix.accept(listener.number())), FdKind.DOWNSTREAM);
    }

    /** Sends one byte. */
    public void send(Fd fd) {
        check("send", posix.send(fd.number(), chunk.address(), 1));
    }

    /** Sends until the socket is full. */
    public void fill(Fd fd) {
        int sent;
        do {
            sent = posix.send(fd.number(), chunk.address(), CHUNK_SIZE);
        } while (sent > 0);
        if (sent != -Errno.EAGAIN) {
            check("send", sent);
        }
    }

    /** Receives all there is; says how many bytes. */
    public int drain(Fd fd) {
        int sum = 0;
        int received = posix.recv(fd.number(), chunk.address(), CHUNK_SIZE);
        while (received > 0) {
            sum += received;
            received = posix.recv(fd.number(), chunk.address(), CHUNK_SIZE);
        }
        return sum;
    }

    /** True if the peer has closed and everything that it sent was received. */
    public boolean ended(Fd fd) {
        return posix.recv(fd.number(), chunk.address(), CHUNK_SIZE) == 0;
    }

    /** Shuts the sending direction. */
    public void shutdownOutput(Fd fd) {
        check("shutdown", posix.shutdown(fd.number(), Sockets.SHUT_WR));
    }

    /** A second fd of the same open file. */
    public Fd dup(Fd fd) {
        return fds.fdInsert(check("dup", posix.dup(fd.number())), FdKind.DOWNSTREAM);
    }

    /** Deletes an fd from the table. */
    public void close(Fd fd) {
        if (!fds.fdDelete(fd)) {
            throw new IllegalStateException(fd + " is not open");
        }
    }

    /** Gives the buffer back; the sockets belong to the table. */
    @Override
    public void close() {
        chunk.close();
    }

    private static int check(String call, int result) {
        if (result < 0) {
            throw new IllegalStateException(call + ": " + Errno.explain(-result));
        }
        return result;
    }
}
