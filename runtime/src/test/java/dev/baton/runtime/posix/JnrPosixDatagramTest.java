package dev.baton.runtime.posix;

import static dev.baton.runtime.posix.PosixTestSupport.ipv4Loopback;
import static dev.baton.runtime.posix.PosixTestSupport.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.Sockets;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Datagrams with their senders, by sendmsg and recvmsg: UDP and unix. */
class JnrPosixDatagramTest {
    private final PosixTestSupport sockets = new PosixTestSupport();
    private final Posix posix = sockets.posix;
    private final PeerAddress sender = new PeerAddress();

    @AfterEach
    void close() {
        sender.close();
        sockets.close();
    }

    @Test
    void shouldExchangeUdp() throws PosixException {
        exchange(bound(ipv4Loopback(0)), bound(ipv4Loopback(0)));
    }

    @Test
    void shouldExchangeUnixDatagrams(@TempDir Path folder) throws PosixException {
        exchange(
                bound(UnixDomainSocketAddress.of(folder.resolve("a"))),
                bound(UnixDomainSocketAddress.of(folder.resolve("b"))));
    }

    private int bound(SocketAddress address) {
        int fd = sockets.fd(posix.socket(SocketAddresses.family(address), Sockets.SOCK_DGRAM, 0));
        ok(posix.bind(fd, address));
        return fd;
    }

    private void exchange(int a, int b) throws PosixException {
        long buffer = sockets.buffer.address();
        assertThat(posix.recvFrom(a, buffer, 100, sender)).isEqualTo(-Errno.EAGAIN);
        assertThat(posix.sendTo(a, buffer, sockets.put("question"), posix.localAddress(b)))
                .isEqualTo(8);
        sockets.await(b, PollFd.POLLIN);
        assertThat(sockets.text(posix.recvFrom(b, buffer, 100, sender))).isEqualTo("question");
        assertThat(sender.address()).isEqualTo(posix.localAddress(a));
        assertThat(sender.truncated()).isFalse();

        // Two answers to the one who asked: the first is cut, which is told, the second is whole.
        assertThat(posix.sendTo(b, buffer, sockets.put("long answer"), sender.address()))
                .isEqualTo(11);
        assertThat(posix.sendTo(b, buffer, 0, sender.address())).isZero();
        sockets.await(a, PollFd.POLLIN);
        assertThat(sockets.text(posix.recvFrom(a, buffer, 4, sender))).isEqualTo("long");
        assertThat(sender.truncated()).isTrue();
        assertThat(sender.address()).isEqualTo(posix.localAddress(b));
        sockets.await(a, PollFd.POLLIN);
        assertThat(posix.recvFrom(a, buffer, 4, sender)).as("an empty datagram").isZero();
        assertThat(sender.truncated()).isFalse();
    }

    @Test
    void shouldNameNobodyForAnUnboundSender(@TempDir Path folder) throws PosixException {
        int receiver = bound(UnixDomainSocketAddress.of(folder.resolve("r")));
        int anonymous = sockets.fd(posix.socket(Sockets.AF_UNIX, Sockets.SOCK_DGRAM, 0));
        ok(posix.sendTo(anonymous, sockets.buffer.address(), 1, posix.localAddress(receiver)));
        sockets.await(receiver, PollFd.POLLIN);
        ok(posix.recvFrom(receiver, sockets.buffer.address(), 1, sender));
        assertThat(sender.address()).isEqualTo(UnixDomainSocketAddress.of(""));
    }

    @Test
    void shouldTellWhatCannotBeSent() throws PosixException {
        int socket = bound(ipv4Loopback(0));
        SocketAddress self = posix.localAddress(socket);
        assertThat(posix.sendTo(socket, sockets.buffer.address(), 65_536, self)).isEqualTo(-Errno.EMSGSIZE);
        assertThat(posix.sendTo(socket, sockets.buffer.address(), 1, InetSocketAddress.createUnresolved("x", 1)))
                .isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldTalkToOnePeerOnceConnected() throws PosixException {
        int server = bound(ipv4Loopback(0));
        int client = bound(ipv4Loopback(0));
        ok(posix.connect(client, posix.localAddress(server)));
        sockets.send(client, "ping");
        assertThat(sockets.receive(server)).isEqualTo("ping");
        assertThat(posix.remoteAddress(client)).isEqualTo(posix.localAddress(server));

        ok(posix.disconnect(client));
        assertThat(catchThrowable(() -> posix.remoteAddress(client)))
                .isInstanceOfSatisfying(
                        PosixException.class, gone -> assertThat(gone.errno()).isEqualTo(Errno.ENOTCONN));
        ok(posix.sendTo(client, sockets.buffer.address(), sockets.put("again"), posix.localAddress(server)));
        assertThat(sockets.receive(server)).isEqualTo("again");
    }

    @Test
    void shouldReachBothFamiliesFromOneSocket() throws Exception {
        int server = bound(ipv4Loopback(0));
        InetSocketAddress address = (InetSocketAddress) posix.localAddress(server);
        int client = sockets.fd(posix.socket(Sockets.AF_INET6, Sockets.SOCK_DGRAM, 0));
        int length = sockets.put("dressed");
        assertThat(posix.sendTo(client, sockets.buffer.address(), length, SocketAddresses.forBoth(address)))
                .isEqualTo(length);
        sockets.await(server, PollFd.POLLIN);
        assertThat(sockets.text(posix.recvFrom(server, sockets.buffer.address(), 100, sender)))
                .isEqualTo("dressed");
        InetSocketAddress inet6 = new InetSocketAddress(InetAddress.getByAddress(new byte[16]), 1);
        assertThat(SocketAddresses.forBoth(inet6)).isSameAs(inet6);
    }
}
