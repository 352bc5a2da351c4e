package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.testkit.EventLog.Event;
import dev.baton.testkit.TestSockets.Pair;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Each event names the registration that it is of, however often its number was recycled. */
interface GenerationPromises extends PollerPromises {
    /** R07: how often one number is reopened. */
    int REOPENINGS = 10_000;

    /** R07: something of the old fd survives its close, and the new one of this number never gets its first event. */
    @Test
    default void shouldReportTheFirstEventOfEachReopening() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        for (int i = 0; i < REOPENINGS; i++) {
            rig.sockets().send(pair.peer());
            assertThat(rig.expect(pair.fd()).ready()).as("reopening %s", i).isEqualTo(Interest.IN);
            // One half leaves an unhandled event behind, one half a registration: closed without a remove.
            if ((i & 1) == 0) {
                rig.sockets().drain(pair.fd());
            }
            if ((i & 2) == 0) {
                rig.poller().remove(pair.fd());
            }
            Fd peer = pair.peer();
            pair = rig.sockets().reopen(pair.fd());
            rig.sockets().close(peer);
            rig.add(pair.fd(), Interest.IN);
        }
    }

    @Test
    default void shouldReplaceAnOlderRegistrationOfTheSameNumber() {
        PollerRig rig = rig();
        Pair old = rig.polledPair();
        rig.sockets().send(old.peer());
        Pair young = rig.sockets().reopen(old.fd());
        rig.add(young.fd(), Interest.IN);

        rig.expectSilence();
        rig.sockets().send(young.peer());

        assertThat(rig.turn()).hasSize(1).allMatch(event -> event.of(young.fd()));
    }

    /** The same open file under a new generation, as after an fd was disowned and came back. */
    @Test
    default void shouldReportUnderTheGenerationOfTheLatestAdd() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        Fd young = new Fd(pair.fd().number(), pair.fd().generation() + 1);

        rig.add(young, Interest.IN);

        assertThat(rig.turn()).hasSize(1).allMatch(event -> event.of(young));
    }

    /**
     * R15: fetched, then its fd is closed and the number reopened, then told. It must still be told as the old one's.
     */
    @Test
    default void shouldNotReportAFetchedEventAsOneOfTheReopenedNumber() {
        PollerRig rig = rig();
        List<Pair> pairs = new ArrayList<>();
        List<Fd> reopened = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            pairs.add(rig.polledPair());
        }
        pairs.forEach(pair -> rig.sockets().send(pair.peer()));
        rig.log().onEvent(first -> {
            rig.log().onEvent(event -> true);
            rig.sockets().drain(new Fd(first.number(), first.generation()));
            for (Pair pair : pairs) {
                if (!first.of(pair.fd())) {
                    Fd young = rig.sockets().reopen(pair.fd()).fd();
                    rig.add(young, Interest.IN);
                    reopened.add(young);
                }
            }
            return true;
        });

        List<Event> events = rig.turn();

        assertThat(reopened).hasSize(pairs.size() - 1);
        assertThat(events).isNotEmpty().allMatch(event -> pairs.stream().anyMatch(pair -> event.of(pair.fd())));
        rig.expectSilence();
    }

    /** Generations are compared for equality only: they wrap around, and half of them are negative. */
    @Test
    default void shouldCarryEveryGeneration() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.sockets().send(pair.peer());
        for (int generation : new int[] {1, Integer.MAX_VALUE, Integer.MIN_VALUE, -1, 0}) {
            Fd fd = new Fd(pair.fd().number(), generation);
            rig.add(fd, Interest.IN);
            assertThat(rig.turn()).as("generation %s", generation).hasSize(1).allMatch(event -> event.of(fd));
        }
    }

    /** The table refuses an fd without an owner; a poller that keeps registrations would tell it again and again. */
    @Test
    default void shouldForgetWhatTheSinkRefuses() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.log().onEvent(event -> false);
        assertThat(rig.turn()).hasSize(1);
        rig.expectSilence();

        // Only this registration was forgotten, not the number.
        rig.log().onEvent(event -> true);
        rig.add(pair.fd(), Interest.IN);
        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    /** Between fetching the event and refusing it the number may have been reopened: the refusal is not of that one. */
    @Test
    default void shouldNotForgetANewerRegistrationThanTheOneRefused() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        Fd young = new Fd(pair.fd().number(), pair.fd().generation() + 1);
        rig.log().onEvent(event -> {
            rig.log().onEvent(later -> true);
            rig.add(young, Interest.IN);
            return false;
        });
        rig.turn();

        assertThat(rig.expect(young).ready()).isEqualTo(Interest.IN);
    }

    /** A refusal must not reach the kernel, which knows numbers only and could hit the newer fd. */
    @Test
    default void shouldNotCallTheKernelForWhatTheSinkRefuses() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.log().onEvent(event -> false);
        int before = controls(rig);

        assertThat(rig.turn()).hasSize(1);

        assertThat(controls(rig)).as("control calls").isEqualTo(before);
    }

    private static int controls(PollerRig rig) {
        return rig.calls().made(FaultyPollCalls.Call.EPOLL_ADD)
                + rig.calls().made(FaultyPollCalls.Call.EPOLL_MODIFY)
                + rig.calls().made(FaultyPollCalls.Call.EPOLL_REMOVE);
    }
}
