package dev.baton.runtime.posix;

import static dev.baton.runtime.posix.PosixTestSupport.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.posix.EpollEvent;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.Sockets;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * epoll, poll and eventfd against the kernel; several events at once, because that is where a wrong struct size shows.
 */
class JnrPosixPollTest {
    private static final int PATIENCE_MILLIS = 20_000;
    private static final int EVENTS_MAX = 8;

    private final PosixTestSupport sockets = new PosixTestSupport();
    private final Posix posix = sockets.posix;
    private final NativeMemory events = NativeMemory.allocate(EVENTS_MAX * EpollEvent.SIZE);

    @AfterEach
    void close() {
        events.close();
        sockets.close();
    }

    @Test
    void shouldReportSeveralEventsWithTheirData() {
        int epoll = sockets.fd(posix.epollCreate());
        int[] a = sockets.pair(Sockets.SOCK_STREAM);
        int[] b = sockets.pair(Sockets.SOCK_STREAM);
        int[] c = sockets.pair(Sockets.SOCK_STREAM);
        int in = EpollEvent.EPOLLIN | EpollEvent.EPOLLRDHUP | EpollEvent.EPOLLET;
        long dataA = 0x8000_0001_0000_0007L;
        long dataB = -1;
        long dataC = 42;
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, a[0], in, dataA));
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, b[0], in | EpollEvent.EPOLLOUT, dataB));
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, c[0], in, dataC));
        sockets.send(a[1], "x");
        ok(posix.shutdown(c[1], Sockets.SHUT_WR));

        assertThat(poll(epoll))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        dataA, EpollEvent.EPOLLIN,
                        dataB, EpollEvent.EPOLLOUT,
                        dataC, EpollEvent.EPOLLIN | EpollEvent.EPOLLRDHUP));
        assertThat(poll(epoll)).as("edge-triggered: told once").isEmpty();

        // MOD re-arms the edge and replaces the data; DEL ends it.
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_MOD, a[0], in, 43));
        assertThat(poll(epoll)).containsExactlyInAnyOrderEntriesOf(Map.of(43L, EpollEvent.EPOLLIN));
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_DEL, a[0], 0, 0));
        sockets.send(a[1], "y");
        assertThat(poll(epoll)).isEmpty();
    }

    @Test
    void shouldTellWhatIsThereAlreadyAndWhatIsNot() {
        int epoll = sockets.fd(posix.epollCreate());
        int fd = sockets.fd(posix.eventfd());
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, fd, EpollEvent.EPOLLIN, 1));
        assertThat(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, fd, EpollEvent.EPOLLIN, 1))
                .isEqualTo(-Errno.EEXIST);
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_DEL, fd, 0, 0));
        assertThat(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_DEL, fd, 0, 0)).isEqualTo(-Errno.ENOENT);
        assertThat(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_MOD, fd, EpollEvent.EPOLLIN, 1))
                .isEqualTo(-Errno.ENOENT);
        assertThat(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, -1, EpollEvent.EPOLLIN, 1))
                .isEqualTo(-Errno.EBADF);
        assertThat(posix.epollWait(fd, events.address(), EVENTS_MAX, 0)).isEqualTo(-Errno.EINVAL);
        assertThat(posix.epollWait(epoll, events.address(), 0, 0)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void shouldWakeAndDrainByEventfd() {
        int epoll = sockets.fd(posix.epollCreate());
        int wakeup = sockets.fd(posix.eventfd());
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, wakeup, EpollEvent.EPOLLIN | EpollEvent.EPOLLET, wakeup));
        assertThat(posix.eventfdRead(wakeup)).isEqualTo(-Errno.EAGAIN);
        assertThat(posix.eventfdWrite(wakeup)).isZero();
        assertThat(poll(epoll)).containsOnlyKeys((long) wakeup);
        assertThat(posix.eventfdWrite(wakeup)).isZero();
        assertThat(poll(epoll)).as("each write is an edge, read or not").containsOnlyKeys((long) wakeup);
        assertThat(posix.eventfdRead(wakeup)).isZero();
        assertThat(posix.eventfdRead(wakeup)).as("drained whole").isEqualTo(-Errno.EAGAIN);
        assertThat(posix.eventfdWrite(-1)).isEqualTo(-Errno.EBADF);
    }

    @Test
    void shouldWaitInPollAndEpollUntilWoken() throws InterruptedException {
        int epoll = sockets.fd(posix.epollCreate());
        int wakeup = sockets.fd(posix.eventfd());
        ok(posix.epollCtl(epoll, EpollEvent.EPOLL_CTL_ADD, wakeup, EpollEvent.EPOLLIN, 5));
        Thread waker = new Thread(() -> ok(posix.eventfdWrite(wakeup)));
        waker.start();
        assertThat(posix.epollWait(epoll, events.address(), EVENTS_MAX, PATIENCE_MILLIS))
                .isEqualTo(1);
        assertThat(sockets.await(wakeup, PollFd.POLLIN)).isEqualTo(PollFd.POLLIN);
        waker.join();
    }

    @Test
    void shouldPollSeveralFds() {
        int[] pair = sockets.pair(Sockets.SOCK_STREAM);
        int closed = ok(posix.eventfd());
        ok(posix.close(closed));
        sockets.send(pair[1], "x");
        try (NativeMemory entries = NativeMemory.allocate(4 * PollFd.SIZE)) {
            entry(entries, 0, pair[0], PollFd.POLLIN | PollFd.POLLOUT);
            entry(entries, 1, -1, PollFd.POLLIN);
            entry(entries, 2, Integer.MAX_VALUE, PollFd.POLLIN);
            entry(entries, 3, pair[1], PollFd.POLLIN);
            assertThat(posix.poll(entries.address(), 4, 0)).isEqualTo(2);
            assertThat(happened(entries, 0)).isEqualTo((short) (PollFd.POLLIN | PollFd.POLLOUT));
            assertThat(happened(entries, 1)).as("negative: skipped").isZero();
            assertThat(happened(entries, 2)).as("not open").isEqualTo(PollFd.POLLNVAL);
            assertThat(happened(entries, 3)).isZero();
        }
    }

    private static void entry(NativeMemory entries, int index, int fd, int wanted) {
        entries.putInt(index * PollFd.SIZE + PollFd.FD_OFFSET, fd);
        entries.putShort(index * PollFd.SIZE + PollFd.EVENTS_OFFSET, (short) wanted);
    }

    private static short happened(NativeMemory entries, int index) {
        return entries.getShort(index * PollFd.SIZE + PollFd.REVENTS_OFFSET);
    }

    /** What epoll has now, by data; everything here happens at once, so that nothing waits. */
    private Map<Long, Integer> poll(int epoll) {
        int count = ok(posix.epollWait(epoll, events.address(), EVENTS_MAX, 0));
        Map<Long, Integer> happened = new HashMap<>();
        for (int i = 0; i < count; i++) {
            int at = i * EpollEvent.SIZE;
            happened.put(events.getLong(at + EpollEvent.DATA_OFFSET), events.getInt(at + EpollEvent.EVENTS_OFFSET));
        }
        return happened;
    }
}
