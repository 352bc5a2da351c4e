package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.posix.Errno;
import dev.baton.testkit.EventLog.Event;
import dev.baton.testkit.TestSockets.Pair;
import java.net.SocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is reported, and when. */
interface EventPromises extends PollerPromises {

    @Test
    default void shouldReportWhatCanBeRead() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.expectSilence();

        rig.sockets().send(pair.peer());

        assertThat(rig.turn())
                .containsExactly(new Event(pair.fd().number(), pair.fd().generation(), Interest.IN));
    }

    @Test
    default void shouldReportWhatCouldBeReadBeforeItWasAdded() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.sockets().send(pair.peer());

        rig.add(pair.fd(), Interest.IN);

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);
    }

    @Test
    default void shouldReportAnEdgeOnceOrALevelAsLongAsItHolds() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.expect(pair.fd());

        assertThat(rig.turn())
                .as("next turn, nothing read")
                .hasSize(rig.poller().edgeTriggered() ? 0 : 1);

        rig.sockets().send(pair.peer());
        assertThat(rig.expect(pair.fd()).ready()).as("after more came").isEqualTo(Interest.IN);

        assertThat(rig.sockets().drain(pair.fd())).isEqualTo(2);
        rig.expectSilence();
    }

    @Test
    default void shouldReportRoomToWriteOnlyIfAsked() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.expectSilence();
        rig.sockets().send(pair.peer());
        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.IN);

        Pair other = rig.sockets().pair();
        rig.sockets().send(other.peer());
        rig.add(other.fd(), Interest.OUT);
        assertThat(rig.expect(other.fd()).ready()).isEqualTo(Interest.OUT);
    }

    @Test
    default void shouldReportRoomToWriteOnceAFullSocketWasDrained() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.sockets().fill(pair.fd());
        rig.add(pair.fd(), Interest.IN | Interest.OUT);
        rig.expectSilence();

        assertThat(rig.sockets().drain(pair.peer())).isPositive();

        assertThat(rig.expect(pair.fd()).ready()).isEqualTo(Interest.OUT);
    }

    @Test
    default void shouldReportTheEndOfAConnect() {
        PollerRig rig = rig();
        Fd listener = rig.sockets().listener();
        Fd client = rig.sockets().connect(rig.sockets().address(listener));

        rig.add(client, Interest.IN | Interest.OUT);

        assertThat(rig.expect(client).ready()).isEqualTo(Interest.OUT);
        assertThat(rig.posix().socketError(client.number())).isZero();
    }

    @Test
    default void shouldReportARefusedConnectAsErrorWithWhatWasAsked() {
        PollerRig rig = rig();
        SocketAddress deaf = rig.sockets().deaf();
        for (int asked : new int[] {Interest.OUT, Interest.IN, Interest.IN | Interest.OUT}) {
            Fd client = rig.sockets().connect(deaf);

            rig.add(client, asked);

            Event event = rig.expect(client);
            assertThat(event.has(Interest.ERROR | asked))
                    .as("%s, asked %s", event, asked)
                    .isTrue();
            assertThat(rig.posix().socketError(client.number())).isEqualTo(Errno.ECONNREFUSED);
            rig.sockets().close(client);
        }
    }

    @Test
    default void shouldReportTheEndOfThePeersOutputTogetherWithWhatCameBefore() {
        PollerRig rig = rig();
        Pair pair = rig.polledPair();
        rig.sockets().send(pair.peer());
        rig.sockets().shutdownOutput(pair.peer());

        Event event = rig.expect(pair.fd());

        assertThat(event.ready()).isEqualTo(Interest.IN | Interest.RDHUP);
        assertThat(rig.sockets().drain(pair.fd())).isEqualTo(1);
        assertThat(rig.sockets().ended(pair.fd())).isTrue();
    }

    @Test
    default void shouldReportTheEndOfATcpPeersOutput() {
        PollerRig rig = rig();
        Fd listener = rig.sockets().listener();
        rig.add(listener, Interest.IN);
        Fd client = rig.sockets().connect(rig.sockets().address(listener));
        rig.expect(listener);
        Fd server = rig.sockets().accept(listener);
        rig.add(server, Interest.IN);
        assertThat(rig.turn()).noneMatch(event -> event.of(server));

        rig.sockets().shutdownOutput(client);

        assertThat(rig.expect(server).ready()).isEqualTo(Interest.IN | Interest.RDHUP);
    }

    @Test
    default void shouldReportTheEndOfThePeersOutputAloneIfOnlyThatIsAsked() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.add(pair.fd(), Interest.RDHUP);
        rig.expectSilence();
        rig.sockets().send(pair.peer());
        rig.expectSilence();

        rig.sockets().shutdownOutput(pair.peer());

        assertThat(rig.expect(pair.fd()).has(Interest.RDHUP)).isTrue();
    }

    @Test
    default void shouldReportAHangUpIfOnlyErrorsAreAsked() {
        PollerRig rig = rig();
        Pair pair = rig.sockets().pair();
        rig.add(pair.fd(), Interest.ERROR);
        rig.sockets().send(pair.peer());
        rig.sockets().shutdownOutput(pair.peer());
        rig.expectSilence();

        rig.sockets().close(pair.peer());

        assertThat(rig.expect(pair.fd()).has(Interest.ERROR)).isTrue();
    }

    @Test
    default void shouldReportAHangUpAsErrorWithWhatWasAsked() {
        PollerRig rig = rig();
        for (int asked : new int[] {Interest.IN, Interest.OUT, Interest.IN | Interest.OUT}) {
            Pair pair = rig.sockets().pair();
            rig.add(pair.fd(), asked);
            rig.turn();

            rig.sockets().close(pair.peer());

            Event event = rig.expect(pair.fd());
            while (!event.has(Interest.ERROR)) {
                event = rig.expect(pair.fd());
            }
            assertThat(event.has(asked)).as("%s, asked %s", event, asked).isTrue();
            rig.sockets().close(pair.fd());
            rig.poller().remove(pair.fd());
        }
    }

    @Test
    default void shouldReportConnectionsToEachExclusiveListener() {
        PollerRig rig = rig();
        Poller other = rig.another();
        Fd listener = rig.sockets().listener();
        int exclusive = Interest.IN | Interest.EXCLUSIVE;
        rig.add(listener, exclusive);
        rig.add(other, listener, exclusive);
        assertThat(rig.turn()).isEmpty();
        assertThat(rig.turn(other)).isEmpty();

        // Neither sleeps, so neither is chosen: both have to learn of it.
        rig.sockets().connect(rig.sockets().address(listener));

        assertThat(rig.expect(listener).ready()).isEqualTo(Interest.IN);
        assertThat(rig.expect(other, listener).ready()).isEqualTo(Interest.IN);
        rig.sockets().accept(listener);

        // One that stops must not take the event of the other with it.
        rig.poller().remove(listener);
        rig.sockets().connect(rig.sockets().address(listener));
        assertThat(rig.expect(other, listener).ready()).isEqualTo(Interest.IN);
        assertThat(rig.turn()).isEmpty();
    }

    @Test
    default void shouldCountTheEventsThatTheSinkTook() {
        PollerRig rig = rig();
        Pair taken = rig.polledPair();
        Pair refused = rig.polledPair();
        rig.sockets().send(taken.peer());
        rig.sockets().send(refused.peer());
        rig.log().onEvent(event -> event.of(taken.fd()));

        assertThat(rig.poller().poll(0, rig.log())).isEqualTo(1);

        List<Event> events = rig.log().take();
        assertThat(events).hasSize(2).anyMatch(event -> event.of(refused.fd()));
    }
}
