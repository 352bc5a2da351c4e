package dev.baton.runtime.posix;

import static dev.baton.runtime.posix.PosixTestSupport.ipv4Loopback;
import static dev.baton.runtime.posix.PosixTestSupport.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Fds as such: passing, duplicating, flags, limits; and that threads do not get into each other's arguments. */
class JnrPosixFdTest {
    private static final int THREADS = 8;
    private static final int ROUNDS = 5_000;

    private final PosixTestSupport sockets = new PosixTestSupport();
    private final Posix posix = sockets.posix;

    @AfterEach
    void close() {
        sockets.close();
    }

    @Test
    void shouldPassFds() throws PosixException {
        int[] pair = sockets.pair(Sockets.SOCK_STREAM);
        int listener = sockets.listener(ipv4Loopback(0));
        int[] passed = sockets.pair(Sockets.SOCK_STREAM);

        assertThat(posix.sendFds(
                        pair[0], sockets.buffer.address(), sockets.put("two"), new int[] {listener, passed[0]}))
                .isEqualTo(3);
        sockets.await(pair[1], PollFd.POLLIN);
        PassedFds received = new PassedFds();
        assertThat(sockets.text(posix.recvFds(pair[1], sockets.buffer.address(), 100, received)))
                .isEqualTo("two");

        int[] fds = received.fds();
        assertThat(received.truncated()).isFalse();
        assertThat(fds).hasSize(2).doesNotContain(listener, passed[0]);
        for (int fd : fds) {
            assertThat(posix.closeOnExec(sockets.fd(fd))).isEqualTo(1);
        }
        assertThat(posix.localAddress(fds[0])).isEqualTo(posix.localAddress(listener));
        assertThat(posix.intOption(fds[0], SocketOptions.SOL_SOCKET, SocketOptions.SO_ACCEPTCONN))
                .isEqualTo(1);
        sockets.send(fds[1], "same pipe");
        assertThat(sockets.receive(passed[1])).isEqualTo("same pipe");
    }

    @Test
    void shouldPassAsManyFdsAsAMessageHolds() {
        int[] pair = sockets.pair(Sockets.SOCK_SEQPACKET);
        int[] many = new int[PassedFds.COUNT_MAX];
        Arrays.fill(many, pair[0]);
        assertThat(posix.sendFds(pair[0], sockets.buffer.address(), 1, many)).isEqualTo(1);
        PassedFds received = new PassedFds();
        assertThat(posix.recvFds(pair[1], sockets.buffer.address(), 1, received))
                .isEqualTo(1);
        assertThat(received.truncated()).isFalse();
        assertThat(received.fds()).hasSize(PassedFds.COUNT_MAX).doesNotHaveDuplicates();
        for (int fd : received.fds()) {
            sockets.fd(fd);
        }
        assertThat(posix.sendFds(pair[0], sockets.buffer.address(), 1, new int[PassedFds.COUNT_MAX + 1]))
                .isEqualTo(-Errno.EINVAL);
        assertThat(posix.sendFds(pair[0], sockets.buffer.address(), 1, new int[0]))
                .isEqualTo(-Errno.EINVAL);
        assertThat(posix.sendFds(pair[0], sockets.buffer.address(), 1, new int[] {-1}))
                .isEqualTo(-Errno.EBADF);
    }

    /** The kernel drops what it has no number for, and says so by MSG_CTRUNC. */
    @Test
    void shouldTellThatFdsWereLost() {
        int[] pair = sockets.pair(Sockets.SOCK_SEQPACKET);
        int[] three = {pair[0], pair[0], pair[0]};
        assertThat(posix.sendFds(pair[0], sockets.buffer.address(), sockets.put("x"), three))
                .isOne();
        PassedFds received = new PassedFds();
        FewFds.withRoomFor(1, () -> posix.recvFds(pair[1], sockets.buffer.address(), 1, received));
        assertThat(received.truncated()).isTrue();
        assertThat(received.fds()).hasSize(1);
        sockets.fd(received.fds()[0]);
    }

    @Test
    void shouldReceiveBytesWithoutFds() {
        int[] pair = sockets.pair(Sockets.SOCK_STREAM);
        PassedFds received = new PassedFds();
        received.set(new int[] {1, 2}, true);
        assertThat(posix.recvFds(pair[1], sockets.buffer.address(), 10, received))
                .isEqualTo(-Errno.EAGAIN);
        assertThat(received.fds()).as("nothing of the last message stays").isEmpty();
        sockets.send(pair[0], "x");
        assertThat(posix.recvFds(pair[1], sockets.buffer.address(), 10, received))
                .isEqualTo(1);
        assertThat(received.fds()).isEmpty();
        assertThat(received.truncated()).isFalse();
    }

    @Test
    void shouldDuplicate() {
        int[] pair = sockets.pair(Sockets.SOCK_STREAM);
        int copy = sockets.fd(posix.dup(pair[0]));
        assertThat(copy).isNotEqualTo(pair[0]);
        assertThat(posix.closeOnExec(copy)).isEqualTo(1);
        sockets.send(copy, "by the copy");
        assertThat(sockets.receive(pair[1])).isEqualTo("by the copy");
        assertThat(posix.dup(-1)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldLetNoChildProcessInheritAnything() {
        int[] made = {
            posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0),
            posix.socket(Sockets.AF_INET6, Sockets.SOCK_DGRAM, 0),
            posix.epollCreate(),
            posix.eventfd(),
            sockets.pair(Sockets.SOCK_DGRAM)[0],
        };
        for (int i = 0; i < made.length; i++) {
            if (made[i] == -Errno.EAFNOSUPPORT) {
                continue; // no IPv6 here
            }
            assertThat(posix.closeOnExec(made[i]))
                    .as("number %d of those made", i)
                    .isEqualTo(1);
            if (i < made.length - 1) {
                sockets.fd(made[i]);
            }
        }
    }

    /** A mark on the open file, which each fd of it shows. */
    @Test
    void shouldMarkAnOpenFile() {
        int fd = sockets.pair(Sockets.SOCK_STREAM)[0];
        int copy = sockets.fd(ok(posix.dup(fd)));
        assertThat(posix.inputSignal(fd)).isZero();
        ok(posix.setInputSignal(fd, 23));
        assertThat(posix.inputSignal(copy)).isEqualTo(23);
        ok(posix.setInputSignal(copy, 0));
        assertThat(posix.inputSignal(fd)).isZero();
        assertThat(posix.inputSignal(-1)).isEqualTo(-Errno.EBADF);
        assertThat(posix.setInputSignal(-1, 23)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldChangeFlags() {
        int fd = sockets.pair(Sockets.SOCK_STREAM)[0];
        assertThat(posix.statusFlags(fd)).isEqualTo(2 | FileFlags.O_NONBLOCK);
        ok(posix.setStatusFlags(fd, 0));
        assertThat(posix.statusFlags(fd) & FileFlags.O_NONBLOCK).isZero();
        ok(posix.setStatusFlags(fd, FileFlags.O_NONBLOCK));
        assertThat(posix.statusFlags(fd) & FileFlags.O_NONBLOCK).isEqualTo(FileFlags.O_NONBLOCK);
        ok(posix.setCloseOnExec(fd, false));
        assertThat(posix.closeOnExec(fd)).isZero();
        ok(posix.setCloseOnExec(fd, true));
        assertThat(posix.closeOnExec(fd)).isEqualTo(1);
        assertThat(posix.statusFlags(-1)).isEqualTo(-Errno.EBADF);
        assertThat(posix.closeOnExec(-1)).isEqualTo(-Errno.EBADF);
        assertThat(posix.setCloseOnExec(-1, true)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldRaiseTheLimitOfOpenFiles() throws PosixException {
        FdLimit before = posix.fdLimit();
        assertThat(before.soft()).isBetween(1L, before.hard());
        FdLimit raised = posix.raiseFdLimit();
        assertThat(raised).isEqualTo(new FdLimit(before.hard(), before.hard()));
        assertThat(posix.fdLimit()).isEqualTo(raised);
    }

    @Test
    void shouldKnowThatASocketIsNoTerminal() {
        assertThat(posix.isTerminal(sockets.pair(Sockets.SOCK_STREAM)[0])).isFalse();
        assertThat(posix.isTerminal(-1)).isFalse();
    }

    @Test
    void shouldKeepTheArgumentsOfThreadsApart() throws InterruptedException, ExecutionException {
        // All calls with a struct share blocks of memory. A block given to two threads at once, or given back too
        // early,
        // would show as one thread's value in another's socket, or as another's error number.
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        CountDownLatch start = new CountDownLatch(1);
        List<Future<?>> results = new ArrayList<>();
        try {
            for (int i = 1; i <= THREADS; i++) {
                int own = i * ROUNDS;
                int fd = sockets.fd(posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0));
                results.add(threads.submit(() -> {
                    start.await();
                    for (int round = 0; round < ROUNDS; round++) {
                        ok(posix.setLinger(fd, (own + round) % 30_000));
                        assertThat(posix.linger(fd)).isEqualTo((own + round) % 30_000);
                        int bad = round % 2 == 0 ? posix.linger(-1) : posix.intOption(fd, 6, 9_999);
                        assertThat(bad).isEqualTo(round % 2 == 0 ? -Errno.EBADF : -Errno.ENOPROTOOPT);
                    }
                    return null;
                }));
            }
            start.countDown();
            for (Future<?> result : results) {
                result.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
