package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.runtime.upstream.ServerChange;
import dev.baton.runtime.upstream.ServerDown;
import dev.baton.spi.upstream.ServerState;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What an operator changed at run time is handed over, between releases too, and what is let go of is told. */
class HandoffChangesTest extends HandoffFixture {
    @Test
    void shouldHandOverWhatAnOperatorChangedAtRunTime() throws Exception {
        int number = listening();
        String text = "{\"name\": \"extra\", \"bind\": \"127.0.0.1:0\", \"service\": \"caf\u00e9\"}";
        int[] many = new int[300]; // two packets, one listener
        Arrays.fill(many, number);
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var received = async(pair.asReceiver::receiveSockets);
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            giver.sendSockets(
                    List.of(
                            new HandedListener("web", "a", "b", true, "", number),
                            new HandedListener("extra", "127.0.0.1:0", "127.0.0.1:7", false, text, many)),
                    List.of(),
                    List.of("gone", "also-gone"),
                    "");
            ReceivedSockets sockets = received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(sockets.ended()).containsExactly("gone", "also-gone");
            HandedListener web = sockets.takeListener(any -> true);
            assertThat(web).isNotNull();
            assertThat(web.isSuspended()).isTrue();
            assertThat(web.text()).isEmpty();
            HandedListener extra = sockets.takeListener(any -> true);
            assertThat(extra).isNotNull();
            assertThat(extra.isSuspended()).isFalse();
            assertThat(extra.text()).isEqualTo(text);
            assertThat(extra.numbers()).hasSize(300);
            pair.receiver.discard(web.numbers());
            pair.receiver.discard(extra.numbers());
        }
        POSIX.close(number);
    }

    @Test
    void shouldHandOverServersThatWereChangedAtRunTime() throws Exception {
        List<ServerChange> changes = List.of(
                new ServerChange("app", "127.0.0.1:1", ServerState.DRAIN, 3, 1),
                new ServerChange("app", "[::1]:2", ServerState.READY, 0, -1),
                new ServerChange("app", "a.test:3", ServerState.REMOVED, 0, 0));
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var received = async(pair.asReceiver::receiveSockets);
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            giver.sendChanges(changes);
            giver.sendSockets(List.of(), List.of(), List.of(), "");
            ReceivedSockets sockets = received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(sockets.changes()).isEqualTo(changes);
        }
    }

    @Test
    void shouldHandOverServersThatAreDown() throws Exception {
        ServerDown down = new ServerDown("app", "127.0.0.1:1", 5000, "connection refused");
        ServerDown talkative = new ServerDown("app", "127.0.0.1:2", 0, "x".repeat(100_000));
        try (Pair pair = new Pair(1)) {
            var received = async(pair.asReceiver::receiveSockets);
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0), true);
            giver.sendDowns(List.of(down, talkative));
            giver.sendSockets(List.of(), List.of(), List.of(), "");
            List<ServerDown> downs =
                    received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).downs();
            assertThat(downs).hasSize(2).first().isEqualTo(down);
            assertThat(downs.get(1).failure()).hasSizeLessThan(1000);
        }
    }

    @Test
    void shouldNotTellAnOlderProcessOfServersThatAreDown() throws Exception {
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var received = async(pair.asReceiver::receiveSockets);
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            giver.sendDowns(List.of(new ServerDown("app", "127.0.0.1:1", 5000, "refused")));
            giver.sendSockets(List.of(), List.of(), List.of(), "");
            assertThat(received.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).downs())
                    .isEmpty();
        }
    }

    @Test
    void shouldRefuseChangedServersThatAreNotWellFormed() throws Exception {
        List<Message.Writer> wrong = List.of(
                new Message.Writer(Message.Type.UPSTREAM)
                        .text("app")
                        .text("a:1")
                        .text("READY"),
                new Message.Writer(Message.Type.UPSTREAM)
                        .text("app")
                        .text("a:1")
                        .text("GONE")
                        .number(1)
                        .flag(false),
                new Message.Writer(Message.Type.UPSTREAM)
                        .text("app")
                        .text("a:1")
                        .text("READY")
                        .number(-1)
                        .flag(false),
                new Message.Writer(Message.Type.DOWN).text("app").text("a:1"),
                new Message.Writer(Message.Type.DOWN)
                        .text("app")
                        .text("a:1")
                        .number(-1)
                        .text(""));
        for (Message.Writer each : wrong) {
            try (Pair pair = new Pair(1)) {
                pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
                pair.giver.send(each, LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> pair.asReceiver.receiveSockets());
            }
        }
    }

    /** A process of an older version sends fewer fields: nothing was suspended or added. */
    @Test
    void shouldTakeMessagesWithoutTheFieldsThatCameLater() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1)) {
            pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
            pair.giver.send(listener(number), LONG);
            pair.giver.send(new Message.Writer(Message.Type.SOCKETS_END).number(1), LONG);
            ReceivedSockets sockets = pair.asReceiver.receiveSockets();
            assertThat(sockets.ended()).isEmpty();
            HandedListener web = sockets.takeListener(any -> true);
            assertThat(web).isNotNull();
            assertThat(web.isSuspended()).isFalse();
            assertThat(web.text()).isEmpty();
            pair.receiver.discard(web.numbers());

            pair.giver.send(new Message.Writer(Message.Type.RELEASED), LONG);
            pair.giver.send(new Message.Writer(Message.Type.END), LONG);
            List<String> told = new ArrayList<>();
            pair.asReceiver.follow(
                    PATIENCE, (suspended, resumed) -> told.add("" + suspended + resumed), idle -> {}, new Newcomers());
            assertThat(told).containsExactly("[][]");
        }
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            pair.receiver.send(new Message.Writer(Message.Type.READY), LONG);
            assertThat(giver.awaitReady()).isEmpty();
        }
        POSIX.close(number);
    }

    /**
     * While it drains, the old process hears what the new one lets go of, however much that is, and notices its end.
     */
    @Test
    void shouldHearWhatIsLetGoOf() throws Exception {
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(DEAD, 0))) {
            InetSocketAddress admin = new InetSocketAddress(InetAddress.getLoopbackAddress(), 9901);
            List<String> names = IntStream.range(0, 70).mapToObj(i -> "l" + i).toList();
            Heard heard = new Heard();
            giver.hear(Duration.ZERO, heard);
            assertThat(heard.listeners).isEmpty();
            pair.asReceiver.dropped(names, List.of(admin));
            giver.hear(PATIENCE, heard);
            assertThat(heard.listeners).isEqualTo(names);
            assertThat(heard.servers).containsExactly(admin);
            assertThat(giver.hasDied()).isFalse();
            pair.receiver.close();
            giver.hear(PATIENCE, heard);
            assertThat(giver.hasDied()).isTrue();
            giver.hear(Duration.ZERO, heard);
            assertThat(heard.listeners).isEqualTo(names);
        }
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(
                        pair.giver, LONG, new Peer(ProcessHandle.current().pid(), 0))) {
            pair.receiver.close();
            giver.hear(PATIENCE, new Heard());
            assertThat(giver.hasDied()).as("it has only closed").isFalse();
        }
    }

    /** Only a process that will say what it lets go of leaves copies with the old one. */
    @Test
    void shouldKnowWhetherItWillHearOfIt() throws Exception {
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            pair.receiver.send(new Message.Writer(Message.Type.READY).texts(List.of("a note")), LONG);
            assertThat(giver.awaitReady()).containsExactly("a note");
            assertThat(giver.tellsDrops()).as("an older one").isFalse();
        }
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            var there = async(() -> pair.asReceiver.ready(List.of(), (out, err) -> {}));
            assertThat(giver.awaitReady()).isEmpty();
            assertThat(giver.tellsDrops()).isTrue();
            giver.go();
            assertThat(there.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(Receiver.Outcome.DONE);
        }
    }

    @Test
    void shouldRefuseWhatIsNotAboutWhatIsLetGoOf() throws Exception {
        int number = listening();
        List<Message.Writer> wrong = List.of(
                new Message.Writer(Message.Type.SERVING),
                new Message.Writer(Message.Type.DROPPED, number)
                        .texts(List.of())
                        .texts(List.of()),
                new Message.Writer(Message.Type.DROPPED).texts(List.of("a")).texts(List.of("no address")),
                new Message.Writer(Message.Type.DROPPED).number(Long.MAX_VALUE));
        for (Message.Writer each : wrong) {
            try (Pair pair = new Pair(1);
                    Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
                pair.receiver.send(each, LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> giver.hear(PATIENCE, new Heard()));
            }
        }
        POSIX.close(number);
    }

    /** And it reads fewer: what it knows stands where it was. */
    @Test
    void shouldSendWhatAnOlderProcessReadsWhereItWas() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, new Peer(1, 0))) {
            giver.sendSockets(
                    List.of(new HandedListener("web", "a", "b", true, "text", number)), List.of(), List.of("x"), "");
            Message listener = pair.receiver.receive(LONG);
            assertThat(listener).isNotNull();
            assertThat(List.of(listener.text(), listener.text(), listener.text()))
                    .containsExactly("web", "a", "b");
            pair.receiver.discard(listener.fds());
            Message end = pair.receiver.receive(LONG);
            assertThat(end).isNotNull();
            assertThat(end.number()).isEqualTo(1);
        }
        POSIX.close(number);
    }

    @Test
    void shouldRefuseChangesThatAreNotWellFormed() throws Exception {
        int number = listening();
        List<Message.Writer> wrong = List.of(
                listener(number).number(2), // neither yes nor no
                listener(number).flag(true).number(HandedListener.TEXT_BYTES_MAX + 1), // longer than any
                listener(number).flag(true).number(Long.MAX_VALUE),
                listener(number).flag(true).number(10).number(0), // shorter than it says
                listener(number).flag(true).number(8).number(0x80FF_FFFFL), // no UTF-8
                listener(number).flag(true).number(-1));
        for (Message.Writer each : wrong) {
            try (Pair pair = new Pair(1)) {
                pair.giver.send(new Message.Writer(Message.Type.HELLO), LONG);
                pair.giver.send(each, LONG);
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> pair.asReceiver.receiveSockets());
            }
        }
        try (Pair pair = new Pair(1)) {
            pair.giver.send(new Message.Writer(Message.Type.RELEASED).number(Message.TEXTS_MAX + 1), LONG);
            List<String> told = new ArrayList<>();
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> pair.asReceiver.follow(
                            PATIENCE,
                            (suspended, resumed) -> told.add("" + suspended + resumed),
                            idle -> {},
                            new Newcomers()));
            assertThat(told).as("this one goes on all the same").containsExactly("[][]");
        }
        POSIX.close(number);
    }

    /** The most that anybody can want to say fits into a packet. */
    @Test
    void shouldFitTheLargestMessagesIntoAPacket() {
        String long1 = "\u20ac".repeat(2000);
        assertThat(new Message.Writer(Message.Type.READY)
                        .texts(java.util.Collections.nCopies(100, long1))
                        .packet())
                .hasSizeLessThanOrEqualTo(Message.BYTES_MAX);
        assertThat(new Message.Writer(Message.Type.LISTENER)
                        .text(long1)
                        .text(long1)
                        .text(long1)
                        .flag(true)
                        .writing("x".repeat(HandedListener.TEXT_BYTES_MAX))
                        .packet())
                .hasSizeLessThanOrEqualTo(Message.BYTES_MAX);
    }
}
