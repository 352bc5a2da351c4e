package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.testkit.TestSockets.Pair;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What remove ends, from the loop's own thread and from others. */
interface RemovalPromises extends PollerPromises {

    @Test
    default void shouldReportNothingOfWhatWasRemoved() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        Pair other = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());

        rig.poller().remove(pair.fd());

        rig.sockets().send(pair.peer());
        rig.expectSilence();
        rig.sockets().send(other.peer());
        assertThat(rig.turn()).hasSize(1).allMatch(event -> event.of(other.fd()));
    }

    @Test
    default void shouldTakeNoNoticeOfTheRemovalOfAStranger() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        Pair stranger = rig.sockets().pair();
        rig.poller().remove(stranger.fd());
        rig.poller().remove(stranger.fd());
        Fd closed = stranger.peer();
        rig.sockets().close(closed);
        rig.poller().remove(closed);

        rig.sockets().send(pair.peer());

        assertThat(rig.turn()).hasSize(1).allMatch(event -> event.of(pair.fd()));
    }

    @Test
    default void shouldReportWhatIsAddedAfterItWasRemoved() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.poller().remove(pair.fd());

        rig.add(pair.fd(), Interest.IN);

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    @Test
    default void shouldSpareTheOthersWhenAHandlerRemoves() {
        PollerRig rig = rig();
        int count = 100;
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            pairs.add(rig.polledPair());
        }
        pairs.forEach(pair -> rig.sockets().send(pair.peer()));
        List<Fd> handled = new ArrayList<>();
        List<Fd> removed = new ArrayList<>();
        // Each handler removes its neighbour, if that has not had its turn.
        rig.log().onEvent(event -> {
            for (int i = 0; i < count; i++) {
                Fd fd = pairs.get(i).fd();
                if (event.of(fd) && !removed.contains(fd)) {
                    handled.add(fd);
                    rig.sockets().drain(fd);
                    Fd neighbour = pairs.get((i + 1) % count).fd();
                    if (!handled.contains(neighbour)) {
                        rig.poller().remove(neighbour);
                        removed.add(neighbour);
                    }
                }
            }
            return true;
        });
        rig.turn();
        rig.log().onEvent(event -> true);

        assertThat(handled.size() + removed.size()).as("handled or removed").isEqualTo(count);
        assertThat(removed).isNotEmpty();
        rig.expectSilence();
        for (Pair pair : pairs) {
            rig.sockets().send(pair.peer());
            if (removed.contains(pair.fd())) {
                assertThat(rig.turn()).isEmpty();
            } else {
                assertThat(rig.turn()).hasSize(1).allMatch(event -> event.of(pair.fd()));
                rig.sockets().drain(pair.fd());
            }
        }
    }

    /** R16: while a dup of it is open, the kernel reports a closed fd that was not removed, for ever. */
    @Test
    default void shouldNotWakeForARemovedFdWhoseOpenFileLivesOn() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        Fd dup = rig.sockets().dup(pair.fd());

        rig.poller().remove(pair.fd());
        rig.sockets().close(pair.fd());

        rig.sockets().send(pair.peer());
        rig.expectSilence();
        assertThat(rig.sockets().drain(dup)).isEqualTo(1);
    }

    @Test
    default void shouldReportNothingOfWhatAnotherThreadRemovedWhileTheLoopSlept() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        try (PollingThread loop = new PollingThread(rig)) {
            rig.poller().remove(pair.fd());
            loop.passTurn();

            rig.sockets().send(pair.peer());
            loop.passTurn();

            assertThat(rig.log().take()).isEmpty();
        }
    }

    /**
     * Where the kernel holds what it polls, a close while the loop sleeps would not reach the peer until something else
     * wakes the loop.
     */
    @Test
    default void shouldLetACloseReachThePeerWhileTheLoopSleeps() {
        PollerRig rig = rig();
        List<Pair> pairs = List.of(rig.polledPair(), rig.polledPair(), rig.polledPair());
        try (PollingThread loop = new PollingThread(rig)) {
            for (Pair pair : pairs) {
                // Before the loop is back in the kernel a close reaches the peer whatever the poller does.
                loop.awaitSleep();
                rig.poller().remove(pair.fd());
                rig.sockets().close(pair.fd());

                long end = System.nanoTime() + rig.patience().toNanos();
                boolean ended = rig.sockets().ended(pair.peer());
                while (!ended && System.nanoTime() < end) {
                    Thread.onSpinWait();
                    ended = rig.sockets().ended(pair.peer());
                }
                assertThat(ended)
                        .as("the peer sees the close, turns %s", loop.ended())
                        .isTrue();
            }
        }
    }

    /**
     * R17, with threads: loop B takes the connection over and removes it from A's poller; A takes it back before its
     * next turn. What B left behind must not end the new registration, which bears the same pair.
     */
    @Test
    default void shouldKeepWhatIsAddedAfterAnotherThreadRemovedIt() throws InterruptedException {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.turn();
        elsewhere(() -> rig.poller().remove(pair.fd()));
        rig.add(pair.fd(), Interest.IN);
        rig.turn();
        rig.turn();

        rig.sockets().send(pair.peer());

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    @Test
    default void shouldKeepANewerGenerationThanTheOneAnotherThreadRemoved() throws InterruptedException {
        PollerRig rig = rig();
        Pair old = rig.polledPair();
        rig.turn();
        elsewhere(() -> rig.poller().remove(old.fd()));
        Pair young = rig.sockets().reopen(old.fd());
        rig.add(young.fd(), Interest.IN);
        rig.turn();
        rig.turn();

        rig.sockets().send(young.peer());

        assertThat(rig.expect(young.fd()).ready()).isEqualTo(Interest.IN);
    }

    /** Many threads remove while the loop polls: nothing of them is reported any more, everything else still is. */
    @Test
    default void shouldRemoveForManyThreadsAtOnce() throws InterruptedException {
        PollerRig rig = rig();
        int threads = 4;
        int each = 25;
        List<Pair> kept = new ArrayList<>();
        List<List<Pair>> removed = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            List<Pair> share = new ArrayList<>();
            for (int j = 0; j < each; j++) {
                share.add(rig.polledPair());
                kept.add(rig.polledPair());
            }
            removed.add(share);
        }
        try (PollingThread loop = new PollingThread(rig)) {
            List<Thread> removers = new ArrayList<>();
            for (List<Pair> share : removed) {
                Thread remover =
                        new Thread(() -> share.forEach(pair -> rig.poller().remove(pair.fd())));
                removers.add(remover);
                remover.start();
            }
            for (Thread remover : removers) {
                remover.join();
            }
            loop.passTurn();
        }
        removed.forEach(share -> share.forEach(pair -> rig.sockets().send(pair.peer())));
        rig.expectSilence();
        for (Pair pair : kept) {
            rig.sockets().send(pair.peer());
            assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
            rig.sockets().drain(pair.fd());
        }
    }

    private static void elsewhere(Runnable action) throws InterruptedException {
        Thread thread = new Thread(action, "another loop");
        thread.start();
        thread.join();
    }
}
