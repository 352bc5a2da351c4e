package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.runtime.posix.PassedFds;
import dev.baton.runtime.upstream.IdleConnection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** R48, R49: fds that are passed and not used are closed, whatever a message says and whatever is missing. */
class HandoffMessagesTest extends HandoffFixture {
    /** R48: 1,000 handoffs that fail in ten ways, each with sockets under way; what came is closed. */
    @Test
    void shouldLeakNothingInAThousandFailedHandoffs() throws Exception {
        int number = listening();
        for (int i = 0; i < 1000; i++) {
            int way = i < 10 ? i : i % 9; // a death is said each time
            try (Pair pair = new Pair(way == 9 ? DEAD : 1)) {
                pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
                pair.giver.send(listener(number, number, number), LONG);
                if (way == 9) { // the giver dies: what has come is all that there is, and not all of it is wanted
                    pair.giver.close();
                    ReceivedSockets sockets = pair.asReceiver.receiveSockets();
                    assertThat(sockets.size()).isEqualTo(3);
                    sockets.closeRest();
                    continue;
                }
                switch (way) {
                    case 0 -> raw(pair.giver, changed(listener(number), 0, 'X'), number); // no magic
                    case 1 -> raw(pair.giver, changed(listener(number), 4, 99), number); // another version
                    case 2 -> raw(pair.giver, changed(listener(number), 5, '?'), number); // no such message
                    case 3 -> raw(pair.giver, listener(number, number).packet(), number); // fewer than it says
                    case 4 -> raw(pair.giver, listener().packet(), number, number); // more than it says
                    case 5 -> raw(pair.giver, Arrays.copyOf(listener(number).packet(), 12), number); // cut short
                    case 6 -> pair.giver.send(new Message.Writer(Message.Type.GO, number, number), LONG); // not now
                    case 7 -> pair.giver.send(new Message.Writer(Message.Type.SOCKETS_END).number(4), LONG); // lies
                    default -> pair.giver.send(new Message.Writer(Message.Type.REFUSED).text("no"), LONG);
                }
                assertThatExceptionOfType(HandoffException.class)
                        .as("way %s", way)
                        .isThrownBy(() -> pair.asReceiver.receiveSockets());
            }
        }
        POSIX.close(number);
    }

    @Test
    void shouldCloseFdsThatComeWhereNoneBelong() throws Exception {
        int number = listening();
        for (Message.Type type : List.of(Message.Type.HELLO, Message.Type.READY, Message.Type.SERVING)) {
            try (Pair pair = new Pair(1);
                    Giver giver = new Giver(pair.receiver, LONG, new Peer(1, 0))) {
                pair.giver.send(new Message.Writer(type, number, number), LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> {
                    switch (type) {
                        case HELLO -> pair.asReceiver.receiveSockets();
                        case READY -> giver.awaitReady();
                        default -> giver.awaitServing();
                    }
                });
            }
        }
        POSIX.close(number);
    }

    /** Older releases do not say which plugin opened a connection. */
    @Test
    void shouldTakeConnectionsOfAnOlderRelease() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1)) {
            pair.giver.send(
                    new Message.Writer(Message.Type.IDLE, number)
                            .text("app")
                            .text("a:1")
                            .text("http")
                            .number(7),
                    LONG);
            pair.giver.send(new Message.Writer(Message.Type.END), LONG);
            List<IdleConnection> taken = new ArrayList<>();
            pair.asReceiver.follow(PATIENCE, (suspended, resumed) -> {}, taken::add, new Newcomers());
            assertThat(taken).hasSize(1);
            IdleConnection one = taken.get(0);
            assertThat(one).isEqualTo(new IdleConnection("app", "a:1", "", "http", 7, one.number()));
            pair.receiver.discard(one.number());
        }
        POSIX.close(number);
    }

    @Test
    void shouldCloseTheConnectionsOfAPacketThatIsNotWhole() throws Exception {
        int number = listening();
        for (boolean negative : new boolean[] {true, false}) {
            try (Pair pair = new Pair(1)) {
                Message.Writer idle = new Message.Writer(Message.Type.IDLE, number, number)
                        .text("app")
                        .text("a:1")
                        .text("http")
                        .number(1);
                pair.giver.send(negative ? idle.number(-1) : idle, LONG);
                List<IdleConnection> taken = new ArrayList<>();
                assertThatExceptionOfType(HandoffException.class)
                        .isThrownBy(() -> pair.asReceiver.follow(
                                PATIENCE, (suspended, resumed) -> {}, taken::add, new Newcomers()));
                assertThat(taken).isEmpty();
            }
        }
        POSIX.close(number);
    }

    /** What the kernel had no room for is missing, which must not look like a smaller handoff. */
    @Test
    void shouldSeeThatFdsWereLost() {
        PassedFds passed = new PassedFds();
        passed.set(new int[] {7}, true);
        assertThatExceptionOfType(HandoffException.class)
                .isThrownBy(() -> Message.read(listener(7, 8, 9).packet(), passed))
                .withMessageContaining("1 of 3 fds arrived")
                .withMessageContaining("limit of open files");
    }

    @Test
    void shouldNotTakeALivingGiverForADeadOne() throws Exception {
        try (Pair pair = new Pair(ProcessHandle.current().pid())) {
            pair.giver.close();
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> pair.asReceiver.receiveSockets())
                    .withMessageContaining("has given up the handoff");
        }
    }

    @Test
    void shouldGoOnAloneWhenTheGiverDies() throws Exception {
        try (Pair pair = new Pair(DEAD)) {
            pair.giver.close();
            assertThat(pair.asReceiver.ready(List.of(), (out, err) -> {})).isEqualTo(Receiver.Outcome.ALONE);
            assertThat(pair.asReceiver.serving()).isEqualTo(Receiver.Outcome.ALONE);
            List<String> told = new ArrayList<>();
            assertThat(pair.asReceiver.isAlone()).isTrue();
            pair.asReceiver.follow(
                    PATIENCE, (suspended, resumed) -> told.add("released"), idle -> told.add("idle"), new Newcomers());
            assertThat(told).containsExactly("released");
        }
    }

    @Test
    void shouldKnowItsStarterFromAProcessThatIsDead() {
        ProcessHandle self = ProcessHandle.current();
        assertThat(Peer.isOrphanOf(self.parent().orElseThrow().pid())).isFalse();
        assertThat(Peer.isOrphanOf(DEAD)).isTrue();
    }
}
