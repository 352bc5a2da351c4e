package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.testkit.EventLog.Event;
import dev.baton.testkit.TestSockets.Pair;
import org.junit.jupiter.api.Test;

/** What add and modify change. */
interface InterestPromises extends PollerPromises {

    @Test
    default void shouldReplaceTheInterest() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());

        rig.modify(pair.fd(), Interest.OUT);
        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.OUT);

        rig.modify(pair.fd(), Interest.IN | Interest.OUT);
        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN | Interest.OUT);
    }

    @Test
    default void shouldReportAgainWhatHoldsWhenTheInterestIsReplaced() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());

        rig.modify(pair.fd(), Interest.IN);

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    /** R38: suspended but polled. A level that is not handled is reported for ever. */
    @Test
    default void shouldReportNothingWhileTheInterestIsNothing() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.modify(pair.fd(), 0);
        rig.sockets().send(pair.peer());
        rig.expectSilence();
        if (!rig.poller().edgeTriggered()) {
            rig.sockets().close(pair.peer());
            rig.expectSilence();
        }

        rig.modify(pair.fd(), Interest.IN);

        assertThat(rig.expect(pair.fd()).has(Interest.IN)).isTrue();
    }

    @Test
    default void shouldAddWithNothingAsked() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.sockets().send(pair.peer());
        rig.add(pair.fd(), 0);
        rig.expectSilence();

        rig.modify(pair.fd(), Interest.IN);

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    @Test
    default void shouldRefuseToModifyWhatWasNotAdded() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.sockets().send(pair.peer());

        assertThat(rig.poller().modify(pair.fd(), Interest.IN)).isNegative();
        assertThat(rig.poller().modify(pair.fd(), Interest.IN | Interest.EXCLUSIVE))
                .isNegative();

        rig.expectSilence();
    }

    @Test
    default void shouldRefuseToAddWhatIsNoFd() {
        assertThat(rig().poller().add(new Fd(-1, 1), Interest.IN)).isNegative();
    }

    /** EPOLLEXCLUSIVE can be given and taken only at an ADD; those who suspend a listener need not know. */
    @Test
    default void shouldModifyAnExclusiveRegistration() {
        PollerRig rig = rig();
        Fd listener = rig.sockets().listener();
        rig.add(listener, Interest.IN | Interest.EXCLUSIVE);

        rig.modify(listener, 0);
        rig.sockets().connect(rig.sockets().address(listener));
        rig.expectSilence();

        rig.modify(listener, Interest.IN | Interest.EXCLUSIVE);
        assertThat(rig.expect(listener).ready()).isEqualTo(Interest.IN);
        rig.modify(listener, Interest.IN);
        assertThat(rig.expect(listener).ready()).isEqualTo(Interest.IN);
        rig.modify(listener, Interest.IN | Interest.EXCLUSIVE);
        assertThat(rig.expect(listener).ready()).isEqualTo(Interest.IN);
    }

    @Test
    default void shouldReportAgainWhatHoldsWhenItIsAddedAgain() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());

        rig.add(pair.fd(), Interest.IN);

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    @Test
    default void shouldAddAnExclusiveRegistrationAgain() {
        PollerRig rig = rig();
        Fd listener = rig.sockets().listener();
        rig.add(listener, Interest.IN | Interest.EXCLUSIVE);
        rig.sockets().connect(rig.sockets().address(listener));
        rig.expect(listener);

        rig.add(listener, Interest.IN | Interest.EXCLUSIVE);

        assertThat(rig.expect(listener).ready()).isEqualTo(Interest.IN);
    }

    /** What was polled elsewhere has lost its edge there: the thief must see it all the same. */
    @Test
    default void shouldReportToTheThiefWhatTheVictimHasSeen() {
        PollerRig rig = rig();
        Poller thief = rig.another();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());

        rig.poller().remove(pair.fd());
        rig.add(thief, pair.fd(), Interest.IN);

        assertThat(rig.expect(thief, pair.fd()).ready()).isEqualTo(Interest.IN);
        rig.expectSilence();
    }

    /** R17: A, B, A. The registration that was left behind is in the way of the new one. */
    @Test
    default void shouldReportToWhomeverAddedLast() {
        PollerRig rig = rig();
        Poller[] pollers = {rig.poller(), rig.another()};
        Pair pair = rig.sockets().pair();
        rig.sockets().send(pair.peer());
        for (int i = 0; i < 100; i++) {
            Poller thief = pollers[i % 2];
            Poller victim = pollers[1 - i % 2];
            if (i % 3 != 0) {
                victim.remove(pair.fd());
            }
            rig.add(thief, pair.fd(), Interest.IN);
            Event event = rig.expect(thief, pair.fd());
            assertThat(event.ready()).as("takeover %s", i).isEqualTo(Interest.IN);
        }
    }
}
