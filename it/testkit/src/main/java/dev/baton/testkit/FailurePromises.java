package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.FaultyPollCalls.Call;
import dev.baton.testkit.TestSockets.Pair;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What happens when the kernel refuses, and how a poller begins and ends. */
interface FailurePromises extends PollerPromises {

    /** R26: a signal ends the wait. What was pending is still pending. */
    @Test
    default void shouldLoseNothingWhenTheWaitIsInterrupted() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        Pair other = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.sockets().send(other.peer());
        rig.calls().fail(Call.WAIT, Errno.EINTR);
        rig.calls().fail(Call.WAIT, Errno.EINTR);

        assertThat(rig.poller().poll(0, rig.log())).as("a turn without events").isZero();
        assertThat(rig.poller().poll(0, rig.log())).as("a turn without events").isZero();
        assertThat(rig.log().take()).isEmpty();

        assertThat(rig.turn())
                .hasSize(2)
                .anyMatch(event -> event.of(pair.fd()))
                .anyMatch(event -> event.of(other.fd()));
    }

    @Test
    default void shouldNotTellTheEventsOfATurnAgainWhenTheNextIsInterrupted() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());
        rig.calls().fail(Call.WAIT, Errno.EINTR);

        assertThat(rig.poller().poll(0, rig.log())).isZero();

        assertThat(rig.log().take()).isEmpty();
    }

    @Test
    default void shouldLoseNoWakeupWhenTheWaitIsInterrupted() {
        PollerRig rig = rig();
        rig.poller().wakeup();
        rig.calls().fail(Call.WAIT, Errno.EINTR);
        assertThat(rig.poller().poll(-1, rig.log())).isZero();

        long begin = System.nanoTime();
        rig.poller().poll(rig.patience().toNanos(), rig.log());

        assertThat(System.nanoTime() - begin).isLessThan(rig.patience().toNanos());
    }

    /** A loop that took this for a quiet turn would spin without end and without a word. */
    @Test
    default void shouldSayThatTheKernelRefusesToWait() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.calls().fail(Call.WAIT, Errno.ENOMEM);

        assertThat(rig.poller().poll(0, rig.log())).isEqualTo(-Errno.ENOMEM);
        assertThat(rig.log().take()).isEmpty();

        assertThat(rig.turn()).hasSize(1);
    }

    /** R10: whatever call of it fails, an open that fails leaves nothing open and says what failed. */
    @Test
    default void shouldLeaveNothingOpenWhenItCannotBeOpened() throws IOException {
        PollerRig rig = rig();
        Set<Fd> before = rig.fds().open();
        int failed = 0;
        boolean opened = false;
        while (!opened) {
            rig.calls().failAfter(failed, Errno.EMFILE);
            try {
                Poller poller = rig.provider().open(rig.context());
                opened = true;
                poller.close();
            } catch (IOException e) {
                failed++;
                assertThat(e).hasMessageContaining("EMFILE");
            }
            rig.calls().heal();
            assertThat(rig.fds().open()).as("open after failure %s", failed).isEqualTo(before);
        }
        assertThat(failed).as("calls of an open").isPositive();
    }

    @Test
    default void shouldGiveEverythingBackOnce() throws IOException {
        PollerRig rig = rig();
        List<Fd> inserted = new ArrayList<>();
        List<FdKind> kinds = new ArrayList<>();
        List<Fd> deleted = new ArrayList<>();
        Fds table = new Fds() {
            @Override
            public Fd fdInsert(int number, FdKind kind) {
                Fd fd = rig.fds().fdInsert(number, kind);
                inserted.add(fd);
                kinds.add(kind);
                return fd;
            }

            @Override
            public boolean fdDelete(Fd fd) {
                deleted.add(fd);
                return rig.fds().fdDelete(fd);
            }
        };
        Poller poller = rig.provider().open(rig.context(table));
        Pair pair = rig.sockets().pair();
        rig.add(poller, pair.fd(), Interest.IN);
        rig.turn(poller);

        poller.close();

        assertThat(deleted).containsExactlyInAnyOrderElementsOf(inserted);
        assertThat(kinds).contains(FdKind.WAKEUP).isSubsetOf(FdKind.WAKEUP, FdKind.POLLER);
        assertThat(rig.fds().open()).as("what was polled").contains(pair.fd());
        assertThatThrownBy(poller::close).isInstanceOf(IllegalStateException.class);
        assertThat(deleted).hasSameSizeAs(inserted);
    }

    @Test
    default void shouldBeAvailableWhereItIsTested() {
        assertThat(rig().provider().unavailable()).isEmpty();
    }
}
