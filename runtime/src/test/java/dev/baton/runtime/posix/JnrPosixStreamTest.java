package dev.baton.runtime.posix;

import static dev.baton.runtime.posix.PosixTestSupport.ipv4Loopback;
import static dev.baton.runtime.posix.PosixTestSupport.ipv6Any;
import static dev.baton.runtime.posix.PosixTestSupport.ipv6Loopback;
import static dev.baton.runtime.posix.PosixTestSupport.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams on real sockets: TCP over IPv4 and IPv6, unix by path and abstract name; and the errors of each step. */
class JnrPosixStreamTest {
    private final PosixTestSupport sockets = new PosixTestSupport();
    private final Posix posix = sockets.posix;

    @AfterEach
    void close() {
        sockets.close();
    }

    @Test
    void shouldTalkOverIpv4() throws PosixException {
        talk(ipv4Loopback(0));
    }

    @Test
    void shouldTalkOverIpv6() throws PosixException {
        assumeIpv6();
        talk(ipv6Loopback(0));
    }

    @Test
    void shouldTalkOverUnixPath(@TempDir Path folder) throws PosixException {
        talk(UnixDomainSocketAddress.of(folder.resolve("s")));
    }

    @Test
    void shouldTalkOverAbstractName() throws PosixException {
        talk(new AbstractUnixAddress("baton-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime()));
    }

    private void talk(SocketAddress address) throws PosixException {
        int listener = sockets.listener(address);
        SocketAddress bound = posix.localAddress(listener);
        if (bound instanceof InetSocketAddress inet) {
            assertThat(inet.getAddress()).isEqualTo(((InetSocketAddress) address).getAddress());
            assertThat(inet.getPort()).isPositive();
        } else {
            assertThat(bound).isEqualTo(address);
        }
        assertThat(posix.accept(listener)).as("nobody is there").isEqualTo(-Errno.EAGAIN);
        int client = sockets.client(listener);
        try (PeerAddress peer = new PeerAddress()) {
            sockets.await(listener, PollFd.POLLIN);
            int server = sockets.fd(posix.accept(listener, peer));
            assertThat(peer.address()).isEqualTo(posix.localAddress(client));
            assertThat(posix.remoteAddress(server)).isEqualTo(posix.localAddress(client));
            assertThat(posix.remoteAddress(client)).isEqualTo(bound);
            assertThat(posix.statusFlags(server) & FileFlags.O_NONBLOCK).isEqualTo(FileFlags.O_NONBLOCK);
            assertThat(posix.closeOnExec(server)).isEqualTo(1);
            converse(client, server);
        }
    }

    private void converse(int client, int server) {
        NativeMemory buffer = sockets.buffer;
        assertThat(posix.recv(server, buffer.address(), 10)).as("nothing yet").isEqualTo(-Errno.EAGAIN);
        sockets.send(client, "hello");
        sockets.await(server, PollFd.POLLIN);
        assertThat(sockets.text(posix.recv(server, buffer.address(), 10, Sockets.MSG_PEEK)))
                .isEqualTo("hello");
        assertThat(sockets.text(posix.recv(server, buffer.address(), 3))).isEqualTo("hel");
        assertThat(sockets.receive(server)).isEqualTo("lo");
        ok(posix.shutdown(client, Sockets.SHUT_WR));
        sockets.await(server, PollFd.POLLIN);
        assertThat(posix.recv(server, buffer.address(), 10)).as("end of stream").isZero();
        sockets.send(server, "bye");
        assertThat(sockets.receive(client)).isEqualTo("bye");
    }

    @Test
    void shouldServeIpv4OnIpv6Wildcard() throws PosixException {
        assumeIpv6();
        int listener = sockets.fd(posix.socket(Sockets.AF_INET6, Sockets.SOCK_STREAM, 0));
        ok(posix.setIntOption(listener, Sockets.IPPROTO_IPV6, SocketOptions.IPV6_V6ONLY, 0));
        ok(posix.bind(listener, ipv6Any()));
        ok(posix.listen(listener, 4));
        int port = ((InetSocketAddress) posix.localAddress(listener)).getPort();
        int client = sockets.fd(posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        int result = posix.connect(client, ipv4Loopback(port));
        assertThat(result).isIn(0, -Errno.EINPROGRESS);
        int server = sockets.accept(listener);
        InetAddress peer = ((InetSocketAddress) posix.remoteAddress(server)).getAddress();
        assertThat(peer.getHostAddress()).isEqualTo("127.0.0.1");
    }

    @Test
    void shouldGatherPieces() {
        int[] pair = sockets.pair(Sockets.SOCK_STREAM);
        try (NativeMemory iovecs = NativeMemory.allocate(3 * IoVec.SIZE)) {
            long text = sockets.buffer.address();
            sockets.put("one two three");
            IoVec.put(iovecs, 0, text + 8, 5);
            IoVec.put(iovecs, 1, text + 3, 1);
            IoVec.put(iovecs, 2, text, 3);
            assertThat(posix.sendGather(pair[0], iovecs.address(), 3)).isEqualTo(9);
        }
        assertThat(sockets.receive(pair[1])).isEqualTo("three one");
    }

    @Test
    void shouldReportABrokenPipeWithoutASignal() {
        // A SIGPIPE would end this JVM.
        int[] pair = sockets.pair(Sockets.SOCK_STREAM);
        sockets.closed(pair[1]);
        ok(posix.close(pair[1]));
        assertThat(posix.send(pair[0], sockets.buffer.address(), 1)).isEqualTo(-Errno.EPIPE);
        try (NativeMemory iovecs = NativeMemory.allocate(IoVec.SIZE)) {
            IoVec.put(iovecs, 0, sockets.buffer.address(), 1);
            assertThat(posix.sendGather(pair[0], iovecs.address(), 1)).isEqualTo(-Errno.EPIPE);
        }
        assertThat(posix.sendFds(pair[0], sockets.buffer.address(), 1, new int[] {0}))
                .isEqualTo(-Errno.EPIPE);
    }

    @Test
    void shouldTellRefusedConnections() throws PosixException {
        int listener = sockets.listener(ipv4Loopback(0));
        SocketAddress address = posix.localAddress(listener);
        sockets.closed(listener);
        ok(posix.close(listener));
        int client = sockets.fd(posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        int result = posix.connect(client, address);
        if (result == -Errno.EINPROGRESS) {
            sockets.await(client, PollFd.POLLOUT);
            result = -posix.socketError(client);
        }
        assertThat(result).isEqualTo(-Errno.ECONNREFUSED);
        assertThat(posix.socketError(client)).as("reading the error clears it").isZero();
    }

    @Test
    void shouldTellAddressesInUse() throws PosixException {
        int listener = sockets.listener(ipv4Loopback(0));
        int second = sockets.fd(posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        assertThat(posix.bind(second, posix.localAddress(listener))).isEqualTo(-Errno.EADDRINUSE);
    }

    @Test
    void shouldTellErrorsOfTheCallersMaking() {
        int socket = sockets.fd(posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        assertThat(posix.bind(socket, InetSocketAddress.createUnresolved("baton.invalid", 1)))
                .isEqualTo(-Errno.EINVAL);
        assertThat(posix.connect(socket, UnixDomainSocketAddress.of("x".repeat(200))))
                .isEqualTo(-Errno.ENAMETOOLONG);
        assertThat(posix.socket(-1, Sockets.SOCK_STREAM, 0)).isEqualTo(-Errno.EAFNOSUPPORT);
        assertThat(posix.recv(-1, sockets.buffer.address(), 1)).isEqualTo(-Errno.EBADF);
        assertThat(posix.close(-1)).isEqualTo(-Errno.EBADF);
        assertThat(posix.recv(socket, 1, 1)).isIn(-Errno.EFAULT, -Errno.ENOTCONN);
        assertThat(posix.shutdown(socket, Sockets.SHUT_WR)).isEqualTo(-Errno.ENOTCONN);
        assertThat(posix.accept(socket)).isEqualTo(-Errno.EINVAL);
        assertThatThrownBy(() -> posix.remoteAddress(socket))
                .isInstanceOfSatisfying(
                        PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTCONN))
                .hasMessage("cannot tell the remote address of fd " + socket + ": ENOTCONN (not connected)");
        int eventfd = sockets.fd(posix.eventfd());
        assertThatThrownBy(() -> posix.localAddress(eventfd))
                .isInstanceOfSatisfying(
                        PosixException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOTSOCK));
    }

    @Test
    void shouldResetOnCloseWithoutLinger() throws PosixException {
        int listener = sockets.listener(ipv4Loopback(0));
        int client = sockets.client(listener);
        int server = sockets.accept(listener);
        assertThat(posix.linger(server)).as("off").isEqualTo(Integer.MAX_VALUE);
        ok(posix.setLinger(server, 0));
        assertThat(posix.linger(server)).isZero();
        sockets.closed(server);
        ok(posix.close(server));
        sockets.await(client, PollFd.POLLIN);
        assertThat(posix.recv(client, sockets.buffer.address(), 1)).isEqualTo(-Errno.ECONNRESET);
    }

    @Test
    void shouldSetAndReadOptions() {
        int socket = sockets.fd(posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
        assertThat(posix.intOption(socket, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY))
                .isZero();
        ok(posix.setIntOption(socket, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1));
        assertThat(posix.intOption(socket, Sockets.IPPROTO_TCP, SocketOptions.TCP_NODELAY))
                .isEqualTo(1);
        ok(posix.setIntOption(socket, Sockets.IPPROTO_TCP, SocketOptions.TCP_KEEPIDLE, 77));
        assertThat(posix.intOption(socket, Sockets.IPPROTO_TCP, SocketOptions.TCP_KEEPIDLE))
                .isEqualTo(77);
        assertThat(posix.intOption(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_TYPE))
                .isEqualTo(Sockets.SOCK_STREAM);
        assertThat(posix.intOption(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_DOMAIN))
                .isEqualTo(Sockets.AF_INET);
        assertThat(posix.intOption(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_PROTOCOL))
                .isEqualTo(Sockets.IPPROTO_TCP);
        assertThat(posix.intOption(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_ACCEPTCONN))
                .isZero();
        ok(posix.setLinger(socket, 5));
        assertThat(posix.linger(socket)).isEqualTo(5);
        ok(posix.setLinger(socket, -1));
        assertThat(posix.linger(socket)).isEqualTo(Integer.MAX_VALUE);
        assertThat(posix.intOption(socket, Sockets.IPPROTO_TCP, 9_999)).isEqualTo(-Errno.ENOPROTOOPT);
        assertThat(posix.setIntOption(socket, Sockets.IPPROTO_TCP, 9_999, 1)).isEqualTo(-Errno.ENOPROTOOPT);
    }

    private void assumeIpv6() {
        int probe = posix.socket(Sockets.AF_INET6, Sockets.SOCK_STREAM, 0);
        boolean usable = probe >= 0 && posix.bind(probe, ipv6Loopback(0)) == 0;
        if (probe >= 0) {
            ok(posix.close(probe));
        }
        assumeTrue(usable, "this machine has no IPv6");
    }

    @Test
    void shouldSpliceThroughAPipeAndNeverWait() {
        int[] from = sockets.pair(Sockets.SOCK_STREAM);
        int[] to = sockets.pair(Sockets.SOCK_STREAM);
        int[] pipe = new int[2];
        ok(posix.pipe(pipe));
        int readEnd = sockets.fd(pipe[0]);
        int writeEnd = sockets.fd(pipe[1]);
        assertThat(posix.closeOnExec(readEnd)).isEqualTo(1);
        assertThat(posix.closeOnExec(writeEnd)).isEqualTo(1);
        assertThat(posix.setPipeSize(writeEnd, 4096)).isEqualTo(4096);
        assertThat(posix.splice(from[1], writeEnd, 100)).as("nothing to read").isEqualTo(-Errno.EAGAIN);
        assertThat(posix.splice(readEnd, to[0], 100)).as("an empty pipe").isEqualTo(-Errno.EAGAIN);

        try (NativeMemory bytes = NativeMemory.allocate(8)) {
            bytes.putLong(0, 0x1122334455667788L);
            assertThat(posix.send(from[0], bytes.address(), 8)).isEqualTo(8);
            assertThat(posix.splice(from[1], writeEnd, 100)).isEqualTo(8);
            bytes.putLong(0, 0);
            assertThat(posix.splice(readEnd, to[0], 5)).isEqualTo(5);
            assertThat(posix.recv(to[1], bytes.address(), 8)).isEqualTo(5);
            assertThat(posix.readPipe(readEnd, bytes.address() + 5, 8))
                    .as("the rest")
                    .isEqualTo(3);
            assertThat(bytes.getLong(0)).isEqualTo(0x1122334455667788L);
            assertThat(posix.readPipe(readEnd, bytes.address(), 8)).isEqualTo(-Errno.EAGAIN);
        }

        assertThat(posix.splice(from[1], to[0], 100)).as("without a pipe").isEqualTo(-Errno.EINVAL);
        ok(posix.shutdown(from[0], Sockets.SHUT_WR));
        assertThat(posix.splice(from[1], writeEnd, 100)).as("the end").isZero();
    }
}
