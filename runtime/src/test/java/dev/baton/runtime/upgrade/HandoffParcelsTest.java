package dev.baton.runtime.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.baton.runtime.channel.PackedSocket;
import dev.baton.runtime.pack.Departure;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.Posix;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Live connections between the two processes: each has one owner, whatever step one of the two ends at, and what is not
 * well-formed leaves no fd open.
 */
class HandoffParcelsTest extends HandoffFixture {
    private static final Place PLACE = new Place("app", "a:1", "tcp-proxy", "tcp-proxy:tunnel");

    private static final SocketAddress CLIENT = new InetSocketAddress("192.0.2.2", 4712);
    private static final SocketAddress SERVER = UnixDomainSocketAddress.of("/run/app.sock");

    private static Parcel parcel(int number, int other, byte[] unsent) {
        return new Parcel(
                "web",
                new InetSocketAddress("192.0.2.1", 4711),
                null,
                new byte[] {1, 2, 3},
                new PackedSocket(number, CLIENT, unsent),
                List.of(new PackedCompanion(PLACE, new PackedSocket(other, SERVER, new byte[] {9}))));
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    private static Peer self() {
        return new Peer(ProcessHandle.current().pid(), 0);
    }

    private void end(Pair pair) throws IOException {
        pair.giver.send(new Message.Writer(Message.Type.END), LONG);
    }

    private static void follow(Pair pair, Newcomers newcomers) throws IOException {
        pair.asReceiver.follow(PATIENCE, (suspended, resumed) -> {}, idle -> {}, newcomers);
    }

    private void discard(Parcel parcel) {
        parcel.numbers().forEach(number -> table.discard(number, dev.baton.spi.fd.FdKind.HANDOFF));
    }

    // ---- what is said -----------------------------------------------------------------------------------------------

    /** However much was not sent: more than a packet holds. */
    @Test
    void shouldTakeAConnectionWhole() throws Exception {
        int number = listening();
        int other = listening();
        for (int length : new int[] {0, 10, Message.PART_BYTES_MAX, 3 * Message.PART_BYTES_MAX + 17, 1 << 20}) {
            Newcomers newcomers = new Newcomers();
            try (Pair pair = new Pair(1);
                    Giver giver = new Giver(pair.giver, LONG, self())) {
                var there = async(() -> {
                    follow(pair, newcomers);
                    return newcomers;
                });
                giver.sendParcel(7, parcel(number, other, bytes(length)));
                giver.end();
                there.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                Parcel taken = newcomers.taken.get(0);
                assertThat(taken.listener()).isEqualTo("web");
                assertThat(taken.client()).isEqualTo(new InetSocketAddress("192.0.2.1", 4711));
                assertThat(taken.server()).isNull();
                assertThat(taken.state()).containsExactly(1, 2, 3);
                assertThat(taken.socket().unsent()).isEqualTo(bytes(length));
                assertThat(taken.sockets()).extracting(PackedSocket::peer).containsExactly(CLIENT, SERVER);
                assertThat(taken.companions()).hasSize(1);
                assertThat(taken.companions().get(0).of()).isEqualTo(PLACE);
                assertThat(taken.companions().get(0).socket().unsent()).containsExactly(9);
                assertThat(POSIX.localAddress(taken.socket().number())).isEqualTo(POSIX.localAddress(number));
                assertThat(POSIX.localAddress(taken.companions().get(0).socket().number()))
                        .isEqualTo(POSIX.localAddress(other));
                Heard heard = new Heard();
                giver.hear(PATIENCE, heard);
                assertThat(heard.parcels).containsExactly("taken 7");
                discard(taken);
            }
        }
        POSIX.close(number);
        POSIX.close(other);
    }

    @Test
    void shouldSendBackWhatHasNoPlace() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self())) {
            Newcomers newcomers = new Newcomers("there is no such listener here");
            giver.sendParcel(7, parcel(number, number, new byte[0]));
            end(pair);
            follow(pair, newcomers);
            assertThat(newcomers.taken).isEmpty();
            assertThat(newcomers.left).as("it was never let in").isEmpty();
            Heard heard = new Heard();
            giver.hear(PATIENCE, heard);
            assertThat(heard.parcels).containsExactly("returned 7: there is no such listener here");
        }
        POSIX.close(number);
    }

    @Test
    void shouldCloseWhatIsNotWellFormed() throws Exception {
        int number = listening();
        byte[] whole = ParcelForm.write(parcel(0, 0, bytes(20)));
        List<Message.Writer> wrong = new ArrayList<>();
        int old = withoutPeers(whole);
        for (int cut = 0; cut < whole.length; cut++) {
            if (cut == old) {
                continue;
            }
            wrong.add(new Message.Writer(Message.Type.PARCEL, number, number)
                    .number(1)
                    .rest(whole, 0, cut));
        }
        wrong.add(new Message.Writer(Message.Type.PARCEL, number).number(1).rest(whole, 0, whole.length));
        wrong.add(new Message.Writer(Message.Type.PARCEL).number(1).rest(whole, 0, whole.length));
        wrong.add(new Message.Writer(Message.Type.PARCEL, number, number, number)
                .number(1)
                .rest(whole, 0, whole.length));
        wrong.add(new Message.Writer(Message.Type.PARCEL, number, number)
                .number(-1)
                .rest(whole, 0, whole.length));
        wrong.add(new Message.Writer(Message.Type.PART, number).number(1).rest(whole, 0, whole.length));
        wrong.add(form(number, -1, 1));
        wrong.add(form(number, 1 << 30, 1));
        wrong.add(form(number, 1, -1));
        wrong.add(form(number, 1, 1 << 30));
        for (Message.Writer each : wrong) {
            try (Pair pair = new Pair(1)) {
                pair.giver.send(each, LONG);
                Newcomers newcomers = new Newcomers();
                assertThatExceptionOfType(HandoffException.class).isThrownBy(() -> follow(pair, newcomers));
                assertThat(newcomers.taken).isEmpty();
            }
        }
        POSIX.close(number);
    }

    /** The length of what a version says that does not tell the peers. */
    private static int withoutPeers(byte[] whole) {
        return whole.length - 2 * Short.BYTES - "c0000202:4712".length() - "unix:/run/app.sock".length();
    }

    @Test
    void shouldTakeAConnectionOfAVersionThatDoesNotTellThePeers() throws Exception {
        byte[] whole = ParcelForm.write(parcel(0, 0, bytes(20)));
        Parcel parcel = ParcelForm.read(Arrays.copyOf(whole, withoutPeers(whole)), 3, 4);
        assertThat(parcel.sockets()).extracting(PackedSocket::peer).containsExactly(null, null);
        assertThat(parcel.numbers()).containsExactly(3, 4);
    }

    /** Lengths that lie. */
    private static Message.Writer form(int number, int stateBytes, int companions) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(bytes);
        out.writeUTF("web");
        out.writeUTF("");
        out.writeUTF("");
        out.writeInt(stateBytes);
        out.write(1);
        out.writeInt(0);
        out.writeInt(companions);
        byte[] form = bytes.toByteArray();
        return new Message.Writer(Message.Type.PARCEL, number, number).number(1).rest(form, 0, form.length);
    }

    /** A hostile process does not make this one hold as much as it likes. */
    @Test
    void shouldNotCollectPartsWithoutEnd() throws Exception {
        try (Pair pair = new Pair(1)) {
            byte[] part = new byte[Message.PART_BYTES_MAX];
            var sending = async(() -> {
                while (true) {
                    pair.giver.send(
                            new Message.Writer(Message.Type.PART).number(1).rest(part, 0, part.length), LONG);
                }
            });
            assertThatExceptionOfType(HandoffException.class)
                    .isThrownBy(() -> follow(pair, new Newcomers()))
                    .withMessageContaining("a connection of more than");
            pair.receiver.close();
            assertThat(sending).failsWithin(PATIENCE);
        }
    }

    // ---- who owns it ------------------------------------------------------------------------------------------------

    /** The old process has stopped hearing: it takes the connection back, so this one must not have it. */
    @Test
    void shouldNotTakeWhatALivingProcessHasTakenBack() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(ProcessHandle.current().pid());
                Giver giver = new Giver(pair.giver, LONG, self())) {
            giver.sendParcel(7, parcel(number, number, new byte[0]));
            end(pair);
            Heard heard = new Heard();
            giver.hearLast(heard);
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            assertThat(newcomers.taken).isEmpty();
            assertThat(newcomers.left).as("its place is given back").hasSize(1);
            assertThat(heard.parcels).isEmpty();
        }
        POSIX.close(number);
    }

    /** The answer was under way when it stopped hearing. */
    @Test
    void shouldHearAnswersThatWereSentBeforeItStopped() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self())) {
            giver.sendParcel(7, parcel(number, number, new byte[0]));
            giver.sendParcel(8, parcel(number, number, new byte[0]));
            end(pair);
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            Heard heard = new Heard();
            giver.hearLast(heard);
            assertThat(heard.parcels).containsExactly("taken 7", "taken 8");
            newcomers.taken.forEach(this::discard);
        }
        POSIX.close(number);
    }

    /** Nobody else has it. */
    @Test
    void shouldTakeWhatADeadProcessHasSent() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(DEAD)) {
            new Giver(pair.giver, LONG, self()).sendParcel(7, parcel(number, number, new byte[0]));
            pair.giver.close();
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            assertThat(newcomers.taken).hasSize(1);
            newcomers.taken.forEach(this::discard);
        }
        POSIX.close(number);
    }

    /** It has gone on with the connection before it died: what it has sent is out of date. */
    @Test
    void shouldLeaveWhatAProcessHadTakenBackBeforeItDied() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(DEAD)) {
            Giver giver = new Giver(pair.giver, LONG, self());
            Parcel parcel = parcel(number, number, new byte[0]);
            giver.sendParcel(7, parcel);
            giver.takesBack(parcel);
            pair.giver.close();
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            assertThat(newcomers.taken).isEmpty();
            assertThat(newcomers.left).hasSize(1);
        }
        try (Pair pair = new Pair(DEAD)) { // it is sent once more, in another upgrade
            Giver giver = new Giver(pair.giver, LONG, self());
            Parcel parcel = parcel(number, number, new byte[0]);
            giver.givesAway(parcel);
            giver.sendParcel(8, parcel);
            pair.giver.close();
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            assertThat(newcomers.taken).hasSize(1);
            newcomers.taken.forEach(this::discard);
        }
        POSIX.close(number);
    }

    /** It has said its last word after it had taken the connection back, and its end was too late to be answered. */
    @Test
    void shouldLeaveWhatAProcessHadTakenBackBeforeItEnded() throws Exception {
        int number = listening();
        for (long pid : new long[] {DEAD, ProcessHandle.current().pid()}) {
            try (Pair pair = new Pair(pid)) {
                Giver giver = new Giver(pair.giver, LONG, self());
                giver.sendParcel(7, parcel(number, number, new byte[0]));
                giver.end();
                pair.giver.close();
                Newcomers newcomers = new Newcomers();
                follow(pair, newcomers);
                assertThat(newcomers.taken).isEmpty();
                assertThat(newcomers.left).hasSize(1);
            }
        }
        POSIX.close(number);
    }

    /** The kernel tells the reset before what is still to be read. */
    @Test
    void shouldReadWhatADeadProcessHasSaidBeforeItsEnd() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self())) {
            pair.receiver.send(new Message.Writer(Message.Type.TAKEN).number(3), LONG);
            pair.receiver.send(new Message.Writer(Message.Type.TAKEN).number(4), LONG);
            giver.sendParcel(7, parcel(number, number, new byte[0]));
            pair.receiver.close(); // with something unread
            Heard heard = new Heard();
            giver.hear(PATIENCE, heard);
            assertThat(heard.parcels).containsExactly("taken 3", "taken 4");
            assertThat(giver.isClosedThere()).isTrue();
        }
        try (Pair pair = new Pair(DEAD)) {
            pair.receiver.send(new Message.Writer(Message.Type.TAKEN).number(3), LONG);
            new Giver(pair.giver, LONG, self()).sendParcel(7, parcel(number, number, new byte[0]));
            pair.giver.close(); // with something unread
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            assertThat(newcomers.taken).hasSize(1);
            newcomers.taken.forEach(this::discard);
        }
        POSIX.close(number);
    }

    /** What was sent of one that never came whole is not the beginning of the next. */
    @Test
    void shouldForgetTheBeginningOfOneThatDoesNotCome() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self())) {
            byte[] other = ParcelForm.write(parcel(0, 0, bytes(Message.PART_BYTES_MAX)));
            pair.giver.send(
                    new Message.Writer(Message.Type.PART).number(6).rest(other, 0, Message.PART_BYTES_MAX), LONG);
            giver.sendParcel(7, parcel(number, number, bytes(10)));
            giver.end();
            Newcomers newcomers = new Newcomers();
            follow(pair, newcomers);
            assertThat(newcomers.taken).hasSize(1);
            assertThat(newcomers.taken.get(0).socket().unsent()).isEqualTo(bytes(10));
            newcomers.taken.forEach(this::discard);
        }
        POSIX.close(number);
    }

    // ---- the sender -------------------------------------------------------------------------------------------------

    /** A connection that is packed when it is asked for the nth time. */
    private static final class Fake implements Departure {
        final BlockingQueue<String> log = new LinkedBlockingQueue<>();
        private final int packedAt;
        private final Parcel parcel;
        private int asked;

        Fake(int packedAt, int number) {
            this(packedAt, parcel(number, number, new byte[0]));
        }

        Fake(int packedAt, Parcel parcel) {
            this.packedAt = packedAt;
            this.parcel = parcel;
        }

        @Override
        public void ask(Answer answer) {
            if (!answer.reserve()) {
                log.add("no room");
                answer.notNow();
            } else if (++asked < packedAt) {
                log.add("not now");
                answer.giveBack();
                answer.notNow();
            } else {
                log.add("packed");
                answer.packed(parcel);
            }
        }

        @Override
        public void stay() {
            log.add("stay");
        }

        @Override
        public void gone() {
            log.add("gone");
        }

        @Override
        public void back(Parcel sent) {
            log.add("back");
        }

        String next() throws InterruptedException {
            String next = log.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            return next == null ? "nothing" : next;
        }
    }

    private static void heard(Giver giver, ParcelSender sender) throws IOException {
        giver.hear(PATIENCE, new Giver.Hearing() {
            @Override
            public void dropped(List<String> listeners, List<java.net.SocketAddress> servers) {}

            @Override
            public void taken(long parcel) {
                sender.taken(parcel);
            }

            @Override
            public void returned(long parcel, String why) {
                sender.back(parcel, why);
            }
        });
    }

    @Test
    void shouldAskAgainUntilItIsPacked() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self());
                ParcelSender sender = new ParcelSender(giver, table)) {
            Fake fake =
                    new Fake(3, parcel(POSIX.dup(number), POSIX.dup(number), new byte[0])); // closed when they are gone
            assertThat(sender.take(fake, false)).isTrue();
            assertThat(List.of(fake.next(), fake.next(), fake.next())).containsExactly("not now", "not now", "packed");
            Newcomers newcomers = new Newcomers();
            var there = async(() -> {
                follow(pair, newcomers);
                return newcomers;
            });
            heard(giver, sender);
            assertThat(fake.next()).isEqualTo("gone");
            giver.end();
            there.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            newcomers.taken.forEach(this::discard);
        }
        POSIX.close(number);
    }

    /** The others go on meanwhile; and nothing that is on its way is lost when the new process is gone. */
    @Test
    void shouldHaveFewOnTheirWayAndTakeThemBack() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self())) {
            int most = ParcelSender.ROOM_AT_FIRST;
            List<Fake> fakes = IntStream.range(0, most + 10)
                    .mapToObj(i -> new Fake(1, number))
                    .toList();
            try (ParcelSender sender = new ParcelSender(giver, table)) {
                fakes.forEach(fake -> sender.take(fake, false));
                for (int i = 0; i < most; i++) {
                    assertThat(fakes.get(i).next()).as("the one of place %s", i).isEqualTo("packed");
                }
            }
            for (int i = 0; i < most; i++) {
                assertThat(fakes.get(i).next()).isEqualTo("back");
            }
            for (Fake each : fakes.subList(most, fakes.size())) {
                String last = each.next();
                while (last.equals("no room")) {
                    last = each.next();
                }
                assertThat(last).isEqualTo("stay");
            }
            fakes.forEach(each -> assertThat(each.log).isEmpty());
        }
        POSIX.close(number);
    }

    @Test
    void shouldSendOneThatWasRefusedOnceMoreLater() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self());
                ParcelSender sender = new ParcelSender(giver, table)) {
            Fake fake = new Fake(1, number);
            sender.take(fake, false);
            Newcomers none = new Newcomers("not yet");
            var there = async(() -> {
                follow(pair, none);
                return none;
            });
            assertThat(fake.next()).isEqualTo("packed");
            heard(giver, sender);
            assertThat(fake.next()).isEqualTo("back");
            long begun = System.nanoTime();
            sender.take(fake, true);
            assertThat(fake.next()).isEqualTo("packed");
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofMillis(900));
            giver.end();
            there.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            sender.close();
            assertThat(fake.next()).isEqualTo("back");
            assertThat(sender.take(fake, false)).as("after the end").isFalse();
        }
        POSIX.close(number);
    }

    /** All are taken back at the moment when one of them is given away: its mark stays. */
    @Test
    void shouldKeepTheMarkOfWhatIsTakenBackAtOnce() throws Exception {
        int number = listening();
        CompletableFuture<ParcelSender> sending = new CompletableFuture<>();
        Thread pausing = new Thread(() -> sending.join().pause());
        Posix givers = before("inputSignal", () -> {
            if (pausing.getState() == Thread.State.NEW) {
                pausing.start();
                while (pausing.getState() != Thread.State.BLOCKED && pausing.getState() != Thread.State.TERMINATED) {
                    Thread.onSpinWait();
                }
            }
        });
        try (Pair pair = new Pair(1, givers);
                Giver giver = new Giver(pair.giver, LONG, self());
                ParcelSender sender = new ParcelSender(giver, table)) {
            sending.complete(sender);
            Fake fake = new Fake(1, number);
            sender.take(fake, false);
            Message sent = pair.receiver.receive(LONG);
            assertThat(sent).isNotNull();
            pair.receiver.discard(sent == null ? new int[0] : sent.fds());
            pausing.join();
            assertThat(pair.receiver.isTakenBack(number)).isTrue();
            assertThat(fake.next()).isEqualTo("packed");
            sender.close();
            assertThat(fake.next()).isEqualTo("back");
        }
        POSIX.close(number);
    }

    private interface Ending {
        void run(ParcelSender sender);
    }

    /**
     * It could be closed elsewhere from then on, and its number be that of another file when the kernel looks it up.
     */
    @Test
    void shouldNotLetGoOfOneThatIsBeingSent() throws Exception {
        shouldHaveInHand("back", ParcelSender::close);
        shouldHaveInHand("back", sender -> {
            sender.pause();
            sender.close();
        });
        shouldHaveInHand("gone", sender -> sender.taken(0));
        shouldHaveInHand("back", sender -> sender.back(0, "there is no room"));
    }

    private void shouldHaveInHand(String expected, Ending ending) throws Exception {
        int number = listening();
        int first = POSIX.dup(number);
        int second = POSIX.dup(number);
        CountDownLatch begun = new CountDownLatch(1);
        CompletableFuture<Void> goesOn = new CompletableFuture<>();
        Posix givers = before("sendFds", () -> {
            begun.countDown();
            goesOn.join();
        });
        try (Pair pair = new Pair(1, givers);
                Giver giver = new Giver(pair.giver, LONG, self());
                ParcelSender sender = new ParcelSender(giver, table)) {
            try {
                Fake fake = new Fake(1, parcel(first, second, new byte[0]));
                sender.take(fake, false);
                assertThat(begun.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
                assertThat(fake.next()).isEqualTo("packed");
                ending.run(sender);
                assertThat(fake.log).isEmpty();
                assertThat(POSIX.inputSignal(first)).as("the socket is open").isNotNegative();
                goesOn.complete(null);
                assertThat(fake.next()).isEqualTo(expected);
                assertThat(POSIX.inputSignal(first) < 0)
                        .as("the socket is closed")
                        .isEqualTo(expected.equals("gone"));
            } finally {
                goesOn.complete(null); // before the end of the others, which would wait for it
            }
        }
        if (!expected.equals("gone")) {
            POSIX.close(first);
            POSIX.close(second);
        }
        POSIX.close(number);
    }

    /** The new process has died, and this one serves again. */
    @Test
    void shouldTakeThemToThisProcessWhenTheOtherIsDead() throws Exception {
        int number = listening();
        try (Pair pair = new Pair(1);
                Giver giver = new Giver(pair.giver, LONG, self());
                ParcelSender sender = new ParcelSender(giver, table)) {
            Fake first = new Fake(1, number);
            sender.take(first, false);
            assertThat(first.next()).isEqualTo("packed");
            sender.pause();
            Fake second = new Fake(1, number);
            sender.take(second, false);
            List<Parcel> here = Collections.synchronizedList(new ArrayList<>());
            sender.goOnAt(parcel -> here.add(parcel));
            assertThat(first.next()).isEqualTo("gone");
            String next = second.next();
            while (next.equals("no room")) {
                next = second.next();
            }
            assertThat(next).isEqualTo("packed");
            assertThat(second.next()).isEqualTo("gone");
            assertThat(here).containsExactly(first.parcel, second.parcel);
            sender.goOnAt(parcel -> false);
            Fake third = new Fake(1, number);
            sender.take(third, false);
            assertThat(third.next()).isEqualTo("packed");
            assertThat(third.next()).as("its listener is gone").isEqualTo("back");
        }
        POSIX.close(number);
    }
}
