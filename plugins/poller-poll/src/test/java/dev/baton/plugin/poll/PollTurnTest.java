package dev.baton.plugin.poll;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.lenient;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.PollCalls;
import dev.baton.spi.posix.PollFd;
import dev.baton.spi.posix.PosixException;
import dev.baton.testkit.EventLog;
import dev.baton.testkit.EventLog.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.mockito.Mock;
import org.mockito.junit.jupiter.MockitoExtension;

/**
 * What one turn makes of what the kernel wrote, on a kernel that writes what no socket can be brought to at will:
 * combinations of conditions, and what handlers and other threads change between the kernel's answer and the dispatch.
 */
@ExtendWith(MockitoExtension.class)
class PollTurnTest {
    private static final int EVENTFD = 8;
    private static final int WAKEUP_SLOT = 0;
    private static final Fd A = new Fd(20, 1);
    private static final Fd B = new Fd(21, 1);
    private static final Fd C = new Fd(22, 1);

    private final List<NativeMemory> memories = new ArrayList<>();
    private final EventLog log = new EventLog();

    @Mock
    private PollCalls calls;

    @Mock
    private Fds fds;

    private PollPoller poller;

    @BeforeEach
    void open() throws PosixException {
        lenient().when(calls.eventfd()).thenReturn(EVENTFD);
        lenient().when(fds.fdInsert(EVENTFD, FdKind.WAKEUP)).thenReturn(new Fd(EVENTFD, 2));
        poller = PollPoller.open(new PollerContext(calls, fds, 0), this::allocate);
    }

    @AfterEach
    void shouldGiveAllMemoryBack() {
        poller.close();
        assertThat(memories).isNotEmpty().allMatch(memory -> memory.size() == 0);
    }

    private NativeMemory allocate(int size) {
        NativeMemory memory = NativeMemory.allocate(size);
        memories.add(memory);
        return memory;
    }

    /** What the next poll finds in the slots, from 0 on; slot 0 is the wakeup's. */
    private void find(int... happened) {
        when(calls.poll(anyLong(), anyInt(), anyInt())).thenAnswer(call -> write(happened));
    }

    private int write(int... happened) {
        NativeMemory pollfds = memories.get(memories.size() - 1);
        int found = 0;
        for (int slot = 0; slot < happened.length; slot++) {
            pollfds.putShort(slot * PollFd.SIZE + PollFd.REVENTS_OFFSET, (short) happened[slot]);
            found += happened[slot] != 0 ? 1 : 0;
        }
        return found;
    }

    private static Event event(Fd fd, int ready) {
        return new Event(fd.number(), fd.generation(), ready);
    }

    static Stream<Arguments> conditions() {
        int asked = Interest.IN | Interest.OUT;
        return Stream.of(
                arguments(Interest.IN, PollFd.POLLRDHUP, Interest.IN | Interest.RDHUP),
                arguments(Interest.RDHUP, PollFd.POLLRDHUP, Interest.RDHUP),
                arguments(Interest.RDHUP, PollFd.POLLHUP, Interest.ERROR),
                arguments(Interest.ERROR, PollFd.POLLERR, Interest.ERROR),
                arguments(Interest.IN, PollFd.POLLERR, Interest.IN | Interest.ERROR),
                arguments(asked, PollFd.POLLERR, asked | Interest.ERROR),
                arguments(Interest.OUT, PollFd.POLLHUP, Interest.OUT | Interest.ERROR),
                arguments(Interest.IN, (short) (PollFd.POLLIN | PollFd.POLLHUP), Interest.IN | Interest.ERROR));
    }

    @ParameterizedTest
    @MethodSource("conditions")
    void shouldTellConditionsAsInterest(int asked, short happened, int ready) {
        poller.add(A, asked);
        find(0, happened);

        poller.poll(0, log);

        assertThat(log.take()).containsExactly(event(A, ready));
    }

    static Stream<Arguments> changes() {
        int both = PollFd.POLLIN | PollFd.POLLOUT;
        return Stream.of(
                arguments(0, PollFd.POLLIN, 0),
                arguments(0, PollFd.POLLERR | PollFd.POLLHUP, 0),
                arguments(Interest.OUT, PollFd.POLLIN, 0),
                arguments(Interest.RDHUP, PollFd.POLLIN, 0),
                arguments(Interest.ERROR, PollFd.POLLIN | PollFd.POLLRDHUP, 0),
                arguments(Interest.OUT, PollFd.POLLIN | PollFd.POLLRDHUP, 0),
                arguments(Interest.OUT, both, Interest.OUT),
                arguments(Interest.IN, both, Interest.IN));
    }

    /** The kernel was asked before a handler of this turn changed its mind about another fd. */
    @ParameterizedTest
    @MethodSource("changes")
    void shouldTellOnlyWhatIsAskedByThen(int askedByThen, int happened, int ready) {
        poller.add(A, Interest.IN);
        poller.add(B, Interest.IN | Interest.OUT);
        find(0, PollFd.POLLIN, happened);
        log.onEvent(event -> {
            if (event.of(A)) {
                poller.modify(B, askedByThen);
            }
            return true;
        });

        assertThat(poller.poll(0, log)).isEqualTo(ready == 0 ? 1 : 2);

        List<Event> expected = new ArrayList<>(List.of(event(A, Interest.IN)));
        if (ready != 0) {
            expected.add(event(B, ready));
        }
        assertThat(log.take()).isEqualTo(expected);
    }

    /**
     * The turn begins in the middle, where the last one stopped, and goes round once over what the kernel was told of.
     * If what a handler adds counted, it would end before it is round.
     */
    @Test
    void shouldGoRoundOverWhatTheKernelSawWhileHandlersAdd() {
        List<Fd> all = List.of(A, B, C);
        all.forEach(fd -> poller.add(fd, Interest.IN));
        find(0, 0, PollFd.POLLIN, 0);
        poller.poll(0, log);
        assertThat(log.take()).containsExactly(event(B, Interest.IN));
        find(0, PollFd.POLLIN, PollFd.POLLIN, PollFd.POLLIN);
        log.onEvent(event -> {
            for (int i = 0; i < 100; i++) {
                poller.add(new Fd(event.number() * 1_000 + i, 1), Interest.IN);
            }
            return true;
        });

        assertThat(poller.poll(0, log)).isEqualTo(3);

        assertThat(log.take()).containsExactly(event(C, Interest.IN), event(A, Interest.IN), event(B, Interest.IN));
    }

    /** Another thread removes it while the kernel finds something in it: it is not reported. */
    @Test
    void shouldNotTellWhatWasRemovedWhileItSlept() {
        poller.add(A, Interest.IN);
        poller.add(B, Interest.IN);
        when(calls.poll(anyLong(), anyInt(), anyInt())).thenAnswer(call -> {
            elsewhere(() -> poller.remove(A));
            return write(PollFd.POLLIN, PollFd.POLLIN, PollFd.POLLIN);
        });

        assertThat(poller.poll(-1, log)).isEqualTo(1);

        assertThat(log.take()).containsExactly(event(B, Interest.IN));
        verify(calls).eventfdRead(EVENTFD);
    }

    /**
     * A number that another thread removed between two turns may be closed by now: the kernel must not be asked about
     * it.
     */
    @Test
    void shouldNotAskTheKernelForWhatWasRemovedBetweenTwoTurns() throws InterruptedException {
        List.of(A, B, C).forEach(fd -> poller.add(fd, Interest.IN));
        poller.poll(0, log);
        elsewhere(() -> poller.remove(A));
        poller.remove(B);

        poller.poll(0, log);

        verify(calls).poll(anyLong(), eq(2), anyInt());
        int left = memories.get(0).getInt((WAKEUP_SLOT + 1) * PollFd.SIZE + PollFd.FD_OFFSET);
        assertThat(left).isEqualTo(C.number());
    }

    @Test
    void shouldGiveItsMemoryBackWhenItCannotBeOpened() {
        when(calls.eventfd()).thenReturn(-Errno.EMFILE);
        int before = memories.size();

        assertThatThrownBy(() -> PollPoller.open(new PollerContext(calls, fds, 3), this::allocate))
                .isInstanceOf(PosixException.class);

        assertThat(memories).hasSizeGreaterThan(before);
        assertThat(memories.subList(before, memories.size())).allMatch(memory -> memory.size() == 0);
    }

    private static void elsewhere(Runnable action) throws InterruptedException {
        Thread thread = new Thread(action, "another loop");
        thread.start();
        thread.join();
    }
}
