package dev.baton.plugin.poll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.clearInvocations;
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
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollCalls;
import dev.baton.spi.posix.PosixException;
import dev.baton.testkit.EventLog;
import dev.baton.testkit.EventLog.Event;
import dev.baton.testkit.PlainFds;
import dev.baton.testkit.TestSockets;
import dev.baton.testkit.TestSockets.Pair;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

/** What only a poller does that keeps its registrations itself; what it reports otherwise is the contract's. */
@ExtendWith(MockitoExtension.class)
class PollPollerTest {
    private static final int EVENTFD = 8;
    private static final Fd WAKEUP = new Fd(EVENTFD, 2);

    @Mock
    private PollCalls calls;

    @Mock
    private Fds fds;

    @BeforeEach
    void answerLikeTheKernel() {
        lenient().when(calls.eventfd()).thenReturn(EVENTFD);
        lenient().when(fds.fdInsert(EVENTFD, FdKind.WAKEUP)).thenReturn(WAKEUP);
    }

    private PollPoller open() throws PosixException {
        return PollPoller.open(new PollerContext(calls, fds, 0));
    }

    /**
     * Whatever the sink thinks of it: the kernel says POLLNVAL in no time and for ever, so the loop would spin. The
     * sink is told nevertheless, so that it is counted.
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldTellOnceOfWhatIsNotOpen(boolean taken) throws PosixException {
        JnrPosix posix = new JnrPosix();
        try (PlainFds table = new PlainFds(posix);
                TestSockets sockets = new TestSockets(posix, table)) {
            PollPoller poller = PollPoller.open(new PollerContext(posix, table, 0));
            EventLog log = new EventLog();
            Pair pair = sockets.pair();
            poller.add(pair.fd(), Interest.IN);
            sockets.close(pair.fd());
            log.onEvent(event -> taken);

            poller.poll(0, log);
            assertThat(log.take())
                    .containsExactly(
                            new Event(pair.fd().number(), pair.fd().generation(), Interest.IN | Interest.ERROR));

            poller.poll(0, log);
            assertThat(log.take()).isEmpty();
            assertThat(poller.modify(pair.fd(), Interest.IN)).isEqualTo(-Errno.ENOENT);
            poller.close();
        }
    }

    @Test
    void shouldSayThatThereIsNoMemoryForAnother() throws PosixException {
        boolean[] exhausted = {false};
        PollPoller poller = PollPoller.open(new PollerContext(calls, fds, 0), size -> {
            if (exhausted[0]) {
                throw new OutOfMemoryError("none left");
            }
            return NativeMemory.allocate(size);
        });
        exhausted[0] = true;
        int number = 100;
        int result = poller.add(new Fd(number, 1), Interest.IN);
        while (result == 0) {
            number++;
            result = poller.add(new Fd(number, 1), Interest.IN);
        }
        assertThat(result).isEqualTo(-Errno.ENOMEM);
        assertThat(poller.modify(new Fd(number, 1), Interest.OUT)).isEqualTo(-Errno.ENOENT);
        assertThat(poller.modify(new Fd(number - 1, 1), Interest.OUT)).isZero();

        exhausted[0] = false;
        assertThat(poller.add(new Fd(number, 1), Interest.IN)).isZero();
        poller.close();
    }

    @Test
    void shouldModifyOneGenerationOnly() throws PosixException {
        PollPoller poller = open();
        poller.add(new Fd(20, 1), Interest.IN);

        assertThat(poller.modify(new Fd(20, 2), Interest.OUT)).isEqualTo(-Errno.ENOENT);

        poller.close();
    }

    /** From its own thread there is nothing to wait for: the removal is done when it returns. */
    @Test
    void shouldRemoveAtOnceOnItsOwnThread() throws PosixException {
        PollPoller poller = open();
        Fd fd = new Fd(20, 1);
        poller.add(fd, Interest.IN);

        poller.remove(fd);

        assertThat(poller.modify(fd, Interest.IN)).isEqualTo(-Errno.ENOENT);
        verify(calls, never()).eventfdWrite(EVENTFD);
        poller.close();
    }

    /** The eventfd may not become somebody else's while a thread is about to write to its number. */
    @Test
    void shouldKeepItsEventfdUntilTheLastWakeupHasLeft() throws PosixException {
        PollPoller poller = open();
        when(calls.eventfdWrite(EVENTFD)).thenAnswer(call -> {
            poller.close();
            verify(fds, never()).fdDelete(any());
            return 0;
        });

        poller.wakeup();

        verify(fds).fdDelete(WAKEUP);
        clearInvocations(calls, fds);
        poller.wakeup();
        poller.remove(new Fd(20, 1));
        verifyNoInteractions(calls, fds);
    }

    @Test
    void shouldSayWhatCannotBeOpenedForWhom() {
        when(calls.eventfd()).thenReturn(-Errno.EMFILE);

        assertThatThrownBy(() -> PollPoller.open(new PollerContext(calls, fds, 3)))
                .isInstanceOf(PosixException.class)
                .hasMessageStartingWith("cannot create the eventfd that wakes the poller of loop 3: EMFILE");
        verifyNoInteractions(fds);
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
        assertThat(PollPoller.millis(nanos)).isEqualTo(millis);
    }

    @Test
    void shouldBeTheLastChoice() {
        PluginBinder binder = mock(PluginBinder.class);

        new PollPlugin().configure(binder);

        verify(binder).poller("poll", PollProvider.class);
        verifyNoMoreInteractions(binder);
        assertThat(new PollProvider().preference()).isEqualTo(10);
    }
}
