package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/** Sockets for one test: closes them all, waits by poll(2), and checks that results are no errors. */
final class PosixTestSupport implements AutoCloseable {
    /** Longer than any event here can take; only a broken test waits it out. */
    private static final int PATIENCE_MILLIS = 20_000;

    private static final int BUFFER_SIZE = 64 * 1024;

    final Posix posix = new JnrPosix();
    final NativeMemory buffer = NativeMemory.allocate(BUFFER_SIZE);
    private final Deque<Integer> fds = new ArrayDeque<>();

    static InetSocketAddress ipv4Loopback(int port) {
        return address(port, 127, 0, 0, 1);
    }

    static InetSocketAddress ipv6Loopback(int port) {
        return address(port, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
    }

    static InetSocketAddress ipv6Any() {
        return address(0, new int[16]);
    }

    private static InetSocketAddress address(int port, int... bytes) {
        byte[] host = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            host[i] = (byte) bytes[i];
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(host), port);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    /** Checks that a call succeeded. */
    static int ok(int result) {
        assertThat(result)
                .as(() -> result < 0 ? Errno.explain(-result) : "fine")
                .isNotNegative();
        return result;
    }

    /** Checks that a call made an fd, which is closed at the end. */
    int fd(int result) {
        fds.push(ok(result));
        return result;
    }

    /** The fd is closed by the test itself. */
    void closed(int fd) {
        fds.remove(fd);
    }

    int listener(SocketAddress address) {
        int fd = fd(posix.socket(SocketAddresses.family(address), Sockets.SOCK_STREAM, 0));
        ok(posix.bind(fd, address));
        ok(posix.listen(fd, 16));
        return fd;
    }

    /** A client's connection to a listener, finished on its side. */
    int client(int listener) throws PosixException {
        SocketAddress address = posix.localAddress(listener);
        int fd = fd(posix.socket(SocketAddresses.family(address), Sockets.SOCK_STREAM, 0));
        int result = posix.connect(fd, address);
        if (result != -Errno.EINPROGRESS) {
            ok(result);
        }
        await(fd, PollFd.POLLOUT);
        assertThat(posix.socketError(fd)).isZero();
        return fd;
    }

    int accept(int listener) {
        await(listener, PollFd.POLLIN);
        return fd(posix.accept(listener));
    }

    int[] pair(int type) {
        int[] pair = new int[2];
        ok(posix.socketPair(type, pair));
        fds.push(pair[0]);
        fds.push(pair[1]);
        return pair;
    }

    /** Waits until one of the events, or an error, is there; returns what is. */
    int await(int fd, int events) {
        try (NativeMemory entry = NativeMemory.allocate(PollFd.SIZE)) {
            entry.putInt(PollFd.FD_OFFSET, fd);
            entry.putShort(PollFd.EVENTS_OFFSET, (short) events);
            int result;
            do {
                result = posix.poll(entry.address(), 1, PATIENCE_MILLIS);
            } while (result == -Errno.EINTR);
            assertThat(result).as("events of fd %d", fd).isEqualTo(1);
            return entry.getShort(PollFd.REVENTS_OFFSET);
        }
    }

    /** Puts text into the buffer; returns its length. */
    int put(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        buffer.putBytes(0, bytes);
        return bytes.length;
    }

    /** Takes text from the buffer. */
    String text(int length) {
        byte[] bytes = new byte[ok(length)];
        buffer.getBytes(0, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    void send(int fd, String text) {
        assertThat(posix.send(fd, buffer.address(), put(text))).isEqualTo(text.length());
    }

    String receive(int fd) {
        await(fd, PollFd.POLLIN);
        return text(posix.recv(fd, buffer.address(), buffer.size()));
    }

    @Override
    public void close() {
        while (!fds.isEmpty()) {
            assertThat(posix.close(fds.pop())).as("close").isZero();
        }
        buffer.close();
    }
}
