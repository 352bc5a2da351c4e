package dev.baton.plugin.epoll;

import static dev.baton.spi.posix.EpollEvent.EPOLLET;
import static dev.baton.spi.posix.EpollEvent.EPOLLEXCLUSIVE;
import static dev.baton.spi.posix.EpollEvent.EPOLLIN;
import static dev.baton.spi.posix.EpollEvent.EPOLLOUT;
import static dev.baton.spi.posix.EpollEvent.EPOLLRDHUP;
import static dev.baton.spi.posix.EpollEvent.EPOLL_CTL_ADD;
import static dev.baton.spi.posix.EpollEvent.EPOLL_CTL_DEL;
import static dev.baton.spi.posix.EpollEvent.EPOLL_CTL_MOD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.clearInvocations;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.lenient;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoInteractions;
import static org.mockito.Mockito.verifyNoMoreInteractions;
import static org.mockito.Mockito.when;

import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PollCalls;
import dev.baton.spi.posix.PosixException;
import dev.baton.testkit.FaultyPollCalls;
import dev.baton.testkit.PlainFds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.InOrder;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

/** What the poller asks of the kernel, call by call; what it then reports is the contract's. */
@ExtendWith(MockitoExtension.class)
class EpollPollerTest {
    private static final int EPFD = 7;
    private static final int EVENTFD = 8;
    private static final Fd EPOLL = new Fd(EPFD, 1);
    private static final Fd WAKEUP = new Fd(EVENTFD, 2);
    private static final Fd SOCKET = new Fd(9, 3);
    private static final Fd LISTENER = new Fd(10, 4);

    private static final int SOCKET_IN = EPOLLIN | EPOLLRDHUP | EPOLLET;
    private static final int LISTENER_IN = EPOLLIN | EPOLLEXCLUSIVE | EPOLLET;

    private final List<EpollPoller> open = new ArrayList<>();

    @Mock
    private PollCalls calls;

    @Mock
    private Fds fds;

    @BeforeEach
    void answerLikeTheKernel() {
        lenient().when(calls.epollCreate()).thenReturn(EPFD);
        lenient().when(calls.eventfd()).thenReturn(EVENTFD);
        lenient().when(fds.fdInsert(EPFD, FdKind.POLLER)).thenReturn(EPOLL);
        lenient().when(fds.fdInsert(EVENTFD, FdKind.WAKEUP)).thenReturn(WAKEUP);
    }

    @AfterEach
    void closePollers() {
        open.forEach(EpollPoller::close);
    }

    private EpollPoller open() throws PosixException {
        EpollPoller poller = EpollPoller.open(new PollerContext(calls, fds, 0));
        open.add(poller);
        clearInvocations(calls, fds);
        return poller;
    }

    private void close(EpollPoller poller) {
        open.remove(poller);
        poller.close();
    }

    private void answer(Fd fd, int operation, int... results) {
        var stubbing = when(calls.epollCtl(eq(EPFD), eq(operation), eq(fd.number()), anyInt(), anyLong()));
        for (int result : results) {
            stubbing = stubbing.thenReturn(result);
        }
    }

    @Test
    void shouldPollItsEventfdByEdges() throws PosixException {
        open.add(EpollPoller.open(new PollerContext(calls, fds, 0)));

        verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, EVENTFD, EPOLLIN | EPOLLET, WAKEUP.key());
    }

    /**
     * A write to an edge-triggered eventfd is an edge, read or not: a read for each wakeup would be a call for nothing.
     */
    @Test
    void shouldUseUpWakeupsWithoutReadingThem() throws PosixException {
        JnrPosix posix = new JnrPosix();
        FaultyPollCalls counted = new FaultyPollCalls(posix);
        try (PlainFds table = new PlainFds(posix)) {
            EpollPoller poller = EpollPoller.open(new PollerContext(counted, table, 0));
            for (int i = 0; i < 3; i++) {
                poller.wakeup();
                // Without a limit: returns, or never.
                assertThat(poller.poll(-1, (number, generation, ready) -> true)).isZero();
            }
            assertThat(counted.made(FaultyPollCalls.Call.WAIT)).isEqualTo(3);
            assertThat(counted.made(FaultyPollCalls.Call.EVENTFD_READ)).isZero();
            poller.close();
        }
    }

    @Test
    void shouldAddByOneCall() throws PosixException {
        EpollPoller poller = open();

        assertThat(poller.add(SOCKET, Interest.IN)).isZero();

        verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, 9, SOCKET_IN, SOCKET.key());
        verifyNoMoreInteractions(calls);
    }

    /** EPOLLEXCLUSIVE together with EPOLLRDHUP is EINVAL. */
    @Test
    void shouldAskForNothingThatTheKernelRefusesOfAListener() throws PosixException {
        EpollPoller poller = open();

        assertThat(poller.add(LISTENER, Interest.IN | Interest.EXCLUSIVE)).isZero();

        verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, 10, LISTENER_IN, LISTENER.key());
        verifyNoMoreInteractions(calls);
    }

    /** R17: the registration that a former turn of ownership left behind is replaced. */
    @ParameterizedTest
    @ValueSource(ints = {0, -Errno.ENOENT})
    void shouldReplaceWhatExists(int removed) throws PosixException {
        EpollPoller poller = open();
        answer(SOCKET, EPOLL_CTL_ADD, -Errno.EEXIST, 0);
        answer(SOCKET, EPOLL_CTL_DEL, removed);

        assertThat(poller.add(SOCKET, Interest.OUT)).isZero();

        InOrder order = inOrder(calls);
        order.verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, 9, EPOLLOUT | EPOLLET, SOCKET.key());
        order.verify(calls).epollCtl(eq(EPFD), eq(EPOLL_CTL_DEL), eq(9), anyInt(), anyLong());
        order.verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, 9, EPOLLOUT | EPOLLET, SOCKET.key());
        verifyNoMoreInteractions(calls);
    }

    @Test
    void shouldGiveUpWhenItStillExists() throws PosixException {
        EpollPoller poller = open();
        answer(SOCKET, EPOLL_CTL_ADD, -Errno.EEXIST, -Errno.EEXIST, 0);

        assertThat(poller.add(SOCKET, Interest.IN)).isEqualTo(-Errno.EEXIST);
    }

    @ParameterizedTest
    @ValueSource(ints = {Errno.ENOMEM, Errno.ENOSPC, Errno.EPERM, Errno.EBADF})
    void shouldSayWhyItCannotAdd(int errno) throws PosixException {
        EpollPoller poller = open();
        answer(SOCKET, EPOLL_CTL_ADD, -errno);

        assertThat(poller.add(SOCKET, Interest.IN)).isEqualTo(-errno);

        verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, 9, SOCKET_IN, SOCKET.key());
        verifyNoMoreInteractions(calls);
    }

    @Test
    void shouldModifyByOneCall() throws PosixException {
        EpollPoller poller = open();

        assertThat(poller.modify(SOCKET, Interest.IN | Interest.OUT)).isZero();

        verify(calls).epollCtl(EPFD, EPOLL_CTL_MOD, 9, SOCKET_IN | EPOLLOUT, SOCKET.key());
        verifyNoMoreInteractions(calls);
    }

    @Test
    void shouldSayThatThereIsNothingToModify() throws PosixException {
        EpollPoller poller = open();
        answer(SOCKET, EPOLL_CTL_MOD, -Errno.ENOENT);
        answer(LISTENER, EPOLL_CTL_DEL, -Errno.ENOENT);

        assertThat(poller.modify(SOCKET, Interest.IN)).isEqualTo(-Errno.ENOENT);
        assertThat(poller.modify(LISTENER, Interest.IN | Interest.EXCLUSIVE)).isEqualTo(-Errno.ENOENT);

        verify(calls, never()).epollCtl(anyInt(), eq(EPOLL_CTL_ADD), anyInt(), anyInt(), anyLong());
    }

    @Test
    void shouldReplaceAnExclusiveRegistrationByAPlainOne() throws PosixException {
        EpollPoller poller = open();
        answer(LISTENER, EPOLL_CTL_MOD, -Errno.EINVAL);

        assertThat(poller.modify(LISTENER, 0)).isZero();

        InOrder order = inOrder(calls);
        order.verify(calls).epollCtl(EPFD, EPOLL_CTL_MOD, 10, EPOLLET, LISTENER.key());
        order.verify(calls).epollCtl(eq(EPFD), eq(EPOLL_CTL_DEL), eq(10), anyInt(), anyLong());
        order.verify(calls).epollCtl(EPFD, EPOLL_CTL_ADD, 10, EPOLLET, LISTENER.key());
        verifyNoMoreInteractions(calls);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -Errno.ENOENT, -Errno.EBADF, -Errno.EPERM})
    void shouldNotMindWhenThereIsNothingToRemove(int result) throws PosixException {
        EpollPoller poller = open();
        answer(SOCKET, EPOLL_CTL_DEL, result);

        poller.remove(SOCKET);

        verify(calls).epollCtl(eq(EPFD), eq(EPOLL_CTL_DEL), eq(9), anyInt(), anyLong());
        verifyNoMoreInteractions(calls);
    }

    /** The fds may not become somebody else's while a thread is about to use their numbers. */
    @Test
    void shouldKeepItsFdsUntilTheLastWakeupHasLeft() throws PosixException {
        EpollPoller poller = open();
        when(calls.eventfdWrite(EVENTFD)).thenAnswer(call -> {
            close(poller);
            verify(fds, never()).fdDelete(any());
            return 0;
        });

        poller.wakeup();

        verify(fds).fdDelete(WAKEUP);
        verify(fds).fdDelete(EPOLL);
        clearInvocations(calls, fds);
        poller.wakeup();
        poller.remove(SOCKET);
        verifyNoInteractions(calls, fds);
    }

    @Test
    void shouldKeepItsFdsUntilTheLastRemovalHasLeft() throws PosixException {
        EpollPoller poller = open();
        when(calls.epollCtl(eq(EPFD), eq(EPOLL_CTL_DEL), eq(9), anyInt(), anyLong()))
                .thenAnswer(call -> {
                    close(poller);
                    verify(fds, never()).fdDelete(any());
                    return 0;
                });

        poller.remove(SOCKET);

        verify(fds).fdDelete(WAKEUP);
        verify(fds).fdDelete(EPOLL);
    }

    @Test
    void shouldSayWhatCannotBeOpenedForWhom() {
        when(calls.eventfd()).thenReturn(-Errno.EMFILE);

        assertThatThrownBy(() -> EpollPoller.open(new PollerContext(calls, fds, 3)))
                .isInstanceOf(PosixException.class)
                .hasMessageStartingWith("cannot create the eventfd that wakes a poller of loop 3: EMFILE");
        verify(fds).fdDelete(EPOLL);
    }

    @ParameterizedTest
    @CsvSource({
        "-1, -1",
        "0, 0",
        "1, 1",
        "1000000, 1",
        "1000001, 2",
        "9223372036854775807, 2147483647",
        "-9223372036854775808, -1"
    })
    void shouldRoundTimeoutsUp(long nanos, int millis) {
        assertThat(EpollPoller.millis(nanos)).isEqualTo(millis);
    }

    @Test
    void shouldBeThereOnLinuxOnly() {
        assertThat(EpollProvider.unavailableOn("Linux")).isEmpty();
        assertThat(EpollProvider.unavailableOn("Mac OS X"))
                .hasValueSatisfying(why -> assertThat(why).contains("Mac OS X").doesNotEndWith("."));
    }

    @Test
    void shouldBePreferred() {
        PluginBinder binder = mock(PluginBinder.class);

        new EpollPlugin().configure(binder);

        verify(binder).poller("epoll", EpollProvider.class);
        verifyNoMoreInteractions(binder);
        assertThat(new EpollProvider().preference()).isEqualTo(100);
    }
}
